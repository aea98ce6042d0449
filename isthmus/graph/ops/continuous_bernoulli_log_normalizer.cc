// SPDX-License-Identifier: Apache-2.0
// continuous_bernoulli_log_normalizer(t) = log((exp(t) - 1) / t): the density of x in [0, 1] with
// logit t is exp(x * t - this). Near 0 both parts of the closed form diverge, so a series takes
// over at |t| < 0.5. Source: Loaiza-Ganem & Cunningham 2019, arXiv:1907.06845.
#include <cmath>

#include "isthmus/graph/op.h"

namespace isthmus {

namespace {

double log_normalizer(double t) {
  if (std::fabs(t) < 0.5) {
    const double u = t * t;
    return t / 2 + u * (1.0 / 24 + u * (-1.0 / 2880 +
                                        u * (1.0 / 181440 - u * (1.0 / 9676800 - u / 479001600))));
  }
  const double size = std::fabs(t);
  return std::fmax(t, 0.0) + std::log(-std::expm1(-size)) - std::log(size);
}

}  // namespace

OpDef ops::continuous_bernoulli_log_normalizer() {
  return {
      .name = "continuous_bernoulli_log_normalizer",
      .infer = same_type_as_input,
      .elementwise = true,
      .gradient = [](GraphBuilder& g, const OpCall& c,
                     Value dy) { return Values{g.mul(dy, g.continuous_bernoulli_mean(c.in(0)))}; },
      .reference = elementwise(log_normalizer),
      .cases = unary_cases(-3, 3, {-1e4, -40, -1, -0.1, 0, 0.1, 1, 40, 1e4})};
}

}  // namespace isthmus
