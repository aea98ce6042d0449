// SPDX-License-Identifier: Apache-2.0
// gelu(x) = 0.5 x (1 + erf(x / sqrt 2)), the exact form (not the tanh one).
// Its derivative is Phi(x) + x phi(x) with the standard normal Phi and phi.
#include <cmath>

#include "isthmus/graph/op.h"

namespace isthmus {

OpDef ops::gelu() {
  return {.name = "gelu",
          .infer = same_type_as_input,
          .elementwise = true,
          .gradient =
              [](GraphBuilder& g, const OpCall& c, Value dy) {
                Value x = c.in(0);
                Value erf = g.erf(g.mul(x, g.constant(0.70710678118654752)));
                Value cdf = g.mul(g.add(erf, g.constant(1.0)), g.constant(0.5));
                Value bell = g.exp(g.mul(g.square(x), g.constant(-0.5)));
                Value density = g.mul(bell, g.constant(0.39894228040143268));
                return Values{g.mul(dy, g.add(cdf, g.mul(x, density)))};
              },
          .reference = elementwise(
              [](double x) { return 0.5 * x * (1.0 + std::erf(x * 0.70710678118654752)); }),
          .definition =
              [](GraphBuilder& g, const OpCall& c) {
                return g.mul(
                    g.mul(c.in(0), g.constant(0.5)),
                    g.add(g.erf(g.mul(c.in(0), g.constant(0.70710678118654752))), g.constant(1.0)));
              },
          .cases = unary_cases(-2, 2, {-40, -6, -1, 0, 1, 6, 40})};
}

}  // namespace isthmus
