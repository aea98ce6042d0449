// SPDX-License-Identifier: Apache-2.0
// Multi-layer perceptrons: hidden layers with an activation, then one layer without. A network
// makes its parameters once and can be applied any number of times.
//
//   const Network encoder(b, "encoder", 784, {.hidden = {128}}, 40);   // encoder/0, encoder/1
//   Value heads = encoder(b, x);                                      // (B, 784) -> (B, 40)
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "isthmus/nn/build.h"

namespace isthmus {

struct NetworkOptions {
  std::vector<int64_t> hidden;  // widths from input to output; may be empty
  std::string activation = "relu";
  std::string init = "auto";                        // of the hidden layers; auto: glorot_uniform
  Initializer output = {.kind = "glorot_uniform"};  // of the last layer's weight
  Initializer output_bias = {};
  double input_dropout = 0;  // share of the inputs that a training step leaves out
  double dropout = 0;        // the same of the hidden units
  int64_t context = 0;       // width of a second input of the first layer; 0: none
};

/// Layers are named scope/0, scope/1, ...; the last one, of width out_dim, is linear and starts as
/// `output` says, whatever `init` says for the hidden ones.
class Network {
 public:
  Network(const Build& b, std::string_view scope, int64_t in_dim, NetworkOptions options,
          int64_t out_dim);

  /// x (B, ..., I) -> (B, ..., out_dim). A context (B, C) enters the first layer as a product of
  /// its own, "context" (C, H): beside x, not joined to it, so that x is read as it lies.
  Value operator()(const Build& b, Value x, Value context = {}) const;

  /// Weights and biases in order of creation.
  Values parameters() const;

 private:
  struct Layer {
    Value weight, bias;
  };
  std::string scope_;
  NetworkOptions options_;
  std::vector<Layer> layers_;
  Value context_weight_;
};

/// The same widths in reverse order: the decoder of an encoder.
NetworkOptions mirrored(const NetworkOptions& options);

/// The initializer of hidden layers: glorot_uniform, or as named.
Initializer hidden_initializer(const NetworkOptions& options);

/// x with a share `rate` of its values set to 0 and the others divided by 1 - rate, so that the
/// mean stays; x itself at inference or with rate 0. The noise is that of stream `stream` within
/// the builder's scope. Source: Srivastava et al. 2014.
Value dropout(const Build& b, Value x, double rate, std::string_view stream);

}  // namespace isthmus
