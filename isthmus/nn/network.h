// SPDX-License-Identifier: Apache-2.0
// Multi-layer perceptrons: hidden layers with an activation, then one layer without.
//
//   Value heads = network(g, "encoder", x, {.hidden = {128}}, 40);   // encoder/0, encoder/1
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "isthmus/graph/graph.h"

namespace isthmus {

struct NetworkOptions {
  std::vector<int64_t> hidden;  // widths from input to output; may be empty
  std::string activation = "relu";
  std::string init = "auto";                        // of the hidden layers; auto: glorot_uniform
  Initializer output = {.kind = "glorot_uniform"};  // of the last layer's weight
  Initializer output_bias = {};
};

/// Layers are named scope/0, scope/1, ...; the last one, of width out_dim, is linear and starts as
/// `output` says, whatever `init` says for the hidden ones. Shapes: x (B, ..., I);
/// returns (B, ..., out_dim).
Value network(GraphBuilder& g, std::string_view scope, Value x, const NetworkOptions& options,
              int64_t out_dim);

/// The same widths in reverse order: the decoder of an encoder.
NetworkOptions mirrored(const NetworkOptions& options);

/// The initializer of hidden layers: glorot_uniform, or as named.
Initializer hidden_initializer(const NetworkOptions& options);

}  // namespace isthmus
