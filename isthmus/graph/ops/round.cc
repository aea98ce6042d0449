// SPDX-License-Identifier: Apache-2.0
// round(x): the nearest whole number, ties to the even one. Piecewise constant: it has no gradient.
#include <cmath>

#include "isthmus/graph/op.h"

namespace isthmus {

OpDef ops::round() {
  return {
      .name = "round",
      .infer = same_type_as_input,
      .elementwise = true,
      .reference = elementwise([](double x) { return std::nearbyint(x); }),
      .cases = without_gradient(unary_cases(-4, 4, {-1e4, -2.5, -1.5, -0.5, 0, 0.5, 1.5, 2.5}))};
}

}  // namespace isthmus
