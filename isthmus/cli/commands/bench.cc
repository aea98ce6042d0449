// SPDX-License-Identifier: Apache-2.0
// isthmus bench [DATA...]: speed of training and inference on this machine, on real data when they
// are installed. Times are of whole epochs; the peaks that they are compared with are measured in
// the same run.
#include <algorithm>
#include <set>

#include "isthmus/base/text.h"
#include "isthmus/cli/bench_models.h"
#include "isthmus/cli/command.h"
#include "isthmus/data/known_sets.h"
#include "isthmus/verbs/json_results.h"

namespace isthmus {
namespace {

std::vector<std::string> bench_precisions() { return {"both", "fp32", "bf16"}; }

std::vector<std::string> bench_tasks() {
  return {"all", "train", "encode", "sample", "latency", "models"};
}

struct BenchOptions {
  bool quick = false;
  std::string task = "all";
  std::string preset = "vae-784-128-20";
  std::optional<std::string> model;
  std::string precision = "both";
  std::optional<int64_t> batch;
  int64_t runs = 3;
  bool profile = false;
  DataOptions data;
  static constexpr auto fields() {
    using O = BenchOptions;
    return std::tuple{
        field(&O::quick, "bench.quick", any_value(),
              "Shorter runs; training only unless --task says otherwise."),
        field(&O::task, "bench.task", one_of(bench_tasks),
              "What is measured; models: a step of every model, in turn."),
        field(&O::preset, "bench.preset", one_of(preset_words), "Which network."),
        field(&O::model, "bench.model", any_value(),
              "Another model with the widths of the preset, as --task models names it."),
        field(&O::precision, "bench.precision", one_of(bench_precisions), "Which precision."),
        field(&O::batch, "bench.batch", between(1, 1000000),
              "Batch size, at most the number of items; none: 128 and 512.", {.flag = "--batch"}),
        field(&O::runs, "bench.runs", between(1, 1000),
              "Timed epochs per case, passes over 10,000 items (encode, sample), or rounds of ten "
              "steps (models)."),
        field(&O::profile, "bench.profile", any_value(), "Print where the time of a step goes."),
        nested(&O::data, "data", "Input.")};
  }
};

Dataset bench_data(CommandIo& io, const DataOptions& options) {
  if (!io.arguments.empty()) {
    return open_datasets(io.fs(), io.arguments, options, io.limits(), "train");
  }
  const KnownSet* set = find_known_set("fashion-mnist");
  if (set != nullptr && folder_of(io.fs(), *set, options.search_path)) {
    return open_dataset(io.fs(), "fashion-mnist", options, io.limits(), "train");
  }
  return made_up_images(60000, 28, 1);
}

std::vector<Precision> precisions_of(const BenchOptions& o) {
  std::vector<Precision> wanted;
  for (Precision precision : {Precision::kF32, Precision::kBF16}) {
    if (o.precision == "both" || o.precision == precision_name(precision)) {
      wanted.push_back(precision);
    }
  }
  return wanted;
}

/// Batch sizes that the items fill.
std::set<int64_t> batches_of(const BenchOptions& o, const std::string& task, int64_t items) {
  if (task == "latency") return {1};
  const int64_t most = items_per_epoch(task, items);
  if (o.batch) return {std::min(*o.batch, most)};
  return {std::min<int64_t>(128, most), std::min<int64_t>(512, most)};
}

std::vector<BenchCase> cases_of(const BenchOptions& o, const TrialSettings& settings,
                                int64_t items) {
  std::vector<BenchCase> cases;
  std::vector<std::string> tasks = {"train", "encode", "sample", "latency"};
  if (o.quick) tasks = {"train"};
  if (o.task != "all") tasks = {o.task};
  for (const std::string& task : tasks) {
    for (int64_t batch : batches_of(o, task, items)) {
      for (Precision precision : precisions_of(o)) {
        cases.push_back({.preset = o.preset,
                         .settings = settings,
                         .task = task,
                         .precision = precision,
                         .batch_size = batch,
                         .runs = o.runs,
                         .max_steps = o.quick ? 1000 : 0});
      }
    }
  }
  return cases;
}

std::string column(const std::string& text, size_t width) {
  return std::string(text.size() < width ? width - text.size() : 0, ' ') + text;
}

void print_split(CommandIo& io, const StepProfile& s) {
  const auto ms = [](double v) { return format_fixed(v, 3); };
  io.console.result("         ms per step: gemm " + ms(s.gemm) + ", likelihood " +
                    ms(s.likelihood) + ", optimizer " + ms(s.optimizer) + ", packing " +
                    ms(s.packing) + ", input " + ms(s.input) + ", barrier " + ms(s.barrier) +
                    ", other " + ms(s.other));
}

void print_case(CommandIo& io, const BenchResult& r, bool profile) {
  const double rate = r.items_per_second;
  io.console.result(pad_right(r.bench.task, 8) + column(std::to_string(r.bench.batch_size), 5) +
                    "  " + std::string(precision_name(r.bench.precision)) +
                    column(format_fixed(r.step_ms.median, 3), 10) +
                    column(format_fixed(r.epoch_seconds.median, 3), 10) +
                    column(group_digits(static_cast<int64_t>(rate)), 12) +
                    column(format_fixed(r.gflops, 1), 10) +
                    column(format_fixed(100 * r.peak_share, 0) + " %", 7));
  if (profile && r.split) print_split(io, *r.split);
}

std::string number(double value, int decimals, size_t width) {
  return column(format_fixed(value, decimals), width);
}

/// Returns the entries of `models`.
Json bench_models(CommandIo& io, const BenchOptions& o, const Dataset& data, Device& device) {
  const std::vector<StepToTime> steps = steps_of_models(o.preset, data);
  Json list = Json::array();
  for (Precision precision : precisions_of(o)) {
    const RoundOptions rounds{.precision = precision,
                              .batch_size = std::min(o.batch.value_or(512), data.num_items()),
                              .rounds = o.runs};
    const std::vector<StepTimes> all = time_in_turn(steps, data, device, rounds);
    io.console.result(pad_right(std::string(precision_name(precision)) + ", batch " +
                                    std::to_string(rounds.batch_size),
                                33) +
                      "step ms  GFLOP   peak  to " + steps.front().name + "  to its products");
    for (const StepTimes& t : all) {
      io.console.result(pad_right(t.name, 31) + number(t.step_ms.median, 3, 9) +
                        number(t.product_gflop, 3, 7) + number(100 * t.peak_share, 0, 5) + " %" +
                        number(t.over_first, 2, 8) + number(t.over_products.median, 2, 7) + " (" +
                        format_fixed(t.over_products.min, 2) + " to " +
                        format_fixed(t.over_products.max, 2) + ")");
      if (o.profile) print_split(io, t.split);
      list.push_back(step_times_json(t, rounds));
    }
  }
  return list;
}

Json bench_cases(CommandIo& io, const std::vector<BenchCase>& cases, bool profile,
                 const Dataset& data, Device& device, const BenchPeaks& peaks) {
  io.console.result("task     batch  type   step ms   epoch s     items/s   GFLOP/s   peak");
  Json list = Json::array();
  for (const BenchCase& bench : cases) {
    const BenchResult result = run_case(bench, data, device, peaks);
    print_case(io, result, profile);
    list.push_back(case_json(result, device.info().threads));
  }
  return list;
}

int run_bench(CommandIo& io, const BenchOptions& o) {
  const bool models = o.task == "models";
  const TrialSettings settings =
      o.model && !models ? bench_model_settings(*o.model) : TrialSettings{};
  const Dataset data = bench_data(io, o.data);
  const std::vector<BenchCase> wanted =
      models ? std::vector<BenchCase>{} : cases_of(o, settings, data.num_items());
  const auto device = io.open_device();
  const DeviceInfo& info = device->info();
  const BenchPeaks peaks = measure_peaks(*device, o.quick);
  io.console.result("device", info.name + ", " + info.instruction_set + ", " +
                                  std::to_string(info.threads) + " threads");
  io.console.result("peaks", "matrix products fp32 " + format_fixed(peaks.fp32_gflops, 0) +
                                 " GFLOP/s, bf16 " + format_fixed(peaks.bf16_gflops, 0) +
                                 " GFLOP/s, copy " + format_fixed(peaks.copy_gb_per_s, 1) +
                                 " GB/s");
  const std::string unit = models ? "round" : "epoch";
  io.console.result("data", data.source + ": " + group_digits(data.num_items()) +
                                " items; medians of " + std::to_string(o.runs) + " " + unit +
                                (o.runs == 1 ? "" : "s") +
                                (info.threads == 1 ? ", processor time" : ""));
  Json cases = models ? Json::array() : bench_cases(io, wanted, o.profile, data, *device, peaks);
  Json steps = models ? bench_models(io, o, data, *device) : Json::array();
  io.print_json(result_object("isthmus.bench/1")
                    .set("quick", o.quick)
                    .set("device", device_json(info, Precision::kF32))
                    .set("peaks", Json::object()
                                      .set("fp32_gflops", peaks.fp32_gflops)
                                      .set("bf16_gflops", peaks.bf16_gflops)
                                      .set("copy_gb_per_s", peaks.copy_gb_per_s))
                    .set("cases", std::move(cases))
                    .set("models", std::move(steps)));
  return 0;
}

}  // namespace

CommandDef commands::bench() {
  return {.name = "bench",
          .summary = "Speed of training and inference on this machine.",
          .arguments = {"[DATA...]"},
          .examples = {"isthmus bench --quick", "isthmus bench --task models --runs 9",
                       "isthmus bench photos/ --resize 64x64 --preset locatello-64"},
          .common = {"bench.quick", "bench.task", "bench.preset", "bench.model", "bench.precision",
                     "bench.batch", "bench.runs", "bench.profile", "data.limit", "data.resize"},
          .make = command_with(run_bench)};
}

}  // namespace isthmus
