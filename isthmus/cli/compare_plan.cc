// SPDX-License-Identifier: Apache-2.0
// Prepares each training without a step, and looks for the runs that are there.
#include "isthmus/cli/compare_plan.h"

#include <algorithm>

#include "isthmus/base/text.h"
#include "isthmus/checkpoint/generations.h"
#include "isthmus/cli/libraries.h"
#include "isthmus/report/run_files.h"
#include "isthmus/train/run_setup.h"
#include "isthmus/verbs/fit_data.h"

namespace isthmus {
namespace {

void require_models(const std::vector<ModelChoice>& models) {
  std::vector<std::string> names;
  for (const ModelChoice& choice : models) {
    all_models().find(choice.model);
    names.push_back(choice.label);
  }
  if (names.empty()) {
    throw Error(ErrorCode::kBadValue, "--models names no model", "for example --models pca,vae",
                {.key = "compare.models"});
  }
  for (size_t i = 0; i < names.size(); ++i) {
    if (std::find(names.begin(), names.begin() + static_cast<ptrdiff_t>(i), names[i]) ==
        names.begin() + static_cast<ptrdiff_t>(i)) {
      continue;
    }
    throw Error(ErrorCode::kBadValue, "--models names " + names[i] + " twice",
                "a model is trained once: leave one out", {.key = "compare.models"});
  }
}

/// What belongs to one training and not to several.
void refuse_single(const OptionOrigins& origins) {
  const std::pair<const char*, const char*> single[] = {
      {"model.name", "name models with --models A,B"},
      {"run.resume", "name the folder of the comparison with -o: its runs are used"},
      {"run.dry_run", "isthmus train --dry-run shows one model's plan"}};
  for (const auto& [key, hint] : single) {
    const auto at = origins.find(key);
    if (at == origins.end() || at->second != "flag") continue;
    throw Error(ErrorCode::kConflict, std::string(key) + " has no effect on a comparison", hint,
                {.key = key});
  }
}

TrainRequest request_of(CommandIo& io, const ComparePlan& plan, const ModelChoice& choice) {
  TrainRequest request;
  request.data = io.arguments;
  request.dataset = &plan.data;
  request.options = plan.train;
  request.options.model.name = choice.model;
  request.options.run.out = join_path(plan.folder, choice.label);
  request.origins = io.origins;
  request.origins["model.name"] = "flag";
  request.command = io.command_line;
  request.libraries = libraries_json();
  for (const auto& [key, value] : choice.settings) {
    set_option(request.options, key, value);
    request.origins[key] = "flag";
  }
  drop_without_effect(request.options, request.origins);
  return request;
}

/// Options that were dropped for every model.
void refuse_dropped(CommandIo& io, const ComparePlan& plan,
                    const std::vector<PlannedModel>& planned) {
  TrainOptions options = plan.train;
  std::vector<std::string> faults, names;
  for (const ModelChoice& choice : plan.models) {
    if (std::ranges::find(names, choice.model) == names.end()) names.push_back(choice.model);
  }
  for (const BoundOption& option : bind_options(options)) {
    if (io.origins.count(option.key) == 0) continue;
    const bool used = std::ranges::any_of(
        planned, [&](const PlannedModel& m) { return m.request.origins.count(option.key) > 0; });
    if (used) continue;
    faults.push_back(option.key + " has no effect on " + join(names, ", ") +
                     (option.owners.empty() ? "" : "; it belongs to " + option.owners));
  }
  if (faults.empty()) return;
  throw Error(ErrorCode::kConflict, join(faults, "; "),
              "leave it out, or add a model to --models on which it has an effect");
}

std::string text_of(const Json& json, std::string_view path) {
  const Json* value = member(json, path);
  return value != nullptr && value->is_string() ? value->as_string() : "";
}

std::vector<Choice> choices_of(const Json& run) {
  std::vector<Choice> choices;
  const Json* stored = run.find("choices");
  if (stored == nullptr || !stored->is_array()) return choices;
  for (const Json& choice : stored->as_array()) {
    choices.push_back({.key = text_of(choice, "key"), .value = text_of(choice, "value")});
  }
  return choices;
}

void require_fits(const Dataset& test, const ModelSetup& model) {
  try {
    fit_to_model(test, model);
  } catch (Error& error) {
    error.in_file(test.source);
    throw;
  }
}

/// Whether the runs would end in the same model: what each step computes, and how many there are.
bool same_choices(const std::vector<Choice>& a, const std::vector<Choice>& b) {
  const auto length = [](const std::vector<Choice>& choices) {
    std::string text;
    for (const Choice& choice : choices) {
      if (choice.key.starts_with("train.")) text += choice.key + "=" + choice.value + "\n";
    }
    return text;
  };
  return config_hash(a) == config_hash(b) && length(a) == length(b);
}

/// Uses the run that is in the folder: as it is when it is finished, else it is gone on with.
void use_earlier_run(CommandIo& io, const RunSetup& setup, PlannedModel& model) {
  if (!io.fs().stat(join_path(model.run, "run.json"))) return;
  if (RunFolder::holds_a_start_alone(io.fs(), model.run)) return;
  const Json run = read_run(io.fs(), model.run).run;
  const std::string status = text_of(run, "status");
  const bool same = same_choices(choices_of(run), setup.resolved.choices) &&
                    text_of(run, "data.train.fingerprint") == setup.data.fingerprint;
  if (same && status == "done") {
    model.seconds = number_at(run, "seconds");
    return;
  }
  if (same && status != "failed" && !list_checkpoints(io.fs(), model.run).empty()) {
    model.request.options.run.resume = model.run;
    return;
  }
  throw Error(ErrorCode::kOutputExists,
              !same ? "this folder holds another run: other options or other data"
              : status == "failed"
                  ? "this folder holds a run that failed: its log.txt says why"
                  : "this folder holds a run that ended before its first checkpoint",
              "name another folder with -o, or remove it", {.file = model.run});
}

}  // namespace

std::vector<PlannedModel> plan_models(CommandIo& io, const ComparePlan& plan) {
  require_models(plan.models);
  refuse_single(io.origins);
  std::vector<PlannedModel> planned;
  for (const ModelChoice& choice : plan.models) {
    PlannedModel model{.name = choice.label, .request = request_of(io, plan, choice), .run = ""};
    model.run = model.request.options.run.out;
    planned.push_back(std::move(model));
  }
  refuse_dropped(io, plan, planned);
  for (PlannedModel& model : planned) {
    TrainObserver quiet;
    const RunSetup setup = prepare_run(model.request, quiet);
    if (plan.test != nullptr) require_fits(*plan.test, setup.model);
    use_earlier_run(io, setup, model);
  }
  return planned;
}

}  // namespace isthmus
