// SPDX-License-Identifier: Apache-2.0
// Every chosen draw against every posterior, per latent and for all of them.
#include "isthmus/metrics/aggregate_posterior.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace isthmus {
namespace {

constexpr double kLog2Pi = 1.8378770664093454836;

/// log of the mean of exp(values).
double log_mean_exp(std::span<const double> values) {
  const double largest = *std::max_element(values.begin(), values.end());
  double sum = 0;
  for (const double v : values) sum += std::exp(v - largest);
  return largest + std::log(sum / static_cast<double>(values.size()));
}

MetricResult result_of(const ItemMean& mean) {
  MetricResult r{.value = mean.mean(), .standard_error = {}};
  if (mean.count() > 1) r.standard_error = mean.standard_error();
  return r;
}

}  // namespace

AggregatePosterior aggregate_posterior(std::span<const float> mean, std::span<const float> log_var,
                                       std::span<const float> draw, int64_t latent_dim,
                                       int64_t most_draws) {
  const auto z = static_cast<size_t>(latent_dim);
  const size_t items = mean.size() / z, draws = std::min(items, static_cast<size_t>(most_draws));
  // By latent, (Z, N): mean, 1/(2 var), and the constant.
  std::vector<double> m(items * z), precision(items * z), constant(items * z);
  for (size_t n = 0; n < items; ++n) {
    for (size_t j = 0; j < z; ++j) {
      const double v = static_cast<double>(log_var[n * z + j]);
      m[j * items + n] = static_cast<double>(mean[n * z + j]);
      precision[j * items + n] = 0.5 * std::exp(-v);
      constant[j * items + n] = -0.5 * (kLog2Pi + v);
    }
  }
  ItemMean information, kl, correlation, by_dimension;
  std::vector<double> joint(items), one(items);
  for (size_t d = 0; d < draws; ++d) {
    const size_t item = d * items / draws;
    std::fill(joint.begin(), joint.end(), 0.0);
    double marginals = 0, prior = 0;
    for (size_t j = 0; j < z; ++j) {
      const double value = static_cast<double>(draw[item * z + j]);
      const double *means = &m[j * items], *precisions = &precision[j * items],
                   *constants = &constant[j * items];
      for (size_t n = 0; n < items; ++n) {
        const double delta = value - means[n];
        one[n] = constants[n] - delta * delta * precisions[n];
        joint[n] += one[n];
      }
      marginals += log_mean_exp(one);
      prior -= 0.5 * (kLog2Pi + value * value);
    }
    const double own = joint[item], all = log_mean_exp(joint);
    information.add(own - all);
    kl.add(all - prior);
    correlation.add(all - marginals);
    by_dimension.add(marginals - prior);
  }
  return {.mutual_information = result_of(information),
          .kl = result_of(kl),
          .total_correlation = result_of(correlation),
          .dimension_kl = result_of(by_dimension),
          .items = static_cast<int64_t>(items),
          .draws = static_cast<int64_t>(draws)};
}

}  // namespace isthmus
