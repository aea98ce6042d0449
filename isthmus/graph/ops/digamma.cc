// SPDX-License-Identifier: Apache-2.0
// digamma(x), the derivative of lgamma, for x > 0; -infinity at 0, NaN below.
#include "isthmus/base/gamma_functions.h"
#include "isthmus/graph/op.h"

namespace isthmus {

OpDef ops::digamma() {
  return {.name = "digamma",
          .infer = same_type_as_input,
          .elementwise = true,
          .gradient = [](GraphBuilder& g, const OpCall& c,
                         Value dy) { return Values{g.mul(dy, g.trigamma(c.in(0)))}; },
          .reference = elementwise(isthmus::digamma),
          .cases = once_differentiable(unary_cases(0.2, 6, {0.1, 0.5, 1, 1.4616, 3, 8, 40, 1e4}))};
}

}  // namespace isthmus
