// SPDX-License-Identifier: Apache-2.0
// continuous_bernoulli_mean(t) = 1 / (1 - exp(-t)) - 1 / t, in (0, 1): the mean of the continuous
// Bernoulli with logit t, and the derivative of its log normalizer. A series replaces the
// difference of two large numbers at |t| < 0.5.
#include <cmath>

#include "isthmus/graph/op.h"

namespace isthmus {

namespace {

double mean_of(double t) {
  if (std::fabs(t) < 0.5) {
    const double u = t * t;
    return 0.5 + t * (1.0 / 12 +
                      u * (-1.0 / 720 + u * (1.0 / 30240 - u * (1.0 / 1209600 - u / 47900160))));
  }
  return -1.0 / std::expm1(-t) - 1.0 / t;
}

}  // namespace

OpDef ops::continuous_bernoulli_mean() {
  return {
      .name = "continuous_bernoulli_mean",
      .infer = same_type_as_input,
      .elementwise = true,
      .gradient =
          [](GraphBuilder& g, const OpCall& c, Value dy) {
            return Values{g.mul(dy, g.continuous_bernoulli_variance(c.in(0)))};
          },
      .reference = elementwise(mean_of),
      .cases = once_differentiable(unary_cases(-3, 3, {-1e4, -40, -1, -0.1, 0, 0.1, 1, 40, 1e4}))};
}

}  // namespace isthmus
