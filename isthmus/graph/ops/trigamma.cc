// SPDX-License-Identifier: Apache-2.0
// trigamma(x), the derivative of digamma, for x > 0; infinity at 0, NaN below. It has no gradient
// of its own: no loss needs a third derivative of lgamma.
#include "isthmus/base/gamma_functions.h"
#include "isthmus/graph/op.h"

namespace isthmus {

OpDef ops::trigamma() {
  return {.name = "trigamma",
          .infer = same_type_as_input,
          .elementwise = true,
          .reference = elementwise(isthmus::trigamma),
          .cases = without_gradient(unary_cases(0.2, 6, {1e-3, 0.1, 0.5, 1, 1.5, 3, 8, 40, 1e4}))};
}

}  // namespace isthmus
