// SPDX-License-Identifier: Apache-2.0
// layer_norm{epsilon}(x) = (x - mean) / sqrt(variance + epsilon) over the last axis, variance with
// 1 / C; epsilon 1e-5 by default. Scale and shift are the caller's. A composite.
// Source: Ba, Kiros and Hinton 2016.
#include "isthmus/graph/op.h"

namespace isthmus {

namespace {

Value expand_layer_norm(GraphBuilder& g, const OpCall& c) {
  const double epsilon = c.attrs.has("epsilon") ? c.attrs.number("epsilon") : 1e-5;
  const Attrs over = {{"axis", -1}, {"keep", 1}};
  const Value centred = g.sub(c.in(0), g.mean(over, c.in(0)));
  const Value variance = g.mean(over, g.square(centred));
  return g.div(centred, g.sqrt(g.add(variance, g.constant(epsilon))));
}

}  // namespace

OpDef ops::layer_norm() {
  return {.name = "layer_norm",
          .optional_attributes = {"epsilon"},
          .infer =
              [](const Attrs&, const std::vector<ValueType>& in) {
                if (in[0].shape.empty()) {
                  shape_error("x has no axis: it is " + shape_text(in[0]), "channels last");
                }
                return in[0];
              },
          .expand = expand_layer_norm,
          .cases = {{.inputs = {per_row({6})}},
                    {.inputs = {per_row({2, 3, 5})}},
                    {.attrs = {{"epsilon", 0.1}}, .inputs = {per_row({1})}}}};
}

}  // namespace isthmus
