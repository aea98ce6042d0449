// SPDX-License-Identifier: Apache-2.0
// greater(a, b) = 1 where a is above b, 0 elsewhere, with broadcasting. It has no gradient.
#include "isthmus/graph/op.h"

namespace isthmus {

OpDef ops::greater() {
  return {.name = "greater",
          .num_inputs = 2,
          .infer = broadcast_types,
          .elementwise = true,
          .reference = elementwise([](double a, double b) { return a > b ? 1.0 : 0.0; }),
          .cases = comparison_cases()};
}

}  // namespace isthmus
