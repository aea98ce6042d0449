// SPDX-License-Identifier: Apache-2.0
// The measurements of `isthmus bench`: one case is a task, a batch size and a precision.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "isthmus/base/clock.h"
#include "isthmus/base/json.h"
#include "isthmus/cli/trial.h"
#include "isthmus/model_file/terms.h"

namespace isthmus {

struct BenchCase {
  std::string preset;
  TrialSettings settings;  // of another model with the widths of the preset
  std::string task;        // "train" "encode" "sample" "latency"
  Precision precision = Precision::kF32;
  int64_t batch_size = 512;
  int64_t runs = 3;
  int64_t max_steps = 0;  // of one run; 0: a whole epoch
};

struct Spread {
  double median = 0, min = 0, max = 0;
};
/// Of values times `factor`.
Spread spread_of(std::vector<double> values, double factor);
Json spread_json(const Spread& spread);

/// Seconds of all threads become milliseconds of one step.
StepProfile per_step_ms(const StepProfile& profile, int threads);
Json split_json(const StepProfile& milliseconds);

/// Products of one matrix that stays in the L2 cache: the most that products reach here.
class PeakProducts {
 public:
  PeakProducts(Device& device, Precision precision);
  double best_gflops(int repeats, const Clock& clock);

 private:
  static constexpr int64_t kRows = 1024, kProducts = 32;
  std::unique_ptr<Executor> executor_;
  double gflop_ = 0;
};

struct BenchPeaks {
  double fp32_gflops = 0, bf16_gflops = 0, copy_gb_per_s = 0;
};
/// Matrix products from the L2 cache through the same executor, and a large copy by all threads.
BenchPeaks measure_peaks(Device& device, bool quick);

struct BenchResult {
  BenchCase bench;
  int64_t runs = 0;
  Spread step_ms, epoch_seconds;
  double items_per_second = 0, gflops = 0, peak_share = 0;
  std::optional<StepProfile> split;  // milliseconds per step
  std::optional<Terms> terms;        // of the last step (train)
};
/// Items of an epoch of this task, of so many that are there: no batch is larger.
int64_t items_per_epoch(const std::string& task, int64_t items);
BenchResult run_case(const BenchCase& bench, const Dataset& data, Device& device,
                     const BenchPeaks& peaks);

/// One entry of `cases`.
Json case_json(const BenchResult& result, int threads);

}  // namespace isthmus
