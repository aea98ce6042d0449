// SPDX-License-Identifier: Apache-2.0
// First values of parameters, from their own keyed draws: the same seed and name give the same bits
// on every machine, whatever else the model holds.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "isthmus/base/rng_key.h"
#include "isthmus/graph/graph.h"

namespace isthmus {

/// Kinds without a parameter of their own, as users may name them for weights.
std::vector<std::string> weight_initializer_names();

/// Fans: a (..., I, O) weight has fan_in = product of all but the last size, fan_out = O; a vector
/// has its size for both. Variances: glorot 2 / (fan_in + fan_out), he 2 / fan_in, lecun 1 /
/// fan_in; a uniform kind draws from (-a, a) with a = sqrt(3 * variance). Error E2003 for an
/// unknown kind.
Tensor initialize(const Initializer& initializer, const Shape& shape, RngKey key);

/// All parameters and states of a graph by name; the key of each is (seed, "init/<name>").
NamedTensors initialize(const Graph& graph, uint64_t seed);

}  // namespace isthmus
