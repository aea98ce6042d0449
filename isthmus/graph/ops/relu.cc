// SPDX-License-Identifier: Apache-2.0
// relu(x) = max(x, 0). The derivative at 0 is 0.
#include "isthmus/graph/op.h"

namespace isthmus {

OpDef ops::relu() {
  return {.name = "relu",
          .infer = same_type_as_input,
          .elementwise = true,
          // By the output, which products read anyway: x is needed by nobody else then.
          .gradient = [](GraphBuilder& g, const OpCall& c,
                         Value dy) { return Values{g.mul(dy, g.greater(c.out, g.constant(0.0)))}; },
          .reference = elementwise([](double x) { return x > 0 ? x : 0.0; }),
          .definition = [](GraphBuilder& g,
                           const OpCall& c) { return g.maximum(c.in(0), g.constant(0.0)); },
          .cases = unary_cases(-2, 2, {-1e4, -40, -1, 1, 40, 1e4})};
}

}  // namespace isthmus
