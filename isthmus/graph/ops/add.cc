// SPDX-License-Identifier: Apache-2.0
// add(a, b) = a + b with broadcasting.
#include "isthmus/graph/op.h"

namespace isthmus {

OpDef ops::add() {
  return {.name = "add",
          .num_inputs = 2,
          .infer = broadcast_types,
          .elementwise = true,
          .gradient =
              [](GraphBuilder&, const OpCall&, Value dy) {
                return Values{dy, dy};
              },
          .reference = elementwise([](double a, double b) { return a + b; }),
          .cases = binary_cases(-2, 2)};
}

}  // namespace isthmus
