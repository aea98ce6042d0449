// SPDX-License-Identifier: Apache-2.0
// gamma_draw{stream}(shape): a Gamma value of the given shape and rate 1, from the uniform noise
// of the named stream. A composite of gamma_quantile; no gradient passes.
#include "isthmus/graph/op.h"

namespace isthmus {

OpDef ops::gamma_draw() {
  return {
      .name = "gamma_draw",
      .attributes = {"stream"},
      .infer = [](const Attrs&, const std::vector<ValueType>& in) { return per_row(in[0].shape); },
      .expand =
          [](GraphBuilder& g, const OpCall& c) {
            const Value u = g.uniform(c.attrs.text("stream"), g.shape(c.in(0)));
            return g.gamma_quantile(c.in(0), u);
          },
      .cases = without_gradient(
          {{.attrs = {{"stream", "draw"}}, .inputs = {per_row({4})}, .low = 0.5, .high = 9},
           {.attrs = {{"stream", "draw"}}, .inputs = {per_row({5, 3})}, .low = 0.5, .high = 9}})};
}

}  // namespace isthmus
