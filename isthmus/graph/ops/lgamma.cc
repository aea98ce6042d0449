// SPDX-License-Identifier: Apache-2.0
// lgamma(x) = log Gamma(x) for x > 0; infinity at 0, NaN below.
#include "isthmus/base/gamma_functions.h"
#include "isthmus/graph/op.h"

namespace isthmus {

OpDef ops::lgamma() {
  return {.name = "lgamma",
          .infer = same_type_as_input,
          .elementwise = true,
          .gradient = [](GraphBuilder& g, const OpCall& c,
                         Value dy) { return Values{g.mul(dy, g.digamma(c.in(0)))}; },
          .reference = elementwise(log_gamma),
          .cases = unary_cases(0.1, 6, {0.125, 0.5, 1, 1.5, 2, 2.5, 3, 8, 40, 1e4})};
}

}  // namespace isthmus
