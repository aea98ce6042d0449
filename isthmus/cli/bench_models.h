// SPDX-License-Identifier: Apache-2.0
// Training steps of several models against the products that they need, timed in turn, so that what
// else the machine does meanwhile falls on all of them alike.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "isthmus/base/json.h"
#include "isthmus/cli/bench_cases.h"

namespace isthmus {

struct StepToTime {
  std::string name;  // "vae --prior vamp"
  Graph graph;
  Scaling scaling;  // of the data
};

/// The vae, every other model that is trained in steps, then the priors and posteriors that are not
/// the usual ones, and a bound of many draws: "vae", "iwae", "vae --prior vamp".
std::vector<std::string> bench_model_names();
/// What makes a preset such a model. Error E2003 for other names.
TrialSettings bench_model_settings(const std::string& name);

/// Of all of them in that order, with the widths of a preset.
std::vector<StepToTime> steps_of_models(const std::string& preset, const Dataset& data);

struct StepTimes {
  std::string name;
  Spread step_ms;            // over the rounds, of their medians
  double product_gflop = 0;  // of one step
  double peak_share = 0;     // of products from the cache, measured in the same rounds
  Spread over_products;      // time by that of its products at the share of the first step
  double over_first = 0;     // time by that of the first step
  StepProfile split;         // milliseconds
};

struct RoundOptions {
  Precision precision = Precision::kF32;
  int64_t batch_size = 512;
  int64_t rounds = 9;
};

/// Error E2202 that names the operations when a step has some that no kernel runs.
std::vector<StepTimes> time_in_turn(const std::vector<StepToTime>& steps, const Dataset& data,
                                    Device& device, const RoundOptions& options);

/// One entry of `models`.
Json step_times_json(const StepTimes& times, const RoundOptions& options);

}  // namespace isthmus
