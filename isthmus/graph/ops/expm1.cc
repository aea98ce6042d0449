// SPDX-License-Identifier: Apache-2.0
// expm1(x) = e^x - 1 without cancellation near 0.
#include <cmath>

#include "isthmus/graph/op.h"

namespace isthmus {

OpDef ops::expm1() {
  return {.name = "expm1",
          .infer = same_type_as_input,
          .elementwise = true,
          .gradient = [](GraphBuilder& g, const OpCall& c,
                         Value dy) { return Values{g.mul(dy, g.exp(c.in(0)))}; },
          .reference = elementwise([](double x) { return std::expm1(x); }),
          .cases = unary_cases(-2, 2, {-40, -1e-6, 0, 1e-6, 10})};
}

}  // namespace isthmus
