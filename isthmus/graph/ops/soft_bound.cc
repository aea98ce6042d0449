// SPDX-License-Identifier: Apache-2.0
// soft_bound(x): the identity on [-10, 10], outside sign(x) * (10 + 5 * (1 - exp(-(|x| - 10) /
// 5))). Bounds a log variance to (-15, 15) without a kink, so that its exponential stays finite.
// The derivative is exp(-max(|x| - 10, 0) / 5).
#include <cmath>

#include "isthmus/graph/op.h"

namespace isthmus {

OpDef ops::soft_bound() {
  return {.name = "soft_bound",
          .infer = same_type_as_input,
          .elementwise = true,
          .gradient =
              [](GraphBuilder& g, const OpCall& c, Value dy) {
                Value excess = g.relu(g.sub(g.abs(c.in(0)), g.constant(10.0)));
                return Values{g.mul(dy, g.exp(g.mul(excess, g.constant(-0.2))))};
              },
          .reference = elementwise([](double x) {
            const double excess = std::fmax(std::fabs(x) - 10.0, 0.0);
            if (excess == 0) return x;
            return std::copysign(10.0 - 5.0 * std::expm1(-0.2 * excess), x);
          }),
          .definition =
              [](GraphBuilder& g, const OpCall& c) {
                Value beyond = g.relu(g.sub(g.abs(c.in(0)), g.constant(10.0)));
                Value bent = g.mul(g.expm1(g.mul(beyond, g.constant(-0.2))), g.constant(-5.0));
                Value inside = g.clamp({{"low", -10.0}, {"high", 10.0}}, c.in(0));
                return g.add(inside, g.mul(g.sign(c.in(0)), bent));
              },
          .cases = unary_cases(-15, 15, {-1e4, -40, -11, -1, 0, 1, 11, 40, 1e4})};
}

}  // namespace isthmus
