// SPDX-License-Identifier: Apache-2.0
// floor(x): the largest whole number that is not above x. Piecewise constant: it has no gradient.
#include <cmath>

#include "isthmus/graph/op.h"

namespace isthmus {

OpDef ops::floor() {
  return {.name = "floor",
          .infer = same_type_as_input,
          .elementwise = true,
          .reference = elementwise([](double x) { return std::floor(x); }),
          .cases = without_gradient(unary_cases(-4, 4, {-1e4, -2.5, -1, -0.5, 0, 0.5, 1, 2.5}))};
}

}  // namespace isthmus
