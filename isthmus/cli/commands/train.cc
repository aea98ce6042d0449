// SPDX-License-Identifier: Apache-2.0
// isthmus train DATA...: a run folder from data. All options are those of the train room.
#include "isthmus/train/trainer.h"

#include <cmath>

#include "isthmus/cli/command.h"
#include "isthmus/cli/libraries.h"
#include "isthmus/cli/process.h"
#include "isthmus/cli/progress.h"
#include "isthmus/cli/run_end.h"
#include "isthmus/train/json_run.h"
#include "isthmus/train/train_data.h"

namespace isthmus {
namespace {

constexpr int64_t kMeasuredItems = 1000;

TrainOptions resolved_options(const TrainResult& result) {
  TrainOptions options;
  const std::vector<BoundOption> bound = bind_options(options);
  for (const Choice& choice : result.choices) find_option(bound, choice.key).set(choice.value);
  return options;
}

/// Measures on items that validate, or on training items when none do. The options are those of the
/// run, not of this command line: a resumed run keeps its own.
void add_report(CommandIo& io, TrainResult& result, RunFolder& folder, const TrainData& data) {
  const TrainOptions options = resolved_options(result);
  if (result.status != "done" || !options.run.report || !result.train) return;
  io.use.limits = options.limits;
  io.use.machine = options.machine;
  if (!std::isnan(result.train->score())) {  // else it has draws alone
    const EvalResult measured =
        measure_run(io, result, folder, *io.open_device(), data.shown_items(kMeasuredItems));
    result.active_units = measured.active_units;  // of the kept model, not of the last epoch
  }
  write_run_report(io, result, folder);
}

int run_train(CommandIo& io, const TrainOptions& options) {
  TrainRequest request;
  request.fs = &io.fs();
  request.data = io.arguments;
  request.options = options;
  request.origins = io.origins;
  request.command = io.command_line;
  request.libraries = libraries_json();
  request.finish = [&io](TrainResult& r, RunFolder& folder, const TrainData& data) {
    add_report(io, r, folder, data);
  };
  listen_to_signals();
  ConsoleObserver observer(io.console);
  TrainResult result = train(request, observer);
  observer.finish_stop(result.steps);
  if (result.status == "dry_run") {
    io.console.result("dry run: nothing was written");
    io.print_json(train_json(result));
    return 0;
  }
  const bool selected = result.val.has_value();
  const Terms terms = selected ? *result.val : result.train.value_or(Terms{});
  return finish_run(io, result, selected ? "validation" : "training", terms);
}

}  // namespace

CommandDef commands::train() {
  return {
      .name = "train",
      .summary = "Trains a model on your data; the result is a run folder.",
      .arguments = {"[DATA...]"},
      .examples = {"isthmus train fashion-mnist", "isthmus train photos/ --latent 32 --time 10m",
                   "isthmus train --resume runs/photos-001"},
      .note =
          "DATA is a file (CSV, NPY, NPZ, IDX), a folder of PNG or JPEG images or a known name; "
          "what you leave out is chosen from the data and printed with its reason.",
      .common = {"data.val", "model.name", "model.preset", "model.hidden", "model.latent_dim",
                 "model.likelihood", "train.epochs", "train.time", "train.batch_size",
                 "train.precision", "optimizer.learning_rate", "run.out", "run.resume", "run.seed",
                 "run.dry_run", "machine.threads"},
      .make = command_with(run_train)};
}

}  // namespace isthmus
