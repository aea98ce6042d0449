// SPDX-License-Identifier: Apache-2.0
// less_equal(a, b) = 1 where a is at most b, 0 elsewhere, with broadcasting. It has no gradient.
#include "isthmus/graph/op.h"

namespace isthmus {

OpDef ops::less_equal() {
  return {.name = "less_equal",
          .num_inputs = 2,
          .infer = broadcast_types,
          .elementwise = true,
          .reference = elementwise([](double a, double b) { return a <= b ? 1.0 : 0.0; }),
          .definition =
              [](GraphBuilder& g, const OpCall& c) {
                return g.sub(g.constant(1.0), g.greater(c.in(0), c.in(1)));
              },
          .cases = comparison_cases()};
}

}  // namespace isthmus
