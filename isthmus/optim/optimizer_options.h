// SPDX-License-Identifier: Apache-2.0
// How weights move, as users set it. Fields that an optimizer does not have are ignored by it; each
// help text says whose they are.
#pragma once

#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include "isthmus/base/options.h"

namespace isthmus {

std::vector<std::string> optimizer_names();  // optimizer.cc: adam adamw sgd
std::vector<std::string> schedule_names();   // schedules.cc: constant cosine step

struct OptimizerOptions {
  std::string name = "adam";
  double learning_rate = 1e-3;
  double weight_decay = 0;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double momentum = 0.9;
  std::string schedule = "constant";
  int64_t warmup = 0;  // steps
  int64_t step_every = 1000;
  double step_factor = 0.5;

  static constexpr auto fields() {
    using O = OptimizerOptions;
    constexpr Presentation rare{.level = OptionLevel::kRare};
    constexpr Bounds decay{.low = 0, .high = 1, .high_open = true};
    return std::tuple{
        field(&O::name, "name", one_of(optimizer_names), "Rule of the update.",
              {.flag = "--optimizer"}),
        field(&O::learning_rate, "learning_rate", greater_than(0), "Learning rate.",
              {.flag = "--lr", .alias = "--learning-rate"}),
        field(
            &O::weight_decay, "weight_decay", at_least(0),
            "Pull of weights towards 0: added to the gradient (adam, sgd), apart from it (adamw)."),
        field(&O::beta1, "beta1", decay, "Decay of the gradient's mean (adam, adamw).", rare),
        field(&O::beta2, "beta2", decay, "Decay of its square's mean (adam, adamw).", rare),
        field(&O::epsilon, "epsilon", greater_than(0),
              "Added to the root of the square's mean (adam, adamw).", rare),
        field(&O::momentum, "momentum", decay, "Decay of the summed gradient (sgd).", rare),
        field(&O::schedule, "schedule", one_of(schedule_names),
              "Course of the learning rate: constant, cosine (to 0 at the last step), step."),
        field(&O::warmup, "warmup", at_least(0), "Steps of linear warm-up of the learning rate."),
        field(&O::step_every, "step_every", at_least(1), "Steps between drops (schedule step).",
              rare),
        field(&O::step_factor, "step_factor", greater_than(0), "Factor of a drop (schedule step).",
              rare)};
  }
};

}  // namespace isthmus
