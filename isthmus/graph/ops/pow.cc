// SPDX-License-Identifier: Apache-2.0
// pow(a, b) = a^b with broadcasting. For a <= 0 the gradient with respect to b is 0, so that
// integer powers of any base can be differentiated with respect to the base.
#include <cmath>

#include "isthmus/graph/op.h"

namespace isthmus {

OpDef ops::pow() {
  return {.name = "pow",
          .num_inputs = 2,
          .infer = broadcast_types,
          .elementwise = true,
          .gradient =
              [](GraphBuilder& g, const OpCall& c, Value dy) {
                Value a = c.in(0), b = c.in(1), one = g.constant(1.0);
                Value da = g.mul(dy, g.mul(b, g.pow(a, g.sub(b, one))));
                Value base =
                    g.select(g.greater(a, g.constant(0.0)), a, one);  // log of 1 where a <= 0
                return Values{da, g.mul(dy, g.mul(c.out, g.log(base)))};
              },
          .reference = elementwise([](double a, double b) { return std::pow(a, b); }),
          .cases = binary_cases(0.5, 3)};
}

}  // namespace isthmus
