// SPDX-License-Identifier: Apache-2.0
// The posteriors of all items together, q(z) = mean of q(z|x_n), where each is a diagonal normal:
//   mean KL(q(z|x) || p) = I(x; z) + KL(q(z) || p),
//   KL(q(z) || p) = total correlation + sum of KL(q(z_j) || p(z_j))  for a p that factorises.
// Source: Hoffman & Johnson 2016 (ELBO surgery); Chen et al. 2018, arXiv:1802.04942.
#pragma once

#include <cstdint>
#include <span>

#include "isthmus/metrics/metric.h"

namespace isthmus {

struct AggregatePosterior {
  /// E log q(z|x) - log q(z), with the item's own posterior in q(z): never above log N.
  MetricResult mutual_information;
  /// E log q(z) - log p(z), p standard normal.
  MetricResult kl;
  /// E log q(z) - sum_j log q(z_j).
  MetricResult total_correlation;
  /// E sum_j log q(z_j) - log p(z_j).
  MetricResult dimension_kl;
  int64_t items = 0;  // N of the mixture
  int64_t draws = 0;  // over which the means are
};

/// mean, log_var and one draw of each posterior, (N, Z). The mixture has all N items; the means are
/// over at most `most_draws` of the draws, evenly spread. Double.
AggregatePosterior aggregate_posterior(std::span<const float> mean, std::span<const float> log_var,
                                       std::span<const float> draw, int64_t latent_dim,
                                       int64_t most_draws = 2000);

}  // namespace isthmus
