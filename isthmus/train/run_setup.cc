// SPDX-License-Identifier: Apache-2.0
// From a request to everything a training loop needs. It opens and decides; it neither computes a
// step nor writes a file.
#include "isthmus/train/run_setup.h"

#include <algorithm>

#include "isthmus/base/text.h"
#include "isthmus/checkpoint/generations.h"
#include "isthmus/data/labels.h"
#include "isthmus/models/coder.h"
#include "isthmus/models/inference.h"
#include "isthmus/models/items.h"
#include "isthmus/optim/optimizer.h"
#include "isthmus/runtime/open_device.h"
#include "isthmus/train/memory_estimate.h"
#include "isthmus/train/step_graph.h"
#include "isthmus/verbs/fit_data.h"
#include "isthmus/verbs/pictures.h"

namespace isthmus {
namespace {

constexpr double kToleratedKnownShare = 0.01;

constexpr int64_t kMaxAutoEpochs = 500;
constexpr uint64_t kMiB = uint64_t{1} << 20;

void open_run_device(RunSetup& s, const TrainRequest& request) {
  if (request.device != nullptr) {
    s.device = request.device;
    return;
  }
  const MachineOptions& machine = s.options().machine;
  const int64_t threads = parse_count("machine.threads", machine.threads, 1, false).value_or(0);
  s.owned_device = open_device({.device = machine.device, .threads = static_cast<int>(threads)});
  s.device = s.owned_device.get();
}

void build_step_graph(RunSetup& s) {
  s.has = abilities_of(s.model);
  if (s.fitted()) {
    require_range(s.model);
    s.step_graph = evaluation_graph(s.model);
    return;
  }
  StepGraph step = step_graph_of(s.model, s.options());
  s.beta = step.beta;
  s.step_graph = std::move(step.graph);
  for (const ExpectedTensor& p : expected_parameters(s.model)) {
    const std::string mean = std::string(kEmaPrefix) + p.name;
    const auto is_mean = [&](const Node& node) {
      return node.kind == NodeKind::kState && node.name == mean;
    };
    const auto& nodes = s.step_graph.nodes();
    const bool averaged = std::any_of(nodes.begin(), nodes.end(), is_mean);
    s.kept.push_back({.name = p.name, .state = averaged ? mean : p.name});
  }
}

void warn_of_constants(const DataSpec& spec, TrainObserver& observer) {
  if (spec.constants.empty()) return;
  std::vector<std::string> names;
  for (const ConstantColumn& column : spec.constants) names.push_back(column.name);
  observer.on_event({.kind = "warning",
                     .code = "W3404",
                     .text = "left out columns that hold one value only: " + some_names(names),
                     .hint = "",
                     .step = 0});
}

/// The facts of validation items with the columns of the model.
DataSpec validation_spec(const RunSetup& s, const DataSpec& model) {
  DataSpec fitted = s.data.val ? s.data.val->spec : model;
  if (!s.data.val) fitted.fields = matching_fields(s.data.val_spec, model);
  fitted.scaling = model.scaling;
  return fitted;
}

/// Validation data are held to the rule for data that a finished model meets; items held out of the
/// training data itself are never refused for what the likelihood cannot hold.
void warn_of_validation(RunSetup& s, TrainObserver& observer) {
  if (s.data.num_val() == 0) return;
  const DataSpec fitted = validation_spec(s, s.model.data);
  const auto warn = [&](const DataWarning& w) {
    observer.on_event({.kind = "warning",
                       .code = w.code,
                       .text = "validation: " + w.text,
                       .hint = w.hint,
                       .step = 0});
  };
  try {
    for (const DataWarning& w : warnings_of(s.data.val_spec, fitted, s.model)) warn(w);
  } catch (Error& error) {
    if (!s.data.val && error.code() == ErrorCode::kValueRange) {
      return warn({"W3408", error.message(), "choose another --likelihood or --scale"});
    }
    error.in_file(s.data.val_source);
    throw;
  }
}

/// The classes of the training items, for models that learn them.
std::vector<std::string> classes_to_learn(const ModelDef& def, const TrainData& data) {
  if (!def.needs_labels) return {};
  std::vector<std::string> classes = classes_of(data.train, data.train_rows);
  if (!classes.empty()) return classes;
  throw Error(ErrorCode::kConflict,
              "model " + std::string(def.name) + " learns the classes of items, but " +
                  escape_for_terminal(data.train.source) + " has no labels",
              "name them: --labels FILE, or a column of the table", {.key = "data.labels"});
}

/// A new run: the options meet the data.
void resolve_new(RunSetup& s, const TrainRequest& request, TrainObserver& observer) {
  if (request.data.empty() && request.dataset == nullptr) {
    throw Error(ErrorCode::kMissingArgument, "train needs DATA",
                "a file, a folder or a known name: isthmus train fashion-mnist");
  }
  s.data_arguments = request.data;
  s.data = open_train_data(*s.fs, request.data, request.dataset,
                           with_model_defaults(request.options, request.origins));
  warn_of_constants(s.data.train.spec, observer);
  if (const double known = s.data.known_share(); known > kToleratedKnownShare) {
    observer.on_event({.kind = "warning",
                       .code = "W3405",
                       .text = format_fixed(100 * known, 1) +
                               " % of the validation items occur among the training items, too",
                       .hint = "the validation loss is lower than on new data: remove the doubles, "
                               "or name other data with --val",
                       .step = 0});
  }
  DataSpec& spec = s.data.train.spec;
  spec.classes = classes_to_learn(all_models().find(request.options.model.name), s.data);
  const bool share = s.data.num_val() > 0 && !s.data.val;
  const DataSpec seen = share ? joined_facts(spec, validation_spec(s, spec)) : spec;
  s.resolved = resolve_options(request.options, spec, s.data.num_train(), request.origins, seen);
  s.model = {.model = s.options().model, .own = s.options().own, .data = s.data.train.spec};
  s.model.data.scaling = s.resolved.scaling;
  warn_of_validation(s, observer);
}

/// A run that ended before its first checkpoint has nothing to go on with, but leaves its place.
void refuse_start(const RunFolder& folder) {
  if (!RunFolder::holds_a_start_alone(folder.fs(), folder.path())) return;
  throw Error(
      ErrorCode::kResumeNone, "the run ended before its first checkpoint",
      "begin it again in this folder: isthmus train DATA -o " + quote_path_for_shell(folder.path()),
      {.file = folder.path()});
}

/// A fitted model has no steps to go on with.
void refuse_complete(const RunFolder& folder, const Limits& limits) {
  if (!list_checkpoints(folder.fs(), folder.path()).empty()) return;
  if (!folder.fs().stat(folder.file("model.safetensors"))) return;
  const std::string name = load_model(folder.path(), folder.fs(), limits).options().name;
  if (!all_models().find(name).fit) return;
  throw Error(
      ErrorCode::kResumeNone,
      "the run is complete: " + name + " is fitted without steps, there is none to go on with",
      "use its model: isthmus eval RUN DATA", {.file = folder.path()});
}

/// A resumed run: everything but harmless keys comes from the checkpoint.
void resolve_resumed(RunSetup& s, const TrainRequest& request, TrainObserver& observer) {
  const RunOptions& run = request.options.run;
  s.folder = RunFolder::reopen(*s.fs, run.resume);
  refuse_start(*s.folder);
  refuse_complete(*s.folder, request.options.limits);
  s.resume = load_resume_point(s.folder->fs(), run.resume, request.options.limits, observer);
  s.resolved = replay_options(s.resume->identity.choices, request.options, request.origins);
  s.data_arguments = request.data.empty() ? s.resume->identity.data : request.data;
  if (s.data_arguments.empty() && request.dataset == nullptr) {
    throw Error(ErrorCode::kMissingArgument, "the run was trained on data in memory",
                "pass the data again");
  }
  s.data = open_train_data(*s.fs, s.data_arguments, request.dataset, s.options());
  s.model = s.resume->model.setup;
  const bool changed = s.data.fingerprint != s.resume->record.data_fingerprint;
  if (changed && !s.options().run.allow_data_change) {
    throw Error(ErrorCode::kResumeData, "the data differ from those of the run", {},
                {.file = run.resume});
  }
  s.data.train = conform(s.data.train, s.model.data);
}

void plan_loop(RunSetup& s) {
  if (s.fitted()) return;
  const TrainLoopOptions& loop = s.options().loop;
  s.batch_size = parse_count("train.batch_size", loop.batch_size, 1, false).value_or(1);
  s.batch_size = std::min(s.batch_size, s.data.num_train());
  s.steps_per_epoch = (s.data.num_train() + s.batch_size - 1) / s.batch_size;
  const std::optional<int64_t> epochs = parse_count("train.epochs", loop.epochs, 1, false);
  s.open_end = !epochs;
  s.max_epochs = epochs.value_or(kMaxAutoEpochs);
  s.patience = parse_count("train.patience", loop.patience, 1, true).value_or(0);
  s.precision = precision_of(loop);
}

/// A condition on the elbo or on a term of the training graph.
void set_target(RunSetup& s) {
  const std::string& target = s.options().loop.target;
  if (target == "none") return;
  std::vector<std::string> names;
  if (s.has.elbo || s.has.exact) names.emplace_back("elbo");
  if (s.has.exact) names.emplace_back("log_prob");
  for (const auto& [output, node] : s.step_graph.outputs()) {
    if (output.starts_with(kTermPrefix)) names.push_back(output.substr(kTermPrefix.size()));
  }
  s.target = parse_condition(target, "train.target", names);
}

/// The description travels in every model file; wide tables have long ones. Before anything is
/// written it must be sure that it can be read, and all limits that are too small are told at once.
void require_readable_config(const RunSetup& s) {
  constexpr uint64_t kLater = uint64_t{16} << 10;  // what training adds: terms, state
  constexpr uint64_t kPerTensor = 3 * 2 * 256;     // with its moments, and again to rewind to
  Model model;
  model.setup = s.model;
  const Json config(checkpoint_config(model, {s.data_arguments, s.resolved.choices}));
  const uint64_t as_text = config.dump().size() + kLater;
  const Limits& limits = s.options().limits;
  const std::pair<const char*, std::pair<uint64_t, ByteSize>> needs[] = {
      {"config_bytes", {config.as_string().size() + kLater, limits.config_bytes}},
      {"string_bytes", {as_text, limits.string_bytes}},
      {"header_bytes",
       {as_text + kPerTensor * s.step_graph.parameters().size(), limits.header_bytes}}};
  std::string raised;
  for (const auto& [name, need] : needs) {
    const ByteSize bytes{(need.first / kMiB + 1) * kMiB};
    if (need.first > need.second.bytes) {
      raised += " --set limits." + std::string(name) + "=" + print_value(bytes);
    }
  }
  if (raised.empty()) return;
  throw Error(ErrorCode::kOverLimit,
              "the description of " +
                  group_digits(static_cast<int64_t>(s.model.data.fields.size())) +
                  " columns needs " + format_bytes(as_text) + " in the model file",
              "use fewer columns (--columns, --exclude), or raise the limits here and wherever the "
              "model is read:" +
                  raised);
}

/// The numbers of the checkpoint are those of a run of this length on these data.
void require_run_fits(const RunSetup& s) {
  const ResumePoint& point = *s.resume;
  require_state_fits(
      point.record,
      {.num_items = s.data.num_train(),
       .batch_size =
           parse_count("train.batch_size", s.options().loop.batch_size, 1, false).value_or(1),
       .latent_dim = abilities_of(s.model).latent_dim,
       .data_changed = s.data.fingerprint != point.record.data_fingerprint});
}

std::string join_widths(const std::vector<int64_t>& widths) {
  std::string text;
  for (int64_t width : widths) text += "-" + std::to_string(width);
  return text;
}

/// "-conv(32,64)", "-resnet(32,64; 2 blocks)", or nothing.
std::string describe_stages(const ModelSetup& setup) {
  const auto owners = chosen_owners(setup);
  if (own_option(owners, "model.stages") == nullptr) return "";
  std::string text = "-" + network_name(setup) + "(" + setup.own.texts.at("model.stages");
  if (own_option(owners, "model.blocks") != nullptr) {
    const auto blocks = setup.own.texts.find("model.blocks");
    const std::string count = blocks == setup.own.texts.end() ? "1" : blocks->second;
    text += "; " + count + (count == "1" ? " block" : " blocks");
  }
  return text + ")";
}

}  // namespace

std::string describe_model(const ModelSetup& setup) {
  const CoderOptions coder = read_own<CoderOptions>(setup.own);
  std::vector<int64_t> hidden = widths(coder.hidden).value_or(std::vector<int64_t>{});
  const Abilities has = abilities_of(setup);
  const std::string latent = std::to_string(has.latent_dim),
                    items = std::to_string(setup.data.num_values());
  const std::string stages = describe_stages(setup);
  std::string text = setup.model.name + " " + items + stages + join_widths(hidden);
  if (has.latent_dim > 0 && !has.encodes) {
    std::reverse(hidden.begin(), hidden.end());
    text = setup.model.name + " " + latent + join_widths(hidden) + stages + "-" + items;
  } else if (has.latent_dim > 0) {
    text += "-" + (has.normal_posterior ? "(" + latent + "," + latent + ")-" + latent : latent);
    std::reverse(hidden.begin(), hidden.end());
    text += join_widths(hidden) + stages + "-" + items;
  }
  text += ", ";
  if (own_option(chosen_owners(setup), "model.activation")) text += coder.activation + ", ";
  const ModelDef& def = all_models().find(setup.model.name);
  if (def.needs_labels) text += std::to_string(setup.data.classes.size()) + " classes";
  if (!has.density && !has.codes && !has.samples) return text;  // says nothing of values
  if (def.needs_labels) text += ", ";
  text += setup.model.likelihood;
  const LikelihoodDef& likelihood = all_likelihoods().find(setup.model.likelihood);
  if (def.takes_sigma && likelihood.has_sigma()) text += " (sigma " + resolved_sigma(setup) + ")";
  const bool score = likelihood.measure(setup.data) == Measure::kScore;
  if (score) text += " on grey values (a score: isthmus help auto)";
  const ConditionSpec& condition = setup.data.condition;
  if (!condition.classes.empty()) {
    text += ", given one of " + std::to_string(condition.classes.size()) + " classes";
  } else if (!condition.columns.empty()) {
    text += ", given " + some_names(condition.columns);
  }
  return text;
}

RunSetup prepare_run(const TrainRequest& request, TrainObserver& observer) {
  RunSetup s;
  s.fs = request.fs != nullptr ? request.fs : &posix_fs();
  s.clock = request.clock != nullptr ? request.clock : &monotonic_clock();
  s.command = request.command;
  s.libraries = request.libraries;
  if (request.options.run.resume != "none") {
    resolve_resumed(s, request, observer);
  } else {
    resolve_new(s, request, observer);
  }
  plan_loop(s);
  if (s.resume) require_run_fits(s);
  build_step_graph(s);
  set_target(s);
  require_readable_config(s);
  open_run_device(s, request);
  if (s.resume) {
    s.since_checkpoint = changes_since_checkpoint(s.folder->fs(), s.folder->path(),
                                                  s.device->info(), s.resume->record.arithmetic);
  }
  s.memory_limit = memory_limit(s.options().machine);
  s.memory_estimate = memory_estimate(s);
  return s;
}

TrainSummary summarize(const RunSetup& s) {
  const DataSpec& spec = s.model.data;
  TrainSummary summary;
  summary.data = s.data.train.source;
  summary.data_split = s.data.train.split;
  summary.data_note = s.data.train.note;
  summary.item = describe_item(spec);
  summary.item_shape = spec.item_shape;
  summary.kind = spec.kind;
  summary.pictures = has_pictures(spec);
  summary.dtype = dtype_name(spec.dtype);
  summary.num_train = s.data.num_train();
  summary.num_val = s.data.num_val();
  summary.model = describe_model(s.model);
  summary.model_name = s.model.model.name;
  summary.arch = network_name(s.model);
  summary.likelihood = s.model.model.likelihood;
  summary.abilities = abilities_of(s.model);
  summary.latent_dim = summary.abilities.latent_dim;
  summary.normalized =
      all_likelihoods().find(s.model.model.likelihood).measure(spec) != Measure::kScore;
  summary.density_of = density_of(s.model);
  summary.log_scale = log_scale(s.model);
  summary.val_source = s.data.val_source;
  summary.layers = model_summary(s.step_graph);
  summary.parameters = s.step_graph.num_parameter_values();
  summary.device = s.device->info();
  summary.precision = s.precision;
  summary.batch_size = s.batch_size;
  summary.memory_bytes = s.memory_estimate;
  summary.memory_limit_bytes = s.memory_limit;
  summary.steps_per_epoch = s.steps_per_epoch;
  summary.max_epochs = s.max_epochs;
  summary.resumed_from_step = s.resume ? s.resume->step : -1;
  summary.resumed_with = note_of(s.since_checkpoint);
  summary.run = s.folder ? s.folder->path() : "";
  return summary;
}

}  // namespace isthmus
