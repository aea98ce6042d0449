// SPDX-License-Identifier: Apache-2.0
// clamp{low, high}(x) = min(max(x, low), high). The derivative is 1 on the closed interval and 0
// outside.
#include <cmath>

#include "isthmus/graph/op.h"

namespace isthmus {

OpDef ops::clamp() {
  return {.name = "clamp",
          .attributes = {"low", "high"},
          .infer = same_type_as_input,
          .elementwise = true,
          .gradient = [](GraphBuilder& g, const OpCall& c,
                         Value dy) { return Values{g.mul(dy, g.equal(c.in(0), c.out))}; },
          .reference = elementwise_with([](const Attrs& a, double x) {
            return std::fmin(std::fmax(x, a.number("low")), a.number("high"));
          }),
          .definition =
              [](GraphBuilder& g, const OpCall& c) {
                return g.minimum(g.maximum(c.in(0), g.constant(c.attrs.number("low"))),
                                 g.constant(c.attrs.number("high")));
              },
          .cases = with_attributes({{"low", -0.75}, {"high", 1.25}},
                                   unary_cases(-2, 2, {-1e4, -40, -1, 0, 1, 40, 1e4}))};
}

}  // namespace isthmus
