// SPDX-License-Identifier: Apache-2.0
// The list of activations. What each computes stands in graph/ops; this only maps words to
// operations, so that options, networks and the model summary share one list.
#include "isthmus/nn/activations.h"

#include <algorithm>

#include "isthmus/base/registry.h"

namespace isthmus {

namespace {

/// The usual constants of activations that have one.
Attrs attributes_of(std::string_view name) {
  if (name == "leaky_relu") return {{"slope", 0.01}};
  if (name == "elu") return {{"alpha", 1.0}};
  return {};
}

}  // namespace

std::vector<std::string> activation_names() {
  return {"relu", "leaky_relu", "tanh", "sigmoid", "gelu", "silu", "elu", "softplus", "identity"};
}

Value activation(GraphBuilder& g, std::string_view name, Value x) {
  if (name == "identity") return x;
  const std::vector<std::string> names = activation_names();
  if (std::find(names.begin(), names.end(), name) == names.end()) {
    refuse_name({.noun = "activation", .key = "activation"}, name, names);
  }
  return g.call(name, attributes_of(name), {x});
}

}  // namespace isthmus
