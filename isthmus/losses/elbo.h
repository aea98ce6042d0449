// SPDX-License-Identifier: Apache-2.0
// The terms of the evidence lower bound and what is made of them. Nothing here samples, owns
// weights or knows a model; every value is in nats per item, summed over values and latents.
//
//   elbo = -(reconstruction + kl)   never weighted: no beta, no warm-up, no free bits
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "isthmus/graph/graph.h"
#include "isthmus/prob/distribution.h"

namespace isthmus {

/// reconstruction = -E_q[log p(x|z)], kl = KL(q(z|x) || p(z)); (B) each.
struct ElboTerms {
  Value reconstruction;
  Value kl;  // invalid for a model without a posterior
};

/// kSgvbA: all terms by Monte Carlo. kSgvbB: the KL in closed form, only the reconstruction
/// sampled. Source: Kingma & Welling 2014, section 2.3.
enum class Estimator : uint8_t { kSgvbA, kSgvbB };
std::vector<std::string> estimator_names();          // sgvb_a sgvb_b
Estimator parse_estimator(const std::string& name);  // Error E2003

/// -log p(x|z), averaged over L if there is such an axis: (B).
Value reconstruction_term(GraphBuilder& g, Value log_likelihood);

/// sum over latents of max(free_bits, batch mean of the KL): (). On the batch mean, not per item,
/// so that an easy item keeps its gradient. Source: Kingma et al. 2016, arXiv:1606.04934.
Value free_bits_kl(GraphBuilder& g, Value kl_per_dim, double free_bits);

/// log w = log p(x|z) + log p(z) - log q(z|x) by densities (the closed KL has no place here).
/// Shapes: log_likelihood (B, K), z of the draw (B, K, Z); returns (B, K).
Value importance_log_weights(GraphBuilder& g, Value log_likelihood, const Distribution& posterior,
                             const Distribution& prior, const LatentDraw& draw);
/// logsumexp over K of log w, minus log K: a lower bound on log p(x) that rises with K. (B, K) ->
/// (B). Source: Burda et al. 2016, arXiv:1509.00519.
Value log_likelihood_bound(GraphBuilder& g, Value log_weights);

/// Weight of the KL at a step (counted from 1) with linear warm-up over `warmup_epochs`. It rises
/// `cycles` times so; after each rise but the last come as many epochs at 1, and all are at 1
/// afterwards. Source: Fu et al. 2019, arXiv:1903.10145.
double kl_weight_at(double warmup_epochs, int64_t step, int64_t steps_per_epoch,
                    int64_t cycles = 1);
/// Epochs until the weight stays at 1.
double kl_warmup_end(double warmup_epochs, int64_t cycles);

}  // namespace isthmus
