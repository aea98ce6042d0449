// SPDX-License-Identifier: Apache-2.0
// elu{alpha}(x) = x where x > 0, alpha * (exp(x) - 1) elsewhere.
// The derivative at 0 is alpha, and below 0 it is the value plus alpha.
#include <cmath>

#include "isthmus/graph/op.h"

namespace isthmus {

OpDef ops::elu() {
  return {.name = "elu",
          .attributes = {"alpha"},
          .infer = same_type_as_input,
          .elementwise = true,
          .gradient =
              [](GraphBuilder& g, const OpCall& c, Value dy) {
                Value alpha = g.constant(c.attrs.number("alpha"));
                Value positive = g.greater(c.in(0), g.constant(0.0));
                return Values{g.mul(dy, g.select(positive, g.constant(1.0), g.add(c.out, alpha)))};
              },
          .reference = elementwise_with([](const Attrs& a, double x) {
            return x > 0 ? x : a.number("alpha") * std::expm1(x);
          }),
          .definition =
              [](GraphBuilder& g, const OpCall& c) {
                return g.select(g.greater(c.in(0), g.constant(0.0)), c.in(0),
                                g.mul(g.expm1(g.minimum(c.in(0), g.constant(0.0))),
                                      g.constant(c.attrs.number("alpha"))));
              },
          .cases = with_attributes({{"alpha", 0.5}}, unary_cases(-2, 2, {-40, -6, -1, 1, 6, 40}))};
}

}  // namespace isthmus
