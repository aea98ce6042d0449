// SPDX-License-Identifier: Apache-2.0
// silu(x) = x * sigmoid(x).
#include <cmath>

#include "isthmus/graph/op.h"

namespace isthmus {

OpDef ops::silu() {
  return {.name = "silu",
          .infer = same_type_as_input,
          .elementwise = true,
          .gradient =
              [](GraphBuilder& g, const OpCall& c, Value dy) {
                Value s = g.sigmoid(c.in(0)), one = g.constant(1.0);
                return Values{g.mul(dy, g.mul(s, g.add(one, g.mul(c.in(0), g.sub(one, s)))))};
              },
          .reference = elementwise([](double x) {
            const double e = std::exp(-std::fabs(x));
            return x * (x >= 0 ? 1.0 : e) / (1.0 + e);
          }),
          .definition = [](GraphBuilder& g,
                           const OpCall& c) { return g.mul(c.in(0), g.sigmoid(c.in(0))); },
          .cases = unary_cases(-2, 2, {-40, -6, -1, 0, 1, 6, 40})};
}

}  // namespace isthmus
