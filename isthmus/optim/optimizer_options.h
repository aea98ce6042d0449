// SPDX-License-Identifier: Apache-2.0
// How weights move, as users set it; optimizers and schedules own the rest.
#pragma once

#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include "isthmus/base/own_options.h"

namespace isthmus {

std::vector<std::string> optimizer_names();  // optimizer.cc: adam adamw sgd
std::vector<std::string> schedule_names();   // schedules.cc: constant cosine step

const std::vector<OptionOwner>& optimizer_option_owners();
std::vector<BoundOption> all_optimizer_options();

inline constexpr Bounds kDecay{.low = 0, .high = 1, .high_open = true};

struct OptimizerOptions {
  std::string name = "adam";
  double learning_rate = 1e-3;
  std::string schedule = "constant";
  int64_t warmup = 0;  // steps
  OwnOptions own;      // of the optimizer and the schedule

  static constexpr auto fields() {
    using O = OptimizerOptions;
    return std::tuple{
        field(&O::name, "name", one_of(optimizer_names), "Rule of the update.",
              {.flag = "--optimizer"}),
        field(&O::learning_rate, "learning_rate", greater_than(0), "Learning rate.",
              {.flag = "--lr", .alias = "--learning-rate"}),
        field(&O::schedule, "schedule", one_of(schedule_names),
              "Course of the learning rate: constant, cosine (to 0 at the last step), step."),
        field(&O::warmup, "warmup", at_least(0), "Steps of linear warm-up of the learning rate."),
        owned(&O::own, all_optimizer_options)};
  }
};

}  // namespace isthmus
