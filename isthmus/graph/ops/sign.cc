// SPDX-License-Identifier: Apache-2.0
// sign(x) = -1, 0 or 1. Piecewise constant: it has no gradient.
#include "isthmus/graph/op.h"

namespace isthmus {

OpDef ops::sign() {
  return {.name = "sign",
          .infer = same_type_as_input,
          .elementwise = true,
          .reference = elementwise([](double x) { return x > 0 ? 1.0 : (x < 0 ? -1.0 : 0.0); }),
          .definition =
              [](GraphBuilder& g, const OpCall& c) {
                return g.sub(g.greater(c.in(0), g.constant(0.0)), g.less(c.in(0), g.constant(0.0)));
              },
          .cases = unary_cases(-2, 2, {-1e4, -40, -1, 1, 40, 1e4})};
}

}  // namespace isthmus
