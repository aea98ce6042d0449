// SPDX-License-Identifier: Apache-2.0
// Times steps and epochs. Every number is a median over runs in one process; nothing is compared
// with stored numbers here.
#include "isthmus/cli/bench_cases.h"

#include <algorithm>
#include <cstring>
#include <functional>
#include <numeric>

#include "isthmus/base/clock.h"
#include "isthmus/base/thread_pool.h"
#include "isthmus/graph/product_flops.h"
#include "isthmus/models/inference.h"
#include "isthmus/nn/initializers.h"
#include "isthmus/verbs/infer.h"

namespace isthmus {
namespace {

constexpr int64_t kWarmUpSteps = 20;
constexpr int64_t kLatencySteps = 2000;
constexpr int64_t kInferenceItems = 10000;

/// Bytes read and written per second by all threads.
double copy_gb_per_second(int threads) {
  constexpr size_t kBytes = size_t{32} << 20;
  std::vector<Bytes> from(static_cast<size_t>(threads), Bytes(kBytes));
  std::vector<Bytes> to(static_cast<size_t>(threads), Bytes(kBytes));
  ThreadPool pool(threads);
  const auto body = [&](int64_t task, int) {
    const auto i = static_cast<size_t>(task);
    std::memcpy(to[i].data(), from[i].data(), kBytes);
  };
  double best = 1e30;
  for (int i = 0; i < 5; ++i) {
    const double begin = monotonic_clock().seconds();
    pool.run(threads, body);
    best = std::min(best, monotonic_clock().seconds() - begin);
  }
  return 2.0 * static_cast<double>(kBytes) * threads / best / 1e9;
}

/// Runs `runs` times `steps` steps and fills in the times.
void time_steps(BenchResult& r, int64_t steps, const Clock& clock,
                const std::function<double()>& step) {
  std::vector<double> step_seconds, run_seconds;
  for (int64_t run = 0; run < r.bench.runs; ++run) {
    const double begin = clock.seconds();
    for (int64_t i = 0; i < steps; ++i) step_seconds.push_back(step());
    run_seconds.push_back(clock.seconds() - begin);
  }
  r.runs = r.bench.runs;
  r.step_ms = spread_of(std::move(step_seconds), 1e3);
  r.epoch_seconds = spread_of(std::move(run_seconds), 1);
}

void time_training(BenchResult& r, const ModelSetup& model, const Dataset& data, Device& device) {
  Trial trial(model, data, device, r.bench.batch_size, r.bench.precision);
  require_kernels(trial.executor(), r.bench.task + " of " + r.bench.preset);
  for (int64_t i = 0; i < kWarmUpSteps; ++i) trial.step();
  trial.executor().reset_profile();
  const int64_t epoch = trial.steps_per_epoch();
  const int64_t steps = r.bench.max_steps > 0 ? std::min(epoch, r.bench.max_steps) : epoch;
  time_steps(r, steps, Trial::clock_for(device.info()), [&] { return trial.step(); });
  r.split = per_step_ms(trial.executor().profile(), device.info().threads);
  Terms terms;
  terms.objective = trial.executor().scalar("objective");
  const Abilities has = abilities_of(model);
  if (has.codes || has.density) {
    terms.reconstruction = trial.executor().scalar("term/reconstruction");
  }
  if (has.elbo) {
    terms.kl = trial.executor().scalar("term/kl");
    terms.elbo = -(terms.reconstruction + terms.kl);
  }
  r.terms = terms;
  const double items = static_cast<double>(std::min(steps * trial.batch_size(), trial.num_items()));
  r.items_per_second = items / r.epoch_seconds.median;
  r.gflops = trial.step_product_flops() / static_cast<double>(trial.batch_size()) *
             r.items_per_second / 1e9;
}

/// Encoder or decoder on whole passes over 10,000 items (or as many draws); latency: over 2,000.
void time_inference(BenchResult& r, const ModelSetup& model, const Dataset& data, Device& device) {
  const bool decodes = r.bench.task == "sample";
  const Graph graph = decodes ? decode_graph(model, Draw::kNone) : encode_graph(model, Draw::kNone);
  const auto executor =
      device.compile(graph, {.max_rows = r.bench.batch_size, .precision = r.bench.precision});
  require_kernels(*executor, r.bench.task + " of " + r.bench.preset);
  for (const auto& [name, tensor] : initialize(graph, 0)) executor->set(name, tensor);
  const int64_t n = items_per_epoch(r.bench.task, data.num_items());
  if (decodes) {
    executor->bind_input("z", prior_draws(n, *latent_dim_of(model.model), 1.0, 0), Scaling{});
  } else {
    executor->bind_input("x", data.values, model.data.scaling);
  }
  std::vector<int64_t> items(static_cast<size_t>(n));
  std::iota(items.begin(), items.end(), 0);
  const Clock& clock = Trial::clock_for(device.info());
  int64_t next = 0;
  const auto step = [&] {
    const double begin = clock.seconds();
    const int64_t rows = std::min(r.bench.batch_size, n - next);
    executor->run({.items = std::span<const int64_t>(items).subspan(static_cast<size_t>(next),
                                                                    static_cast<size_t>(rows))});
    next = next + rows < n ? next + rows : 0;
    return clock.seconds() - begin;
  };
  const int64_t steps = (n + r.bench.batch_size - 1) / r.bench.batch_size;
  for (int64_t i = 0; i < std::max(steps, kWarmUpSteps) / steps * steps; ++i) step();
  time_steps(r, steps, clock, step);
  r.items_per_second = static_cast<double>(n) / r.epoch_seconds.median;
  r.gflops = product_flops(graph, r.bench.batch_size) / static_cast<double>(r.bench.batch_size) *
             r.items_per_second / 1e9;
}

}  // namespace

Spread spread_of(std::vector<double> values, double factor) {
  std::sort(values.begin(), values.end());
  return {.median = factor * values[values.size() / 2],
          .min = factor * values.front(),
          .max = factor * values.back()};
}

StepProfile per_step_ms(const StepProfile& p, int threads) {
  const double factor = p.steps > 0 ? 1e3 / static_cast<double>(p.steps) / threads : 0;
  return {.steps = p.steps,
          .gemm = factor * p.gemm,
          .likelihood = factor * p.likelihood,
          .optimizer = factor * p.optimizer,
          .packing = factor * p.packing,
          .input = factor * p.input,
          .barrier = factor * p.barrier,
          .other = factor * p.other};
}

Json spread_json(const Spread& spread) {
  return Json::object().set("median", spread.median).set("min", spread.min).set("max", spread.max);
}

Json split_json(const StepProfile& s) {
  return Json::object()
      .set("gemm", s.gemm)
      .set("likelihood", s.likelihood)
      .set("optimizer", s.optimizer)
      .set("packing", s.packing)
      .set("input", s.input)
      .set("barrier", s.barrier)
      .set("other", s.other);
}

PeakProducts::PeakProducts(Device& device, Precision precision) {
  constexpr int64_t kSize = 256;
  GraphBuilder g;
  const Value w = g.parameter("w", {kSize, kSize}, {.kind = "glorot_uniform"});
  Value product = g.input("x", {kSize});
  for (int64_t i = 0; i < kProducts; ++i) product = g.matmul(product, w);
  g.output("mean", g.batch_mean(g.sum_items(product)));
  const Graph graph = std::move(g).finish();
  executor_ = device.compile(graph, {.max_rows = kRows, .precision = precision});
  for (const auto& [name, tensor] : initialize(graph, 0)) executor_->set(name, tensor);
  executor_->bind_input("x", prior_draws(kRows, kSize, 1.0, 0), Scaling{});
  gflop_ = product_flops(graph, kRows) / 1e9;
}

double PeakProducts::best_gflops(int repeats, const Clock& clock) {
  std::vector<int64_t> items(kRows);
  std::iota(items.begin(), items.end(), 0);
  double best = 1e30;
  for (int i = 0; i < repeats; ++i) {
    const double begin = clock.seconds();
    executor_->run({.items = items});
    best = std::min(best, clock.seconds() - begin);
  }
  return gflop_ / best;
}

BenchPeaks measure_peaks(Device& device, bool quick) {
  const int repeats = quick ? 10 : 40;
  BenchPeaks peaks;
  peaks.fp32_gflops =
      PeakProducts(device, Precision::kF32).best_gflops(repeats, Trial::clock_for(device.info()));
  peaks.bf16_gflops =
      PeakProducts(device, Precision::kBF16).best_gflops(repeats, Trial::clock_for(device.info()));
  peaks.copy_gb_per_s = copy_gb_per_second(device.info().threads);
  return peaks;
}

int64_t items_per_epoch(const std::string& task, int64_t items) {
  if (task == "train") return items;
  return std::min(items, task == "latency" ? kLatencySteps : kInferenceItems);
}

BenchResult run_case(const BenchCase& bench, const Dataset& data, Device& device,
                     const BenchPeaks& peaks) {
  BenchResult r;
  r.bench = bench;
  const ModelSetup model = trial_model(bench.preset, data, bench.settings);
  if (bench.task == "train") {
    time_training(r, model, data, device);
  } else {
    time_inference(r, model, data, device);
  }
  const double peak = bench.precision == Precision::kF32 ? peaks.fp32_gflops : peaks.bf16_gflops;
  r.peak_share = peak > 0 ? r.gflops / peak : 0;
  return r;
}

Json case_json(const BenchResult& r, int threads) {
  const std::string precision(precision_name(r.bench.precision));
  return Json::object()
      .set("name", r.bench.task + "-" + std::to_string(r.bench.batch_size) + "-" + precision)
      .set("preset", r.bench.preset)
      .set("task", r.bench.task)
      .set("precision", precision)
      .set("batch_size", r.bench.batch_size)
      .set("threads", threads)
      .set("runs", r.runs)
      .set("step_ms", spread_json(r.step_ms))
      .set("epoch_seconds", spread_json(r.epoch_seconds))
      .set("items_per_second", r.items_per_second)
      .set("gflops", r.gflops)
      .set("peak_share", r.peak_share)
      .set("split_ms", r.split ? split_json(*r.split) : Json())
      .set("terms", r.terms ? terms_json(*r.terms) : Json());
}

}  // namespace isthmus
