// SPDX-License-Identifier: Apache-2.0
// div(a, b) = a / b with broadcasting; b must not be 0.
#include "isthmus/graph/op.h"

namespace isthmus {

OpDef ops::div() {
  return {.name = "div",
          .num_inputs = 2,
          .infer = broadcast_types,
          .elementwise = true,
          .gradient =
              [](GraphBuilder& g, const OpCall& c, Value dy) {
                return Values{g.div(dy, c.in(1)), g.neg(g.div(g.mul(dy, c.out), c.in(1)))};
              },
          .reference = elementwise([](double a, double b) { return a / b; }),
          .cases = binary_cases(0.5, 3)};
}

}  // namespace isthmus
