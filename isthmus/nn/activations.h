// SPDX-License-Identifier: Apache-2.0
// Activations by name: the words that users write, each one operation of the graph.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "isthmus/graph/graph.h"

namespace isthmus {

/// relu leaky_relu tanh sigmoid gelu silu elu softplus identity
std::vector<std::string> activation_names();

/// Elementwise; leaky_relu has slope 0.01, elu alpha 1, gelu is the exact form; identity returns x
/// itself. Error E2003 with the nearest name if there is none such.
Value activation(GraphBuilder& g, std::string_view name, Value x);

}  // namespace isthmus
