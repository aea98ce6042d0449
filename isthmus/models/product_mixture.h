// SPDX-License-Identifier: Apache-2.0
// Mixtures of C products of independent Bernoulli values as models:
//   p(x) = sum_c w_c prod_j m_cj^x_j (1 - m_cj)^(1 - x_j).
// The class of an item is its latent, one-hot; its posterior is exact, and with it the bound is the
// log density. On grey values all of this is a score, as the Bernoulli likelihood is.
#pragma once

#include "isthmus/models/parts.h"

namespace isthmus {

/// In a graph. Parameters "mixture/logit", log m / (1 - m), and "mixture/log_weight".
struct BernoulliMixture {
  Value logit;       // (C, D)
  Value log_weight;  // (C)
};
BernoulliMixture make_bernoulli_mixture(const ModelBuild& b, int64_t components);

/// log p(x, c), (B, C).
Value joint_log_prob(GraphBuilder& g, const BernoulliMixture& mixture, Value x);
/// log p(c | x) from log p(x, c), or any scores whose exponentials are shares: (B, C).
Value log_posterior(GraphBuilder& g, Value joint);

Parts bernoulli_mixture_parts(const ModelBuild& b, const BernoulliMixture& mixture);

/// What an item counts for in each component, over all items: sum of r_c and of r_c x.
struct ComponentSums {
  std::vector<double> weight;  // (C)
  std::vector<double> values;  // (C, D)
};
/// The parameters with the greatest posterior density under a uniform prior of two draws, one 0 and
/// one 1, for each mean: m = (sum r x + 1) / (sum r + 2).
NamedTensors bernoulli_mixture_of(const ComponentSums& sums);

}  // namespace isthmus
