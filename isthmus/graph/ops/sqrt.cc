// SPDX-License-Identifier: Apache-2.0
// sqrt(x); x must not be negative, and its gradient is infinite at 0.
#include <cmath>

#include "isthmus/graph/op.h"

namespace isthmus {

OpDef ops::sqrt() {
  return {.name = "sqrt",
          .infer = same_type_as_input,
          .elementwise = true,
          .gradient = [](GraphBuilder& g, const OpCall& c,
                         Value dy) { return Values{g.div(g.mul(dy, g.constant(0.5)), c.out)}; },
          .reference = elementwise([](double x) { return std::sqrt(x); }),
          .cases = unary_cases(0.5, 3, {0.25, 1, 40, 1e4})};
}

}  // namespace isthmus
