// SPDX-License-Identifier: Apache-2.0
// Multi-layer perceptron: dense layers with an activation, then one without. Every value of an item
// has its own weights.
#include "isthmus/nn/net.h"

namespace isthmus {
namespace {

Network encoder(const Build& b, const NetRequest& r) {
  return Network(b, r.scope, value_count(r.item), r.options, r.code);
}

Network decoder(const Build& b, const NetRequest& r) {
  return Network(b, r.scope, r.code, mirrored(r.options), r.params_per_value * value_count(r.item));
}

NetFront front(const Shape& item) { return {.values = value_count(item)}; }

}  // namespace

NetDef nets::mlp() {
  return {.name = "mlp",
          .summary = "dense layers",
          .help = "for tables, and for images that all show their subject at the same place",
          .source = "Rumelhart1986",
          .encoder = encoder,
          .decoder = decoder,
          .front = front};
}

}  // namespace isthmus
