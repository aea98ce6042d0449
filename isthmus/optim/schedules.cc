// SPDX-License-Identifier: Apache-2.0
// Schedules of the learning rate. Pure functions of the step, so that a resumed run continues on
// the same course; the graph sees only the resulting scalar.
#include "isthmus/optim/schedules.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace isthmus {
namespace {

struct StepScheduleOptions {
  int64_t step_every = 1000;
  double step_factor = 0.5;

  static constexpr auto fields() {
    using O = StepScheduleOptions;
    constexpr Presentation rare{.level = OptionLevel::kRare};
    return std::tuple{field(&O::step_every, "optimizer.step_every", at_least(1),
                            "Steps between drops of the learning rate.", rare),
                      field(&O::step_factor, "optimizer.step_factor", greater_than(0),
                            "Factor of a drop.", rare)};
  }
};

double constant_factor(StepPlace) { return 1; }

double cosine_factor(StepPlace at) {
  const int64_t first = std::max<int64_t>(at.warmup, 1);  // the last step at the full rate
  const int64_t length = std::max<int64_t>(1, at.total_steps - first + 1);
  const double share =
      std::min(1.0, static_cast<double>(at.step - first) / static_cast<double>(length));
  return 0.5 * (1.0 + std::cos(std::numbers::pi * share));
}

double step_factor(StepPlace at, const StepScheduleOptions& o) {
  return std::pow(o.step_factor, static_cast<double>((at.step - 1) / o.step_every));
}

}  // namespace

const Registry<ScheduleDef>& all_schedules() {
  static const Registry<ScheduleDef> all(
      {.noun = "schedule", .key = "optimizer.schedule", .usual = "constant"},
      {{.name = "constant",
        .summary = "the full rate to the end",
        .help = "for runs without a planned end",
        .factor = constant_factor},
       {.name = "cosine",
        .summary = "falls to 0 at the last step",
        .help = "for a fixed number of epochs: the last ones settle",
        .source = "Loshchilov2017",
        .factor = cosine_factor,
        .spans_run = true},
       {.name = "step",
        .summary = "drops by a factor every so many steps",
        .help = "to repeat published courses",
        .factor = step_factor}});
  return all;
}

std::vector<std::string> schedule_names() { return all_schedules().names(); }

double learning_rate_at(const OptimizerOptions& o, int64_t step, int64_t total_steps) {
  if (step < o.warmup) {
    return o.learning_rate * static_cast<double>(step) / static_cast<double>(o.warmup);
  }
  return o.learning_rate *
         all_schedules()
             .find(o.schedule)
             .factor({.step = step, .warmup = o.warmup, .total_steps = total_steps}, o.own);
}

}  // namespace isthmus
