// SPDX-License-Identifier: Apache-2.0
// sub(a, b) = a - b with broadcasting.
#include "isthmus/graph/op.h"

namespace isthmus {

OpDef ops::sub() {
  return {
      .name = "sub",
      .num_inputs = 2,
      .infer = broadcast_types,
      .elementwise = true,
      .gradient =
          [](GraphBuilder& g, const OpCall&, Value dy) {
            return Values{dy, g.neg(dy)};
          },
      .reference = elementwise([](double a, double b) { return a - b; }),
      .definition = [](GraphBuilder& g, const OpCall& c) { return g.add(c.in(0), g.neg(c.in(1))); },
      .cases = binary_cases(-2, 2)};
}

}  // namespace isthmus
