// SPDX-License-Identifier: Apache-2.0
// tanh(x), the hyperbolic tangent.
#include <cmath>

#include "isthmus/graph/op.h"

namespace isthmus {

OpDef ops::tanh() {
  return {.name = "tanh",
          .infer = same_type_as_input,
          .elementwise = true,
          .gradient =
              [](GraphBuilder& g, const OpCall& c, Value dy) {
                return Values{g.mul(dy, g.sub(g.constant(1.0), g.square(c.out)))};
              },
          .reference = elementwise([](double x) { return std::tanh(x); }),
          .cases = unary_cases(-2, 2, {-1e4, -40, -1, 0, 1, 40, 1e4})};
}

}  // namespace isthmus
