// SPDX-License-Identifier: Apache-2.0
// isthmus demo: the first result without arguments. The reference VAE on all 60,000 training images
// of Fashion-MNIST; the 10,000 test images are only measured at the end, nothing is selected on
// them.
#include "isthmus/base/text.h"
#include "isthmus/cli/command.h"
#include "isthmus/cli/libraries.h"
#include "isthmus/cli/process.h"
#include "isthmus/cli/progress.h"
#include "isthmus/cli/run_end.h"
#include "isthmus/data/known_sets.h"
#include "isthmus/verbs/json_results.h"

namespace isthmus {
namespace {

constexpr const char* kSet = "fashion-mnist";

struct DemoOptions {
  std::string out = "auto";
  std::string epochs = "20";
  std::optional<Duration> time;
  std::optional<int64_t> limit;
  static constexpr auto fields() {
    using O = DemoOptions;
    return std::tuple{
        field(&O::out, "out", any_value(), "Run folder; auto: runs/demo, then runs/demo-2, ...",
              {.flag = "-o", .alias = "--out", .metavar = "FOLDER"}),
        field(&O::epochs, "epochs", any_value(), "Passes over the data.", {.metavar = "N"}),
        field(&O::time, "time", any_value(), "Stop at a step boundary after this time.",
              {.metavar = "60s"}),
        field(&O::limit, "limit", at_least(2), "Only the first N items of train and test.",
              {.level = OptionLevel::kRare})};
  }
};

std::string free_folder(Fs& fs) {
  std::string path = "runs/demo";
  for (int number = 2; fs.stat(path); ++number) path = "runs/demo-" + std::to_string(number);
  return path;
}

TrainRequest request_of(CommandIo& io, const DemoOptions& o) {
  TrainRequest request;
  request.fs = &io.fs();
  request.data = {kSet};
  request.command = io.command_line;
  request.libraries = libraries_json();
  TrainOptions& options = request.options;
  options.model.preset = "vae-784-128-20";
  options.hold_out.val = "0";
  options.loop.epochs = o.epochs;
  options.loop.time = o.time;
  options.data.limit = o.limit;
  options.run.out = o.out == "auto" ? free_folder(io.fs()) : o.out;
  options.run.seed = io.use.run.seed;
  options.machine = io.use.machine;
  options.limits = io.use.limits;
  request.origins = io.origins;
  for (const char* key : {"model.preset", "data.val", "train.epochs", "run.out"}) {
    request.origins[key] = "built-in";
  }
  return request;
}

std::string test_note(const DemoOptions& o) {
  for (const KnownSplit& split : find_known_set(kSet)->splits) {
    if (split.name != "test") continue;
    return group_digits(std::min(split.num_items, o.limit.value_or(split.num_items))) + " test";
  }
  return "test";
}

void measure_on_test(CommandIo& io, TrainResult& result, RunFolder& folder, const Dataset& test) {
  const EvalResult measured = measure_run(io, result, folder, *io.open_device(), test);
  result.test = measured.terms;
  result.test_data = data_json(test, kSet);
  result.active_units = measured.active_units;
  result.data_floor = measured.data_floor;
  write_run_report(io, result, folder);
}

int run_demo(CommandIo& io, const DemoOptions& o) {
  listen_to_signals();
  DataOptions data_options;
  data_options.limit = o.limit;
  const Dataset test = open_dataset(io.fs(), kSet, data_options, io.limits(), "test");
  ConsoleObserver observer(io.console, test_note(o));
  TrainRequest request = request_of(io, o);
  request.finish = [&](TrainResult& r, RunFolder& folder, const TrainData&) {
    if (r.status != "stopped") measure_on_test(io, r, folder, test);
  };
  TrainResult result = train(request, observer);
  observer.finish_stop(result.steps);
  const bool stopped = result.status == "stopped";
  return finish_run(io, result, stopped ? "training" : "test",
                    (stopped ? result.train : result.test).value_or(Terms{}));
}

}  // namespace

CommandDef commands::demo() {
  return {.name = "demo",
          .summary = "First result without arguments: a VAE on Fashion-MNIST.",
          .examples = {"isthmus demo", "isthmus demo --epochs 5 -o runs/quick"},
          .note = "Writes a run folder with pictures and report.html in less than a minute.",
          .make = command_with(run_demo, "demo.")};
}

}  // namespace isthmus
