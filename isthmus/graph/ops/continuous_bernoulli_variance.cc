// SPDX-License-Identifier: Apache-2.0
// continuous_bernoulli_variance(t) = 1 / t^2 - 1 / (4 sinh(t / 2)^2): the variance of the
// continuous Bernoulli with logit t, and the second derivative of its log normalizer. It has no
// gradient: third derivatives of the normalizer are not needed.
#include <cmath>

#include "isthmus/graph/op.h"

namespace isthmus {

namespace {

double variance_of(double t) {
  if (std::fabs(t) < 0.5) {
    const double u = t * t;
    return 1.0 / 12 + u * (-1.0 / 240 + u * (1.0 / 6048 - u * (1.0 / 172800 - u / 5322240)));
  }
  const double s = std::sinh(t / 2);  // infinite for large t: its reciprocal is then 0
  return 1.0 / (t * t) - 0.25 / (s * s);
}

}  // namespace

OpDef ops::continuous_bernoulli_variance() {
  return {.name = "continuous_bernoulli_variance",
          .infer = same_type_as_input,
          .elementwise = true,
          .reference = elementwise(variance_of),
          .cases = without_gradient(unary_cases(-3, 3, {-1e4, -40, -1, -0.1, 0, 0.1, 1, 40, 1e4}))};
}

}  // namespace isthmus
