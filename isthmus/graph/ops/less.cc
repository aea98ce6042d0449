// SPDX-License-Identifier: Apache-2.0
// less(a, b) = 1 where a is below b, 0 elsewhere, with broadcasting. It has no gradient.
#include "isthmus/graph/op.h"

namespace isthmus {

OpDef ops::less() {
  return {
      .name = "less",
      .num_inputs = 2,
      .infer = broadcast_types,
      .elementwise = true,
      .reference = elementwise([](double a, double b) { return a < b ? 1.0 : 0.0; }),
      .definition = [](GraphBuilder& g, const OpCall& c) { return g.greater(c.in(1), c.in(0)); },
      .cases = comparison_cases()};
}

}  // namespace isthmus
