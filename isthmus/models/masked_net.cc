// SPDX-License-Identifier: Apache-2.0
#include "isthmus/models/masked_net.h"

#include <algorithm>
#include <numeric>

#include "isthmus/models/coder.h"
#include "isthmus/nn/activations.h"

namespace isthmus {
namespace {

Value constant_of(GraphBuilder& g, const std::vector<int64_t>& places, const Shape& shape) {
  Tensor tensor(Dtype::kF32, shape);
  std::ranges::transform(places, tensor.values<float>().begin(),
                         [](int64_t place) { return static_cast<float>(place); });
  return g.constant(tensor);
}

/// Units see 1, 2, ..., `most` values, as evenly spread as their number allows: drawn ones would
/// leave gaps in narrow layers.
std::vector<int64_t> hidden_places(int64_t width, int64_t most) {
  std::vector<int64_t> places(static_cast<size_t>(width));
  for (int64_t k = 0; k < width; ++k) places[static_cast<size_t>(k)] = 1 + k * most / width;
  return places;
}

}  // namespace

NetworkOptions network_options(const DenseOptions& options) {
  return network_options(CoderOptions{.hidden = options.hidden, .activation = options.activation});
}

MaskedNet::MaskedNet(const ModelBuild& b, std::string_view scope, const Places& places,
                     const NetworkOptions& options)
    : scope_(scope), activation_(options.activation) {
  GraphBuilder& g = b.g;
  const GraphBuilder::Scope network_scope(g, scope_);
  const int64_t most = std::max<int64_t>(1, static_cast<int64_t>(places.inputs.size()) - 1);
  std::vector<int64_t> from = places.inputs;
  for (size_t i = 0; i <= options.hidden.size(); ++i) {
    const bool last = i == options.hidden.size();
    std::vector<int64_t> to = last ? places.outputs : hidden_places(options.hidden[i], most);
    const auto in = static_cast<int64_t>(from.size()), out = static_cast<int64_t>(to.size());
    const GraphBuilder::Scope layer_scope(g, std::to_string(i));
    const Initializer first = last ? Initializer{} : hidden_initializer(options);
    layers_.push_back(
        {.weight = g.parameter("weight", {in, out}, first),
         .bias = g.parameter("bias", {out}, last ? options.output_bias : Initializer{}),
         .from = constant_of(g, from, {in, 1}),
         .to = constant_of(g, to, {out}),
         .last = last});
    from = std::move(to);
  }
}

Value MaskedNet::operator()(const ModelBuild& b, Value x) const {
  GraphBuilder& g = b.g;
  const GraphBuilder::Scope network_scope(g, scope_);
  for (size_t i = 0; i < layers_.size(); ++i) {
    const Layer& layer = layers_[i];
    const GraphBuilder::Scope layer_scope(g, std::to_string(i));
    // A unit of place p has seen values up to p; an output must not see its own.
    const Value mask =
        layer.last ? g.greater(layer.to, layer.from) : g.greater_equal(layer.to, layer.from);
    x = g.add(g.matmul(x, g.mul(layer.weight, mask)), layer.bias);
    if (!layer.last) x = activation(g, activation_, x);
  }
  return x;
}

std::vector<int64_t> natural_places(int64_t num_values) {
  std::vector<int64_t> places(static_cast<size_t>(num_values));
  std::iota(places.begin(), places.end(), int64_t{1});
  return places;
}

std::vector<int64_t> repeated(const std::vector<int64_t>& places, int64_t blocks) {
  std::vector<int64_t> all;
  for (int64_t i = 0; i < blocks; ++i) all.insert(all.end(), places.begin(), places.end());
  return all;
}

}  // namespace isthmus
