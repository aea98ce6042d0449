// SPDX-License-Identifier: Apache-2.0
// bernoulli_draw{stream}(logits): 1 with probability sigmoid(logits), else 0, from the uniform
// noise of the named stream. A composite; no gradient passes (see straight_through).
#include "isthmus/graph/op.h"

namespace isthmus {

OpDef ops::bernoulli_draw() {
  return {
      .name = "bernoulli_draw",
      .attributes = {"stream"},
      .infer = [](const Attrs&, const std::vector<ValueType>& in) { return per_row(in[0].shape); },
      .expand =
          [](GraphBuilder& g, const OpCall& c) {
            Value u = g.uniform(c.attrs.text("stream"), g.shape(c.in(0)));
            return g.less(u, g.sigmoid(c.in(0)));
          },
      .cases = {{.attrs = {{"stream", "draw"}}, .inputs = {per_row({4})}},
                {.attrs = {{"stream", "draw"}}, .inputs = {per_row({5, 3})}}}};
}

}  // namespace isthmus
