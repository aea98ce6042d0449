// SPDX-License-Identifier: Apache-2.0
// poisson_quantile(rate, u): the smallest count k with P(X <= k) >= u, for 0 < u < 1: a Poisson
// draw if u is uniform. Elementwise with broadcasting; no gradient. See base/quantiles.h. The
// reference adds the probabilities from 0 on, so it is meant for rates up to some thousands.
#include <cmath>
#include <limits>

#include "isthmus/base/gamma_functions.h"
#include "isthmus/graph/op.h"

namespace isthmus {

namespace {

double smallest_count(double rate, double u) {
  if (!(rate >= 0 && u > 0 && u < 1)) return std::numeric_limits<double>::quiet_NaN();
  double sum = 0, k = 0;
  for (;; k += 1) {
    sum += rate > 0 ? std::exp(k * std::log(rate) - rate - log_gamma(k + 1)) : 1;
    if (sum >= u || k > 20 * (rate + 10)) return k;
  }
}

}  // namespace

OpDef ops::poisson_quantile() {
  return {.name = "poisson_quantile",
          .num_inputs = 2,
          .infer = broadcast_types,
          .elementwise = true,
          .reference = elementwise(smallest_count),
          .cases =
              without_gradient({{.inputs = {per_row({4}), per_row({4})}, .low = 0.01, .high = 0.99},
                                {.inputs = {per_row({5, 3}), once({3})},
                                 .low = 0.01,
                                 .high = 0.99,
                                 .values = {0, 0.5, 3, 20, 100, 1000}}})};
}

}  // namespace isthmus
