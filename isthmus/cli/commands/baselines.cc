// SPDX-License-Identifier: Apache-2.0
// isthmus baselines DATA [MODEL]: the classical densities on the same items in the same nats, and
// what a model adds to them: one table, samples of each in one picture.
#include <algorithm>
#include <numeric>

#include "isthmus/base/text.h"
#include "isthmus/cli/command.h"
#include "isthmus/cli/compare_plan.h"
#include "isthmus/cli/compared_runs.h"
#include "isthmus/cli/process.h"
#include "isthmus/data/labels.h"
#include "isthmus/report/comparison.h"
#include "isthmus/train/train_data.h"
#include "isthmus/verbs/fit_data.h"
#include "isthmus/verbs/json_results.h"
#include "isthmus/verbs/pictures.h"
#include "isthmus/verbs/stored_values.h"

namespace isthmus {
namespace {

struct BaselinesOptions {
  TrainOptions train;
  std::vector<std::string> only;
  std::string test = "auto";
  int64_t iwae = 100;
  int64_t samples = 10;

  static constexpr auto fields() {
    using O = BaselinesOptions;
    return std::tuple{
        nested(&O::train, "", "Of all models that they have an effect on."),
        field(&O::only, "baselines.only", any_value(),
              "Only these rows; empty: all that fit the data. Name a few to be quick.",
              {.metavar = "A,B"}),
        field(&O::test, "baselines.test", any_value(),
              "DATA to measure on; auto: the test split of a known set, else the items held out.",
              {.metavar = "DATA"}),
        field(&O::iwae, "baselines.iwae", between(0, 1000000),
              "Samples of the bound of MODEL, where its density is not exact; 0: its elbo. More "
              "come closer to log p, and take longer.",
              {.metavar = "K"}),
        field(&O::samples, "baselines.shown", between(1, 100), "Samples of each in the picture.",
              {.level = OptionLevel::kRare})};
  }
};

/// What the arguments are: MODEL, if one is among them, and DATA.
struct Arguments {
  std::string model;
  std::vector<std::string> data;
};

bool is_model(Fs& fs, const std::string& path) {
  return path.ends_with(".safetensors") || fs.stat(join_path(path, "run.json")).has_value();
}

Arguments sorted_arguments(CommandIo& io) {
  Arguments sorted;
  for (const std::string& path : io.arguments) {
    if (!is_model(io.fs(), path)) {
      sorted.data.push_back(path);
    } else if (sorted.model.empty()) {
      sorted.model = path;
    } else {
      throw Error(ErrorCode::kConflict, "two models are given",
                  "one: isthmus compare shows several models side by side", {.file = path});
    }
  }
  if (sorted.data.empty()) {
    throw Error(ErrorCode::kMissingArgument, "baselines needs DATA to fit the neighbours to",
                "isthmus baselines fashion-mnist " + sorted.model);
  }
  return sorted;
}

/// Likelihood, scale and drawing to black and white that all rows have, so that they can be ranked.
struct Footing {
  std::string likelihood = "auto", scale = "auto", binarize = "none", binarize_seed = "777";
  std::string reason;
};

Footing footing_of(const Model& model) {
  const DataSpec& spec = model.spec();
  Footing footing{.likelihood = model.options().likelihood,
                  .scale = spec.scaling.kind,
                  .reason = "as the model was trained"};
  if (!spec.binarize.empty()) {
    // Neighbours may draw anew whatever the model did: what is measured is drawn once.
    footing.scale = "auto";
    footing.binarize = spec.binarize;
    footing.binarize_seed = std::to_string(spec.binarize_seed);
  }
  return footing;
}

/// Grey images are drawn to black and white, where every row is a likelihood.
Footing usual_footing(const CommandIo& io, const DataSpec& spec) {
  Footing footing;
  const bool asked =
      io.origins.count("data.binarize") > 0 || io.origins.count("model.likelihood") > 0;
  if (asked || spec.kind != DataKind::kImage || spec.binary()) return footing;
  const bool grey = spec.item_shape.size() == 2 || spec.item_shape.back() == 1;
  if (!grey) return footing;
  try {
    black_and_white(spec);
  } catch (const Error&) {
    return footing;  // neither levels nor reals from 0 to 1
  }
  footing.binarize = "dynamic";
  footing.reason =
      "grey images: drawn to black and white, where all rows are likelihoods; --binarize none "
      "leaves scores";
  return footing;
}

struct Neighbour {
  std::string label, model;
  std::vector<std::pair<std::string, std::string>> settings = {};
};

/// Those that fit the data, from the plainest on.
std::vector<Neighbour> neighbours_of(bool two_values, bool labelled, int64_t items) {
  std::vector<Neighbour> all = {{"independent", "independent"}};
  if (labelled) all.push_back({"naive_bayes", "naive_bayes"});
  if (two_values) {
    all.push_back({"chow_liu", "chow_liu"});
    for (const int64_t components : {10, 50, 200, 500}) {
      if (components > items / 10) break;
      const std::string count = std::to_string(components);
      all.push_back(
          {"bernoulli_mixture-" + count, "bernoulli_mixture", {{"model.components", count}}});
    }
    all.push_back({"made", "made"});
  } else {
    for (const char* name : {"ppca", "gmm", "kde", "maf"}) all.push_back({name, name});
  }
  return all;
}

std::vector<Neighbour> chosen(std::vector<Neighbour> all, const std::vector<std::string>& only) {
  if (only.empty()) return all;
  std::vector<Neighbour> kept;
  for (const std::string& name : only) {
    const size_t before = kept.size();
    for (const Neighbour& n : all) {
      if (n.label == name || n.model == name) kept.push_back(n);
    }
    if (kept.size() == before) {  // any other model with a density
      all_models().find(name);
      kept.push_back({name, name});
    }
  }
  return kept;
}

void set_footing(BaselinesOptions& o, OptionOrigins& origins, const Footing& footing) {
  const auto set = [&](const char* key, const std::string& value) {
    if (origins.count(key) > 0 || value == "auto" || value == "none") return;
    set_option(o.train, key, value);
    origins[key] = "flag";
  };
  set("model.likelihood", footing.likelihood);
  set("data.scale", footing.scale);
  set("data.binarize", footing.binarize);
  if (footing.binarize != "none") set("data.binarize_seed", footing.binarize_seed);
}

/// log p of the items in their own units, or the best bound on it that was computed.
struct Density {
  double value = kUnknown, standard_error = kUnknown;
  std::string kind;  // "exact" "iwae 100" "elbo"
};
Density density_of(const ComparedModel& m) {
  const EvalResult& e = m.eval;
  const double shift = std::isnan(e.log_scale) ? 0 : e.log_scale;
  if (!std::isnan(e.log_likelihood)) {
    return {e.log_likelihood + shift, e.log_likelihood_se, "exact"};
  }
  if (e.iwae) {
    return {e.iwae->value + shift, e.iwae->standard_error, "bound, K " + std::to_string(e.iwae->k)};
  }
  return {e.terms.elbo + shift, e.terms.elbo_se, "elbo"};
}

std::string right(const std::string& text, size_t width) {
  return text.size() < width ? std::string(width - text.size(), ' ') + text : text;
}

/// Best first within a measure: a mass is never ranked with a density or a score.
void rank(std::vector<ComparedModel>& models) {
  std::stable_sort(models.begin(), models.end(), [](const auto& a, const auto& b) {
    if (a.measure != b.measure) return a.measure < b.measure;
    return density_of(a).value > density_of(b).value;
  });
}

void print_table(CommandIo& io, const Comparison& c) {
  std::string measure;
  for (const ComparedModel& m : c.models) {
    if (m.measure != measure) {
      measure = m.measure;
      const std::string unit = measure == "density" ? ", in the units of the data" : "";
      io.console.result(
          "", pad_right(measure + " of " + c.measured_on, 36) + "log p, nats per item" + unit);
    }
    const Density d = density_of(m);
    const double accuracy = m.eval.metric("accuracy");
    std::string value = format_fixed(d.value, 2);
    if (!std::isnan(d.standard_error)) value += " +- " + format_fixed(d.standard_error, 2);
    io.console.result(
        "", "  " + pad_right(m.name, 24) + pad_right(value, 20) + pad_right(d.kind, 16) +
                right(group_digits(m.parameters), 12) + " parameters" +
                (std::isnan(m.seconds) ? "" : right(format_fixed(m.seconds, 1), 8) + " s") +
                (std::isnan(accuracy) ? "" : "  accuracy " + format_fixed(accuracy, 3)));
  }
}

/// Rows: items, then draws of each density, the best first.
void draw(CommandIo& io, Comparison& c, const Dataset& data, Device& device, int64_t count) {
  std::vector<Tensor> rows;
  DataSpec spec;
  for (const ComparedModel& m : c.models) {
    Session session(load_model(m.run, io.fs(), io.limits()), device,
                    io.memory_beside(data.values.num_bytes()));
    const Model& model = session.model();
    if (!has_pictures(model.spec())) return;
    if (rows.empty()) {
      spec = model.spec();
      std::vector<int64_t> first(static_cast<size_t>(std::min(count, data.num_items())));
      std::iota(first.begin(), first.end(), int64_t{0});
      const Dataset items = fit_to_model(select_rows(data, first), model.setup);
      if (items.num_items() < count) return;
      rows.push_back(model_values(model, items, 0, count));
      c.row_names.emplace_back("items");
    }
    if (!model.abilities().samples) continue;
    rows.push_back(sample(session, {.count = count, .quantity = Quantity::kSample}));
    c.row_names.push_back(m.name);
  }
  std::vector<const Tensor*> pointers;
  for (const Tensor& row : rows) pointers.push_back(&row);
  if (!pointers.empty()) c.picture = rows_picture(pointers, spec, count);
}

Json table_json(const Comparison& c) {
  Json models = Json::array();
  for (const ComparedModel& m : c.models) {
    const Density d = density_of(m);
    models.push_back(Json::object()
                         .set("name", m.name)
                         .set("run", m.run)
                         .set("measure", m.measure)
                         .set("log_p", Json::finite_or_null(d.value))
                         .set("standard_error", Json::finite_or_null(d.standard_error))
                         .set("kind", d.kind)
                         .set("accuracy", Json::finite_or_null(m.eval.metric("accuracy")))
                         .set("parameters", m.parameters)
                         .set("seconds", Json::finite_or_null(m.seconds)));
  }
  return result_object("isthmus.baselines/1")
      .set("data", c.data)
      .set("measured_on", c.measured_on)
      .set("models", std::move(models));
}

int run_baselines(CommandIo& io, const BaselinesOptions& given) {
  BaselinesOptions o = given;
  const Arguments arguments = sorted_arguments(io);
  io.arguments = arguments.data;
  listen_to_signals();
  const Dataset data = open_datasets(io.fs(), arguments.data, o.train.data, io.limits(), "train");
  std::optional<Model> model;
  if (!arguments.model.empty()) model = load_model(arguments.model, io.fs(), io.limits());
  const Footing footing = model ? footing_of(*model) : usual_footing(io, data.spec);
  set_footing(o, io.origins, footing);
  if (!footing.reason.empty()) io.console.info("footing", footing.reason);
  std::optional<Dataset> test = test_data(io, o.test, o.train.data);
  const std::string folder = folder_of(io, o.train.run.out, "baselines", data);
  const bool two_values = data.spec.binary() || o.train.hold_out.binarize != "none" ||
                          o.train.model.likelihood == "bernoulli";
  std::vector<ModelChoice> choices;
  for (const Neighbour& n :
       chosen(neighbours_of(two_values, !data.labels.empty(), data.num_items()), o.only)) {
    choices.push_back({.label = n.label, .model = n.model, .settings = n.settings});
  }
  const auto device = open_device({.device = o.train.machine.device});
  Comparison c{
      .data = data.source, .measured_on = "", .models = {}, .picture = {}, .row_names = {}};
  const std::vector<PlannedModel> planned = plan_models(io, {.train = o.train,
                                                             .models = choices,
                                                             .folder = folder,
                                                             .data = data,
                                                             .test = test ? &*test : nullptr});
  for (const PlannedModel& neighbour : planned) {
    const std::optional<double> seconds =
        neighbour.seconds ? neighbour.seconds : trained(io, neighbour);
    if (!seconds) return stop_status();
    if (!test) {
      test = open_train_data(io.fs(), io.arguments, &data, neighbour.request.options)
                 .shown_items(data.num_items());
    }
    c.models.push_back(measure_run(io, neighbour, *seconds, *test, *device, {}));
  }
  if (model) {
    const PlannedModel own{
        .name = model->options().name, .request = {}, .run = arguments.model, .seconds = {}};
    EvalOptions eval;
    if (model->abilities().elbo && !model->abilities().density) eval.iwae = o.iwae;
    c.models.push_back(measure_run(io, own, kUnknown, *test, *device, eval));
  }
  c.measured_on = group_digits(test->num_items()) +
                  (test->split.empty() ? " held-out" : " " + test->split) + " items";
  rank(c.models);
  draw(io, c, *test, *device, o.samples);
  print_table(io, c);
  write_comparison(io, c, folder, {.picture = "samples.png", .page = "baselines.html"});
  io.print_wrote("");
  io.print_json(table_json(c));
  return 0;
}

}  // namespace

CommandDef commands::baselines() {
  return {.name = "baselines",
          .summary = "Classical densities on the same data, in the same nats.",
          .arguments = {"DATA..."},
          .examples = {"isthmus baselines fashion-mnist",
                       "isthmus baselines sales.csv runs/sales --only gmm,kde"},
          .note =
              "With a MODEL among the arguments, its likelihood, scale and drawing to black and "
              "white are those of all rows, and it stands beside them. Masses are ranked with "
              "masses, densities with densities in the units of the data, scores apart.",
          .common = {"baselines.only", "baselines.test", "baselines.iwae", "data.limit", "run.out",
                     "run.seed"},
          .make = command_with(run_baselines)};
}

}  // namespace isthmus
