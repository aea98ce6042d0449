// SPDX-License-Identifier: Apache-2.0
// Schedules of the learning rate. Pure functions of the step, so that a resumed run continues on
// the same course; the graph sees only the resulting scalar.
#include "isthmus/optim/schedules.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace isthmus {

std::vector<std::string> schedule_names() { return {"constant", "cosine", "step"}; }

double learning_rate_at(const OptimizerOptions& o, int64_t step, int64_t total_steps) {
  if (step < o.warmup) {
    return o.learning_rate * static_cast<double>(step) / static_cast<double>(o.warmup);
  }
  if (o.schedule == "cosine") {
    const int64_t first = std::max<int64_t>(o.warmup, 1);  // the last step at the full rate
    const int64_t length = std::max<int64_t>(1, total_steps - first + 1);
    const double share =
        std::min(1.0, static_cast<double>(step - first) / static_cast<double>(length));
    return o.learning_rate * 0.5 * (1.0 + std::cos(std::numbers::pi * share));
  }
  if (o.schedule == "step") {
    const int64_t drops = (step - 1) / o.step_every;
    return o.learning_rate * std::pow(o.step_factor, static_cast<double>(drops));
  }
  return o.learning_rate;
}

}  // namespace isthmus
