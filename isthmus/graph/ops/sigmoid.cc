// SPDX-License-Identifier: Apache-2.0
// sigmoid(x) = 1 / (1 + exp(-x)), from exp(-|x|): never overflows.
#include <cmath>

#include "isthmus/graph/op.h"

namespace isthmus {

OpDef ops::sigmoid() {
  return {.name = "sigmoid",
          .infer = same_type_as_input,
          .elementwise = true,
          .gradient =
              [](GraphBuilder& g, const OpCall& c, Value dy) {
                return Values{g.mul(dy, g.mul(c.out, g.sub(g.constant(1.0), c.out)))};
              },
          .reference = elementwise([](double x) {
            const double e = std::exp(-std::fabs(x));
            return (x >= 0 ? 1.0 : e) / (1.0 + e);
          }),
          .definition = [](GraphBuilder& g,
                           const OpCall& c) { return g.exp(g.neg(g.softplus(g.neg(c.in(0))))); },
          .cases = unary_cases(-2, 2, {-1e4, -40, -1, 0, 1, 40, 1e4})};
}

}  // namespace isthmus
