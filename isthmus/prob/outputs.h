// SPDX-License-Identifier: Apache-2.0
// What the files of likelihoods share: how a decoder's outputs are cut into parameters, widths with
// a floor, and where outputs start.
//
// A likelihood with P parameters per value has P D outputs in blocks: all first parameters (D),
// then all second ones, ...
#pragma once

#include <cstdint>
#include <vector>

#include "isthmus/graph/graph.h"
#include "isthmus/tensor/data_spec.h"

namespace isthmus {

/// Block `index` of P D outputs: (B, P D) -> (B, D), (B, L, P D) -> (B, L, D).
Value block_of(GraphBuilder& g, Value params, int64_t index, int64_t num_values);

/// One entry for all values as a scalar, D different ones as (D).
Value per_value_constant(GraphBuilder& g, const std::vector<double>& values);

/// A width per value from an output: log_scale passes soft_bound, and the square of `floor` (one
/// for all or D) is added to that of the width, so that a density on rounded values stays bounded
/// and the gradient never stops.
struct Scale {
  Value value, log;
};
Scale floored_scale(GraphBuilder& g, Value log_scale, const std::vector<double>& floor);

/// P numbers from the mean and the deviation of one value on the model's scale.
using FirstParams = std::vector<double> (*)(double mean, double deviation);
/// `of_value` of each value, in blocks: (P D).
std::vector<float> first_params_in_blocks(const DataSpec& data, FirstParams of_value);

/// Log of a positive number that may be estimated as 0: at least log 1e-3.
double log_of_estimate(double value);

}  // namespace isthmus
