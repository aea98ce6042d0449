// SPDX-License-Identifier: Apache-2.0
// mul(a, b) = a * b with broadcasting.
#include "isthmus/graph/op.h"

namespace isthmus {

OpDef ops::mul() {
  return {.name = "mul",
          .num_inputs = 2,
          .infer = broadcast_types,
          .elementwise = true,
          .gradient =
              [](GraphBuilder& g, const OpCall& c, Value dy) {
                return Values{g.mul(dy, c.in(1)), g.mul(dy, c.in(0))};
              },
          .reference = elementwise([](double a, double b) { return a * b; }),
          .cases = binary_cases(-2, 2)};
}

}  // namespace isthmus
