// SPDX-License-Identifier: Apache-2.0
// gamma_quantile(shape, u): the x with P(X <= x) = u under Gamma(shape, rate 1), for 0 < u < 1: a
// draw if u is uniform. Elementwise with broadcasting; no gradient. See base/quantiles.h.
#include "isthmus/base/quantiles.h"
#include "isthmus/graph/op.h"

namespace isthmus {

namespace {

/// By halving; P(X <= x) is tested on its own.
double where_cdf_is(double shape, double u) {
  if (!(shape > 0 && u > 0 && u < 1)) return gamma_quantile(shape, u);
  double low = 0, high = 10 * shape + 100;
  for (int k = 0; k < 200; ++k) {
    const double middle = 0.5 * (low + high);
    (gamma_cdf(shape, middle) < u ? low : high) = middle;
  }
  return high;
}

}  // namespace

OpDef ops::gamma_quantile() {
  return {.name = "gamma_quantile",
          .num_inputs = 2,
          .infer = broadcast_types,
          .elementwise = true,
          .reference = elementwise(where_cdf_is),
          .cases =
              without_gradient({{.inputs = {per_row({4}), per_row({4})}, .low = 0.05, .high = 0.95},
                                {.inputs = {per_row({5, 3}), once({3})},
                                 .low = 0.05,
                                 .high = 0.95,
                                 .values = {0.1, 0.5, 3, 20, 100, 1000}}})};
}

}  // namespace isthmus
