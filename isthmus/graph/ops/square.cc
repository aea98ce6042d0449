// SPDX-License-Identifier: Apache-2.0
// square(x) = x * x.
#include "isthmus/graph/op.h"

namespace isthmus {

OpDef ops::square() {
  return {.name = "square",
          .infer = same_type_as_input,
          .elementwise = true,
          .gradient = [](GraphBuilder& g, const OpCall& c,
                         Value dy) { return Values{g.mul(dy, g.mul(c.in(0), g.constant(2.0)))}; },
          .reference = elementwise([](double x) { return x * x; }),
          .definition = [](GraphBuilder& g, const OpCall& c) { return g.mul(c.in(0), c.in(0)); },
          .cases = unary_cases(-2, 2, {-40, -1, 0, 1, 40})};
}

}  // namespace isthmus
