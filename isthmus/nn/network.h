// SPDX-License-Identifier: Apache-2.0
// Layers in a row. A network makes its parameters once and can be applied any number of times.
//
//   const Network encoder(b, "encoder", 784, {.hidden = {128}}, 40);   // encoder/0, encoder/1
//   Value heads = encoder(b, x);                                      // (B, 784) -> (B, 40)
#pragma once

#include <array>
#include <functional>
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
  int64_t context = 0;       // width of a second input of the first dense layer; 0: none
};

/// A layer with parameters, and what stands around its product.
struct LayerOptions {
  Initializer weight = {.kind = "glorot_uniform"};
  Initializer bias = {};
  std::string activation = {};  // behind it; empty: none
  double dropout = 0;           // share of its inputs that a training step leaves out
};

class Network {
 public:
  /// Without a layer. Those that are added are named scope/0, scope/1, ...
  explicit Network(std::string_view scope) : scope_(scope) {}
  /// Dense layers; the last one, of width out_dim, is linear and starts as `output` says, whatever
  /// `init` says for the hidden ones.
  Network(const Build& b, std::string_view scope, int64_t in_dim, const NetworkOptions& options,
          int64_t out_dim);

  /// (..., in) -> (..., out). With `context` > 0 a context (B, C) enters as a product of its own,
  /// "context" (C, out): beside x, not joined to it, so that x is read as it lies.
  void add_dense(const Build& b, int64_t in, int64_t out, const LayerOptions& options,
                 int64_t context = 0);
  /// Dense layers as the constructor makes them.
  void add_dense_layers(const Build& b, int64_t in_dim, const NetworkOptions& options,
                        int64_t out_dim);
  /// Images (..., H, W, C) -> (..., ceil(H / stride), ceil(W / stride), O), padding same.
  struct Kernel {
    int64_t size = 4, stride = 2;
    int64_t in = 1, out = 1;  // channels
  };
  void add_conv(const Build& b, const Kernel& kernel, const LayerOptions& options);
  /// The transpose: to images of `size` {H, W}.
  void add_conv_transpose(const Build& b, const Kernel& kernel, std::array<int64_t, 2> size,
                          const LayerOptions& options);
  /// Images (..., H, W, C) normalized and given a scale and a shift for each channel, then the
  /// activation. `kind` is group (all pixels and a group of channels together), layer (the channels
  /// of each pixel), or none: the activation alone, without a name. Source: Wu and He 2018.
  void add_norm(const Build& b, const std::string& kind, int64_t channels,
                const std::string& activation);
  /// x + f(x), where f is what `fill` adds: scope/k/0, scope/k/1, ...
  void add_residual(const Build& b, const std::function<void(Network&)>& fill);
  /// A layer without parameters: what its `apply` makes of the value before.
  void add(std::function<Value(const Build&, Value)> apply);

  /// x (B, ..., I) -> (B, ..., out_dim).
  Value operator()(const Build& b, Value x, Value context = {}) const;

  /// Weights and biases in order of creation.
  const Values& parameters() const { return parameters_; }

 private:
  struct Layer {
    std::string name;  // within the network's scope; empty: no parameters
    std::function<Value(const Build&, Value x, Value context)> apply;
  };
  struct Weights {
    Value weight, bias, context;
  };
  /// Parameters of the next layer, in its scope; context_dim 0: none of that.
  Weights make(const Build& b, const Shape& weight, int64_t out, const LayerOptions& options,
               int64_t context_dim = 0);
  void add_named(std::function<Value(const Build&, Value x, Value context)> apply);
  std::string next_name() const { return std::to_string(num_named_); }

  std::string scope_;
  std::vector<Layer> layers_;
  Values parameters_;
  int64_t num_named_ = 0;
};

/// Groups of at least 4 channels, at most 8 groups; the channels of prime numbers are one.
int64_t norm_groups(int64_t channels);

/// The same widths in reverse order: the decoder of an encoder.
NetworkOptions mirrored(const NetworkOptions& options);

/// The initializer of hidden layers: glorot_uniform, or as named.
Initializer hidden_initializer(const NetworkOptions& options);

/// x with a share `rate` of its values set to 0 and the others divided by 1 - rate, so that the
/// mean stays; x itself at inference or with rate 0. The noise is that of stream `stream` within
/// the builder's scope. Source: Srivastava et al. 2014.
Value dropout(const Build& b, Value x, double rate, std::string_view stream);

}  // namespace isthmus
