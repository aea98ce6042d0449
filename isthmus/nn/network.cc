// SPDX-License-Identifier: Apache-2.0
// A stack of dense layers: encoder and decoder of every model so far are made here.
#include "isthmus/nn/network.h"

#include "isthmus/nn/activations.h"
#include "isthmus/nn/linear.h"

namespace isthmus {

Value network(GraphBuilder& g, std::string_view scope, Value x, const NetworkOptions& options,
              int64_t out_dim) {
  const GraphBuilder::Scope network_scope(g, scope);
  const Initializer initializer = hidden_initializer(options);
  size_t index = 0;
  for (int64_t width : options.hidden) {
    const GraphBuilder::Scope layer(g, std::to_string(index++));
    x = activation(g, options.activation, linear(g, x, width, initializer));
  }
  const GraphBuilder::Scope layer(g, std::to_string(index));
  return linear(g, x, out_dim, options.output, options.output_bias);
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

}  // namespace isthmus
