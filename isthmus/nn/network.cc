// SPDX-License-Identifier: Apache-2.0
// Layers in a row: encoder, decoder and critic of every model are made of them.
#include "isthmus/nn/network.h"

#include <algorithm>

#include "isthmus/nn/activations.h"

namespace isthmus {
namespace {

Value activated(GraphBuilder& g, const std::string& name, Value x) {
  return name.empty() ? x : activation(g, name, x);
}

}  // namespace

Network::Network(const Build& b, std::string_view scope, int64_t in_dim,
                 const NetworkOptions& options, int64_t out_dim)
    : scope_(scope) {
  add_dense_layers(b, in_dim, options, out_dim);
}

void Network::add_dense_layers(const Build& b, int64_t in_dim, const NetworkOptions& options,
                               int64_t out_dim) {
  for (size_t i = 0; i <= options.hidden.size(); ++i) {
    const bool last = i == options.hidden.size();
    LayerOptions layer;
    layer.weight = last ? options.output : hidden_initializer(options);
    if (last) layer.bias = options.output_bias;
    if (!last) layer.activation = options.activation;
    layer.dropout = i == 0 ? options.input_dropout : options.dropout;
    const int64_t out = last ? out_dim : options.hidden[i];
    add_dense(b, in_dim, out, layer, i == 0 ? options.context : 0);
    in_dim = out;
  }
}

Network::Weights Network::make(const Build& b, const Shape& weight, int64_t out,
                               const LayerOptions& options, int64_t context_dim) {
  GraphBuilder& g = b.g;
  const GraphBuilder::Scope network_scope(g, scope_);
  const GraphBuilder::Scope layer_scope(g, next_name());
  Weights made = {.weight = g.parameter("weight", weight, options.weight),
                  .bias = g.parameter("bias", {out}, options.bias),
                  .context = {}};
  if (context_dim > 0) {
    made.context = g.parameter("context", {context_dim, out}, {.kind = "glorot_uniform"});
  }
  for (Value v : {made.weight, made.bias, made.context}) {
    if (v.valid()) parameters_.push_back(v);
  }
  return made;
}

void Network::add_named(std::function<Value(const Build&, Value x, Value context)> apply) {
  layers_.push_back({next_name(), std::move(apply)});
  ++num_named_;
}

void Network::add_dense(const Build& b, int64_t in, int64_t out, const LayerOptions& options,
                        int64_t context_dim) {
  const Weights w = make(b, {in, out}, out, options, context_dim);  // (I, O)
  add_named([w, o = options](const Build& build, Value x, Value context) {
    GraphBuilder& g = build.g;
    x = dropout(build, x, o.dropout, "dropout");
    x = g.add(g.matmul(x, w.weight), w.bias);  // (B, ..., O)
    if (w.context.valid()) x = g.add(x, g.matmul(context, w.context));
    return activated(g, o.activation, x);
  });
}

void Network::add_conv(const Build& b, const Kernel& k, const LayerOptions& options) {
  const Weights w = make(b, {k.size, k.size, k.in, k.out}, k.out, options);
  add_named([w, k, o = options](const Build& build, Value x, Value) {
    GraphBuilder& g = build.g;
    x = dropout(build, x, o.dropout, "dropout");
    x = g.add(g.conv2d({{"stride", k.stride}}, x, w.weight), w.bias);  // (B, ..., H', W', O)
    return activated(g, o.activation, x);
  });
}

void Network::add_conv_transpose(const Build& b, const Kernel& k, std::array<int64_t, 2> size,
                                 const LayerOptions& options) {
  const Weights w = make(b, {k.size, k.size, k.out, k.in}, k.out, options);
  const Attrs attrs = {{"stride", k.stride}, {"size", std::vector<int64_t>{size[0], size[1]}}};
  add_named([w, attrs, o = options](const Build& build, Value x, Value) {
    GraphBuilder& g = build.g;
    x = dropout(build, x, o.dropout, "dropout");
    x = g.add(g.conv2d_transpose(attrs, x, w.weight), w.bias);  // (B, ..., H, W, O)
    return activated(g, o.activation, x);
  });
}

void Network::add_norm(const Build& b, const std::string& kind, int64_t channels,
                       const std::string& name) {
  if (kind == "none") {
    return add([name](const Build& build, Value x) { return activated(build.g, name, x); });
  }
  Value scale, shift;
  {
    const GraphBuilder::Scope network_scope(b.g, scope_);
    const GraphBuilder::Scope layer_scope(b.g, next_name());
    scale = b.g.parameter("scale", {channels}, {.kind = "constant", .value = 1});
    shift = b.g.parameter("shift", {channels}, {});
  }
  parameters_.insert(parameters_.end(), {scale, shift});
  const bool groups = kind == "group";
  add_named([=](const Build& build, Value x, Value) {
    GraphBuilder& g = build.g;
    x = groups ? g.group_norm({{"groups", norm_groups(channels)}}, x) : g.layer_norm(x);
    return activated(g, name, g.add(g.mul(x, scale), shift));  // (B, ..., H, W, C)
  });
}

void Network::add_residual(const Build& b, const std::function<void(Network&)>& fill) {
  Network inner(next_name());
  {
    const GraphBuilder::Scope network_scope(b.g, scope_);
    fill(inner);
  }
  parameters_.insert(parameters_.end(), inner.parameters_.begin(), inner.parameters_.end());
  add([inner](const Build& build, Value x) { return build.g.add(x, inner(build, x)); });
  ++num_named_;
}

void Network::add(std::function<Value(const Build&, Value)> apply) {
  layers_.push_back(
      {{}, [apply = std::move(apply)](const Build& b, Value x, Value) { return apply(b, x); }});
}

Value Network::operator()(const Build& b, Value x, Value context) const {
  const GraphBuilder::Scope network_scope(b.g, scope_);
  for (const Layer& layer : layers_) {
    if (layer.name.empty()) {
      x = layer.apply(b, x, context);
      continue;
    }
    const GraphBuilder::Scope layer_scope(b.g, layer.name);
    x = layer.apply(b, x, context);
  }
  return x;
}

int64_t norm_groups(int64_t channels) {
  int64_t groups = std::clamp<int64_t>(channels / 4, 1, 8);
  while (channels % groups != 0) --groups;
  return groups;
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
