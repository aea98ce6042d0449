// SPDX-License-Identifier: Apache-2.0
// minimum(a, b) with broadcasting. Where a equals b the gradient goes to a.
#include "isthmus/graph/op.h"

namespace isthmus {

OpDef ops::minimum() {
  return {.name = "minimum",
          .num_inputs = 2,
          .infer = broadcast_types,
          .elementwise = true,
          .gradient =
              [](GraphBuilder& g, const OpCall& c, Value dy) {
                return Values{g.mul(dy, g.less_equal(c.in(0), c.in(1))),
                              g.mul(dy, g.greater(c.in(0), c.in(1)))};
              },
          .reference = elementwise([](double a, double b) { return a <= b ? a : b; }),
          .definition =
              [](GraphBuilder& g, const OpCall& c) {
                return g.neg(g.maximum(g.neg(c.in(0)), g.neg(c.in(1))));
              },
          .cases = binary_cases(-2, 2)};
}

}  // namespace isthmus
