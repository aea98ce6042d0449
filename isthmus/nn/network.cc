// SPDX-License-Identifier: Apache-2.0
// A stack of dense layers: encoder, decoder and critic of every model are made here.
#include "isthmus/nn/network.h"

#include "isthmus/nn/activations.h"

namespace isthmus {

Network::Network(const Build& b, std::string_view scope, int64_t in_dim, NetworkOptions options,
                 int64_t out_dim)
    : scope_(scope), options_(std::move(options)) {
  GraphBuilder& g = b.g;
  const GraphBuilder::Scope network_scope(g, scope_);
  std::vector<int64_t> widths = options_.hidden;
  widths.push_back(out_dim);
  for (size_t i = 0; i < widths.size(); ++i) {
    const GraphBuilder::Scope layer_scope(g, std::to_string(i));
    const bool last = i + 1 == widths.size();
    Layer layer;
    layer.weight = g.parameter("weight", {in_dim, widths[i]},
                               last ? options_.output : hidden_initializer(options_));  // (I, O)
    layer.bias = g.parameter("bias", {widths[i]}, last ? options_.output_bias : Initializer{});
    if (i == 0 && options_.context > 0) {
      context_weight_ =
          g.parameter("context", {options_.context, widths[i]}, {.kind = "glorot_uniform"});
    }
    layers_.push_back(layer);
    in_dim = widths[i];
  }
}

Value Network::operator()(const Build& b, Value x, Value context) const {
  GraphBuilder& g = b.g;
  const GraphBuilder::Scope network_scope(g, scope_);
  for (size_t i = 0; i < layers_.size(); ++i) {
    const GraphBuilder::Scope layer_scope(g, std::to_string(i));
    x = dropout(b, x, i == 0 ? options_.input_dropout : options_.dropout, "dropout");
    x = g.add(g.matmul(x, layers_[i].weight), layers_[i].bias);  // (B, ..., O)
    if (i == 0 && context_weight_.valid()) x = g.add(x, g.matmul(context, context_weight_));
    if (i + 1 < layers_.size()) x = activation(g, options_.activation, x);
  }
  return x;
}

Values Network::parameters() const {
  Values all;
  for (const Layer& layer : layers_) {
    all.push_back(layer.weight);
    all.push_back(layer.bias);
  }
  if (context_weight_.valid()) all.push_back(context_weight_);
  return all;
}

NetworkOptions mirrored(const NetworkOptions& options) {
  NetworkOptions mirror = options;
  mirror.hidden.assign(options.hidden.rbegin(), options.hidden.rend());
  return mirror;
}

Initializer hidden_initializer(const NetworkOptions& options) {
  if (options.init != "auto") return {.kind = options.init};
  return {.kind = "glorot_uniform"};
}

Value dropout(const Build& b, Value x, double rate, std::string_view stream) {
  if (b.mode == Mode::kInference || rate == 0) return x;
  GraphBuilder& g = b.g;
  Value kept = g.greater_equal(g.uniform(g.fresh_stream(stream), g.shape(x)), g.constant(rate));
  return g.mul(g.mul(x, kept), g.constant(1 / (1 - rate)));
}

}  // namespace isthmus
