// SPDX-License-Identifier: Apache-2.0
// The learning rate of each step: plain functions, outside the graph.
#pragma once

#include <cstdint>

#include "isthmus/optim/optimizer_options.h"

namespace isthmus {

/// Learning rate at `step`, counted from 1, of `total_steps`. Warm-up rises linearly and reaches
/// the full rate at step `warmup`. constant stays there; cosine falls from there to 0, which it
/// would reach one step after total_steps; step multiplies by step_factor after every step_every
/// steps, warm-up included.
double learning_rate_at(const OptimizerOptions& options, int64_t step, int64_t total_steps);

}  // namespace isthmus
