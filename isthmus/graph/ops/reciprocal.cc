// SPDX-License-Identifier: Apache-2.0
// reciprocal(x) = 1 / x; infinite at 0.
#include "isthmus/graph/op.h"

namespace isthmus {

OpDef ops::reciprocal() {
  return {.name = "reciprocal",
          .infer = same_type_as_input,
          .elementwise = true,
          .gradient = [](GraphBuilder& g, const OpCall& c,
                         Value dy) { return Values{g.neg(g.mul(dy, g.square(c.out)))}; },
          .reference = elementwise([](double x) { return 1.0 / x; }),
          .definition = [](GraphBuilder& g,
                           const OpCall& c) { return g.div(g.constant(1.0), c.in(0)); },
          .cases = unary_cases(0.5, 3, {-1e4, -40, -1, 1, 40, 1e4})};
}

}  // namespace isthmus
