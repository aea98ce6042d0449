// SPDX-License-Identifier: Apache-2.0
// abs(x) = |x|. The derivative is sign(x), so 0 at 0.
#include <cmath>

#include "isthmus/graph/op.h"

namespace isthmus {

OpDef ops::abs() {
  return {.name = "abs",
          .infer = same_type_as_input,
          .elementwise = true,
          .gradient = [](GraphBuilder& g, const OpCall& c,
                         Value dy) { return Values{g.mul(dy, g.sign(c.in(0)))}; },
          .reference = elementwise([](double x) { return std::fabs(x); }),
          .definition = [](GraphBuilder& g,
                           const OpCall& c) { return g.maximum(c.in(0), g.neg(c.in(0))); },
          .cases = unary_cases(-2, 2, {-1e4, -40, -1, 1, 40, 1e4})};
}

}  // namespace isthmus
