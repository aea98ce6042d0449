// SPDX-License-Identifier: Apache-2.0
// equal(a, b) = 1 where a is equal to b, 0 elsewhere, with broadcasting. It has no gradient.
#include "isthmus/graph/op.h"

namespace isthmus {

OpDef ops::equal() {
  return {.name = "equal",
          .num_inputs = 2,
          .infer = broadcast_types,
          .elementwise = true,
          .reference = elementwise([](double a, double b) { return a == b ? 1.0 : 0.0; }),
          .definition =
              [](GraphBuilder& g, const OpCall& c) {
                return g.mul(g.less_equal(c.in(0), c.in(1)), g.greater_equal(c.in(0), c.in(1)));
              },
          .cases = comparison_cases()};
}

}  // namespace isthmus
