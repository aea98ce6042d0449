// SPDX-License-Identifier: Apache-2.0
// train(): prepares a run, lets the loop run, and closes the folder: last checkpoint, kept model,
// final pictures, records. Every path out of here leaves valid files behind.
#include "isthmus/train/trainer.h"

#include <new>

#include "isthmus/base/memory.h"
#include "isthmus/base/text.h"
#include "isthmus/checkpoint/generations.h"
#include "isthmus/train/fit_run.h"
#include "isthmus/train/memory_estimate.h"
#include "isthmus/train/reference.h"
#include "isthmus/train/run_pictures.h"
#include "isthmus/train/run_record.h"
#include "isthmus/train/table_look.h"
#include "isthmus/train/train_loop.h"
#include "isthmus/verbs/item_terms.h"
#include "isthmus/verbs/json_results.h"

namespace isthmus {
namespace {

constexpr std::string_view kModelFile = "model.safetensors";

TrainResult first_result(const RunSetup& setup, const TrainSummary& summary) {
  TrainResult r;
  r.status = "running";
  r.seed = setup.options().run.seed;
  if (setup.resume) r.resumed_from_step = setup.resume->step;
  r.summary = summary;
  r.choices = setup.resolved.choices;
  r.data = setup.data_arguments;
  r.data_fingerprint = setup.data.fingerprint;
  r.libraries = setup.libraries;
  r.num_labels = num_classes(setup.data.train);
  r.memory_estimate_bytes = setup.memory_estimate;
  if (setup.folder) r.run = setup.folder->path();
  return r;
}

void open_folder(RunSetup& setup) {
  if (setup.folder) return;
  const RunOptions& run = setup.options().run;
  const std::string name =
      run.name != "auto" ? run.name : run_name_from_data(setup.data.train.source);
  setup.folder = RunFolder::create(*setup.fs, run.out, run_name_from_data(name));
}

/// What was there is gone: the log and the observer say so.
void say_began_anew(RunFolder& folder, TrainObserver& observer) {
  if (!folder.began_anew()) return;
  const TrainEvent event = {
      .kind = "warning",
      .code = "W2006",
      .text = escape_for_terminal(folder.path()) +
              " held a run that ended before its first checkpoint: this one takes its place",
      .hint = ""};
  folder.log(event.kind + " " + event.code + ": " + event.text);
  observer.on_event(event);
}

void write_start(const RunSetup& setup, RunFolder& folder, const TrainResult& result) {
  folder.write("config.toml",
               run_config_toml(setup.options(), setup.resolved.choices, setup.data.train.source));
  folder.write("run.json", run_json(result, setup.command).dump_pretty() + "\n");
  const std::vector<BadFile>& bad = setup.data.train.bad_files;
  if (!bad.empty()) folder.write("bad.csv", bad_files_csv(bad));
}

/// The last state is always saved; it is also the model where nothing was validated.
void save_end(TrainLoop& loop, const RunSetup& setup) {
  std::optional<NamedTensors> tensors = loop.tensors();
  if (!tensors) return;  // the step before a stop broke the weights: older checkpoints stay
  const StateRecord record = loop.record();
  const bool unselected = setup.data.num_val() == 0;
  if (unselected || !loop.saver().has_model()) {
    loop.saver().save_with_model(record, std::move(*tensors), loop.state().last_train);
  } else {
    loop.saver().save(record, std::move(*tensors));
  }
}

void fill_from_loop(TrainResult& r, TrainLoop& loop) {
  const TrainState& state = loop.state();
  r.epochs = state.epoch - 1;
  r.steps = state.step;
  r.rollbacks = state.rollbacks;
  r.active_units = state.active_units;
  if (r.epochs > 0) r.train = state.last_train;
  if (loop.early_stopping().has_best()) {
    r.best_epoch = loop.early_stopping().best_epoch();
    r.val = loop.early_stopping().best_terms();
  }
  if (state.trained_seconds > 0) {
    r.items_per_second = static_cast<double>(state.trained_items) / state.trained_seconds;
  }
}

/// Reads back what was kept: the result speaks of the file, not of memory.
void fill_from_model(TrainResult& r, const RunSetup& setup, RunFolder& folder) {
  const Model model = load_model(folder.path(), folder.fs(), setup.options().limits);
  r.model_path = join_path(r.run, file_name(model.path));
  r.model_digest = model.digest;
  r.weights_sha256 = weights_sha256(model.parameters);
  const Dataset& measured = setup.data.num_val() > 0 ? setup.data.val_data() : setup.data.train;
  r.data_floor = data_floor(model, measured, measured.num_items());
  Session session(model, *setup.device, budget_of_run(setup.batch_size));
  write_table_look(session, setup.data, folder);
  write_run_pictures(model, setup, folder, "");
}

/// A folder that was moved is spoken of by its new name.
void find_folder(TrainResult& r, RunFolder& folder, TrainObserver& observer) {
  const std::string now = folder.path_now();
  if (now == r.run) return;
  const std::string text =
      "the run folder was moved while it trained: " +
      (now.empty() ? "what is called " + escape_for_terminal(r.run) + " now is another one"
                   : "it is " + escape_for_terminal(now) + " now");
  folder.log("warning W5010: " + text);
  observer.on_event({.kind = "warning",
                     .code = "W5010",
                     .text = text,
                     .hint = "all files of this run are in the folder that was moved",
                     .step = r.steps});
  if (!now.empty()) r.run = now;
}

void finish_run(TrainResult& r, TrainLoop& loop, const RunSetup& setup, RunFolder& folder,
                TrainObserver& observer) {
  const bool stopped = r.stop_reason == "signal";
  save_end(loop, setup);
  loop.saver().finish();
  if (!stopped) loop.warn_of_collapse();
  r.status = stopped ? "stopped" : "done";
  fill_from_loop(r, loop);
  find_folder(r, folder, observer);
  r.checkpoint_step = loop.saver().last_step();
  r.checkpoint_path = checkpoint_path(r.run, r.checkpoint_step);
  NamedTensors parameters;
  for (const KeptParameter& kept : setup.kept) {
    parameters.emplace(kept.name, loop.executor().get(kept.state));
  }
  r.final_weights_sha256 = weights_sha256(parameters);
}

/// A model that ignores its latents and knows the columns one by one is the least to be beaten.
void compare_with_independent_columns(TrainResult& r, const RunSetup& setup, RunFolder& folder,
                                      TrainObserver& observer) {
  if (!setup.has.elbo && !setup.has.exact) return;
  r.independent_columns = independent_columns(setup.data, setup.model);
  if (!r.independent_columns) return;
  const Terms terms = r.val ? *r.val : r.train.value_or(Terms{});
  const double noise = std::isnan(terms.elbo_se) ? 0 : terms.elbo_se;
  if (!(terms.elbo + noise < r.independent_columns->value)) return;
  const TrainEvent event = {
      .kind = "warning",
      .code = "W6003",
      .text = std::string("the model is worse than independent columns: ") +
              (terms.exact() ? "log p " : "elbo ") + format_fixed(terms.elbo, 2) + ", theirs " +
              format_fixed(r.independent_columns->value, 2),
      .hint = "train longer (--epochs), lower --lr, or look for outliers: isthmus inspect DATA",
      .step = r.steps};
  folder.log(event.kind + " " + event.code + ": " + event.text);
  observer.on_event(event);
}

void run_steps(TrainResult& r, RunSetup& setup, RunFolder& folder, TrainObserver& observer) {
  {
    TrainLoop loop(setup, folder, observer);
    if (!loop.check_bits()) r.determinism = "D0";
    r.stop_reason = loop.run();
    finish_run(r, loop, setup, folder, observer);
  }  // its memory is free for what the model is looked at with
  fill_from_model(r, setup, folder);
  folder.write_metrics_csv();
  compare_with_independent_columns(r, setup, folder, observer);
}

/// What the fit has found is said of the run: options that were open, the model that they make.
void tell_findings(TrainResult& r, const FittedRun& fitted) {
  r.fit_facts = fitted.report.facts;
  for (const FitReport::Decided& d : fitted.report.decided) {
    for (Choice& choice : r.choices) {
      if (choice.key != d.key) continue;
      choice.value = d.value;
      choice.origin = "auto";
      choice.reason = d.reason;
      r.found.push_back(choice);
    }
  }
  r.summary.model = describe_model(fitted.model.setup);
  r.summary.parameters = fitted.model.num_parameters();
}

/// A fit that was stopped leaves no model, and nothing to go on with.
void run_fit(TrainResult& r, RunSetup& setup, RunFolder& folder, TrainObserver& observer) {
  const std::optional<FittedRun> fitted = fit_run(setup, observer);
  r.status = fitted ? "done" : "stopped";
  r.stop_reason = fitted ? "fitted" : "signal";
  find_folder(r, folder, observer);
  if (!fitted) return;
  r.train = fitted->train;
  r.val = fitted->val;
  r.active_units = fitted->active_units;
  tell_findings(r, *fitted);
  folder.fs().write_file(folder.file(kModelFile),
                         model_bytes(fitted->model, setup.options().limits), Durability::kSynced);
  folder.remember(std::string(kModelFile));
  fill_from_model(r, setup, folder);
  r.final_weights_sha256 = r.weights_sha256;
  compare_with_independent_columns(r, setup, folder, observer);
}

void write_end(TrainResult& r, const RunSetup& setup, RunFolder& folder) {
  r.peak_memory_bytes = peak_rss_bytes();
  r.wrote.clear();
  for (const std::string& name : folder.written()) {
    const auto info = folder.fs().stat(folder.file(name));
    if (info) r.wrote.push_back({.path = join_path(r.run, name), .bytes = info->bytes});
  }
  folder.write("run.json", run_json(r, setup.command).dump_pretty() + "\n");
  folder.log(r.status + " (" + r.stop_reason + ") at step " + std::to_string(r.steps));
}

/// The run has failed for `error`; the folder says so if it still can.
void record_failure(TrainResult& r, const RunSetup& setup, RunFolder& folder,
                    const std::exception& failure) noexcept {
  try {
    const auto* error = dynamic_cast<const Error*>(&failure);
    const bool out_of_memory = dynamic_cast<const std::bad_alloc*>(&failure) != nullptr;
    r.status = "failed";
    r.stop_reason = error != nullptr && error->code() == ErrorCode::kDiverged ? "diverged" : "";
    folder.close_metrics();  // descriptors may be what was missing
    if (const std::string now = folder.path_now(); !now.empty()) r.run = now;
    folder.log("failed: " + (error != nullptr ? error->message()
                             : out_of_memory  ? "the system gave no more memory"
                                              : std::string(failure.what())));
    write_end(r, setup, folder);
  } catch (const std::exception&) {
    // The first failure is the one to report.
  }
}

}  // namespace

TrainResult train(const TrainRequest& request, TrainObserver& observer) {
  RunSetup setup = prepare_run(request, observer);
  const double started = setup.clock->seconds();
  observer.on_choices(setup.resolved.choices);
  require_memory(setup);
  const bool dry_run = request.options.run.dry_run;
  if (!dry_run) open_folder(setup);
  const TrainSummary summary = summarize(setup);
  observer.on_summary(summary);
  TrainResult r = first_result(setup, summary);
  if (dry_run) {
    r.status = "dry_run";
    return r;
  }
  RunFolder& folder = *setup.folder;
  say_began_anew(folder, observer);
  try {
    write_start(setup, folder, r);
    if (setup.fitted()) {
      run_fit(r, setup, folder, observer);
    } else {
      run_steps(r, setup, folder, observer);
    }
    const double before = setup.resume ? setup.resume->record.state.elapsed_seconds : 0;
    r.seconds = before + (setup.clock->seconds() - started);
    write_end(r, setup, folder);
  } catch (const std::exception& failure) {
    record_failure(r, setup, folder, failure);
    throw;
  }
  if (request.finish) request.finish(r, folder, setup.data);
  return r;
}

}  // namespace isthmus
