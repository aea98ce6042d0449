// SPDX-License-Identifier: Apache-2.0
// tanh(x), the hyperbolic tangent.
#include <cmath>

#include "isthmus/graph/op.h"

namespace isthmus {

OpDef ops::tanh() {
  return {.name = "tanh",
          .infer = same_type_as_input,
          .elementwise = true,
          .gradient =
              [](GraphBuilder& g, const OpCall& c, Value dy) {
                return Values{g.mul(dy, g.sub(g.constant(1.0), g.square(c.out)))};
              },
          .reference = elementwise([](double x) { return std::tanh(x); }),
          .definition =
              [](GraphBuilder& g, const OpCall& c) {
                // Of |x|, from what is small: no cancellation near 0, no overflow.
                Value e = g.expm1(g.mul(g.abs(c.in(0)), g.constant(-2.0)));
                return g.mul(g.sign(c.in(0)), g.div(g.neg(e), g.add(e, g.constant(2.0))));
              },
          .cases = unary_cases(-2, 2, {-1e4, -40, -1, 0, 1, 40, 1e4})};
}

}  // namespace isthmus
