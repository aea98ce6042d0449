// SPDX-License-Identifier: Apache-2.0
// The learning rate of each step: plain functions, outside the graph, one definition per course.
#pragma once

#include <cstdint>

#include "isthmus/base/registry.h"
#include "isthmus/optim/optimizer_options.h"

namespace isthmus {

/// Where a step stands: counted from 1, after `warmup` steps.
struct StepPlace {
  int64_t step = 1, warmup = 0, total_steps = 1;
};

struct ScheduleDef {
  std::string_view name = {};
  std::string_view summary = {};
  std::string_view help = {};    // when to use it
  std::string_view source = {};  // key in docs/references.bib
  /// Factor of the learning rate behind the warm-up. Pure, so that a resumed run stays on course.
  WithOptions<double(StepPlace)> factor = {};
  /// The factor depends on total_steps, so that another end changes every step.
  bool spans_run = false;

  std::vector<BoundOption> options() const { return factor.options(); }
};
const Registry<ScheduleDef>& all_schedules();

/// Learning rate at `step`, counted from 1, of `total_steps`. Warm-up rises linearly and reaches
/// the full rate at step `warmup`. constant stays there; cosine falls from there to 0, which it
/// would reach one step after total_steps; step multiplies by step_factor after every step_every
/// steps, warm-up included.
double learning_rate_at(const OptimizerOptions& options, int64_t step, int64_t total_steps);

}  // namespace isthmus
