// SPDX-License-Identifier: Apache-2.0
// Distributions of one class of C, as latents: a draw is a one-hot row, the mean are the
// probabilities. With the exact posterior of a mixture, log p(x|z) + log p(z) - log q(z|x) is log
// p(x) whatever the draw.
#pragma once

#include "isthmus/prob/distribution.h"

namespace isthmus {

/// `log_weight`: normalised log probabilities, (B, C), or (C) for all rows.
Distribution one_hot_distribution(GraphBuilder& g, Value log_weight);

/// Which of C classes a uniform in (0, 1), of shape S, falls on: a whole number of shape S.
/// `log_weight` as above; where it has rows, u is (B, S...).
Value chosen_class(GraphBuilder& g, Value log_weight, Value u);

/// The number of the largest value of the last axis, of equal ones the first: (..., C) -> (...).
/// Without a gradient.
Value largest_class(GraphBuilder& g, Value x);

/// 1 at the place that a whole number names: index of shape S -> S + (C).
Value one_hot(GraphBuilder& g, Value index, int64_t num_classes);

}  // namespace isthmus
