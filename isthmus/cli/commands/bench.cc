// SPDX-License-Identifier: Apache-2.0
// isthmus bench: speed of training and inference on this machine, on real data when they are
// installed. Times are of whole epochs; the peaks that they are compared with are measured in the
// same run.
#include <algorithm>

#include "isthmus/base/text.h"
#include "isthmus/cli/bench_cases.h"
#include "isthmus/cli/command.h"
#include "isthmus/data/known_sets.h"
#include "isthmus/verbs/json_results.h"

namespace isthmus {
namespace {

std::vector<std::string> bench_precisions() { return {"both", "fp32", "bf16"}; }

std::vector<std::string> bench_tasks() { return {"all", "train", "encode", "sample", "latency"}; }

struct BenchOptions {
  bool quick = false;
  std::string task = "all";
  std::string preset = "vae-784-128-20";
  std::string precision = "both";
  std::optional<int64_t> batch;
  int64_t runs = 3;
  bool profile = false;
  static constexpr auto fields() {
    using O = BenchOptions;
    return std::tuple{
        field(&O::quick, "bench.quick", any_value(),
              "Shorter runs; training only unless --task says otherwise."),
        field(&O::task, "bench.task", one_of(bench_tasks), "What is measured."),
        field(&O::preset, "bench.preset", one_of(preset_words), "Which network."),
        field(&O::precision, "bench.precision", one_of(bench_precisions), "Which precision."),
        field(&O::batch, "bench.batch", between(1, 1000000), "Batch size; none: 128 and 512.",
              {.flag = "--batch"}),
        field(&O::runs, "bench.runs", between(1, 1000),
              "Timed epochs per case (of encode and sample: passes over 10,000 items)."),
        field(&O::profile, "bench.profile", any_value(), "Print where the time of a step goes.")};
  }
};

Dataset bench_data(CommandIo& io) {
  const KnownSet* set = find_known_set("fashion-mnist");
  if (set != nullptr && folder_of(*set, DataOptions{}.search_path)) {
    return open_dataset("fashion-mnist", {}, io.limits(), "train");
  }
  return made_up_images(60000, 28, 1);
}

std::vector<BenchCase> cases_of(const BenchOptions& o) {
  std::vector<BenchCase> cases;
  std::vector<int64_t> batches = {128, 512};
  if (o.batch) batches = {*o.batch};
  std::vector<std::string> tasks = {"train", "encode", "sample", "latency"};
  if (o.quick) tasks = {"train"};
  if (o.task != "all") tasks = {o.task};
  for (const std::string& task : tasks) {
    for (int64_t batch : task == "latency" ? std::vector<int64_t>{1} : batches) {
      for (Precision precision : {Precision::kF32, Precision::kBF16}) {
        const std::string name(precision_name(precision));
        if (o.precision != "both" && o.precision != name) continue;
        cases.push_back({.preset = o.preset,
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

void print_case(CommandIo& io, const BenchResult& r, bool profile) {
  const double rate = r.items_per_second;
  io.console.result(pad_right(r.bench.task, 8) + column(std::to_string(r.bench.batch_size), 5) +
                    "  " + std::string(precision_name(r.bench.precision)) +
                    column(format_fixed(r.step_ms.median, 3), 10) +
                    column(format_fixed(r.epoch_seconds.median, 3), 10) +
                    column(group_digits(static_cast<int64_t>(rate)), 12) +
                    column(format_fixed(r.gflops, 1), 10) +
                    column(format_fixed(100 * r.peak_share, 0) + " %", 7));
  if (!profile || !r.split) return;
  const StepProfile& s = *r.split;
  const auto ms = [](double v) { return format_fixed(v, 3); };
  io.console.result("         ms per step: gemm " + ms(s.gemm) + ", likelihood " +
                    ms(s.likelihood) + ", optimizer " + ms(s.optimizer) + ", packing " +
                    ms(s.packing) + ", input " + ms(s.input) + ", barrier " + ms(s.barrier) +
                    ", other " + ms(s.other));
}

int run_bench(CommandIo& io, const BenchOptions& o) {
  const Dataset data = bench_data(io);
  const auto device = io.open_device();
  const DeviceInfo& info = device->info();
  const BenchPeaks peaks = measure_peaks(*device, o.quick);
  io.console.result("device", info.name + ", " + info.instruction_set + ", " +
                                  std::to_string(info.threads) + " threads");
  io.console.result("peaks", "matrix products fp32 " + format_fixed(peaks.fp32_gflops, 0) +
                                 " GFLOP/s, bf16 " + format_fixed(peaks.bf16_gflops, 0) +
                                 " GFLOP/s, copy " + format_fixed(peaks.copy_gb_per_s, 1) +
                                 " GB/s");
  io.console.result("data", data.source + ": " + group_digits(data.num_items()) +
                                " items; medians of " + std::to_string(o.runs) +
                                (o.runs == 1 ? " epoch" : " epochs"));
  io.console.result("task     batch  type   step ms   epoch s     items/s   GFLOP/s   peak");
  Json list = Json::array();
  for (const BenchCase& bench : cases_of(o)) {
    const BenchResult result = run_case(bench, data, *device, peaks);
    print_case(io, result, o.profile);
    list.push_back(case_json(result, info.threads));
  }
  io.print_json(result_object("isthmus.bench/1")
                    .set("quick", o.quick)
                    .set("device", device_json(info, Precision::kF32))
                    .set("peaks", Json::object()
                                      .set("fp32_gflops", peaks.fp32_gflops)
                                      .set("bf16_gflops", peaks.bf16_gflops)
                                      .set("copy_gb_per_s", peaks.copy_gb_per_s))
                    .set("cases", std::move(list)));
  return 0;
}

}  // namespace

CommandDef commands::bench() {
  return {.name = "bench",
          .summary = "Speed of training and inference on this machine.",
          .examples = {"isthmus bench --quick", "isthmus bench --batch 512 --profile"},
          .make = command_with(run_bench)};
}

}  // namespace isthmus
