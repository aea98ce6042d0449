// SPDX-License-Identifier: Apache-2.0
// erf(x), the error function.
#include <cmath>

#include "isthmus/graph/op.h"

namespace isthmus {

OpDef ops::erf() {
  return {
      .name = "erf",
      .infer = same_type_as_input,
      .elementwise = true,
      .gradient =
          [](GraphBuilder& g, const OpCall& c, Value dy) {
            Value bell = g.exp(g.neg(g.square(c.in(0))));
            return Values{g.mul(dy, g.mul(bell, g.constant(1.1283791670955126)))};  // 2 / sqrt(pi)
          },
      .reference = elementwise([](double x) { return std::erf(x); }),
      .cases = unary_cases(-2, 2, {-40, -6, -1, 0, 1, 6, 40})};
}

}  // namespace isthmus
