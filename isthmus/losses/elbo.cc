// SPDX-License-Identifier: Apache-2.0
// ELBO terms as nodes: reconstruction and KL stay two named values until a model adds them up with
// its weights. Sampling happens in prob, weighting in models.
#include "isthmus/losses/elbo.h"

#include <algorithm>
#include <cmath>

#include "isthmus/base/options.h"

namespace isthmus {
namespace {

/// (B, L) -> (B) by the mean over L; (B) as it is.
Value mean_over_draws(GraphBuilder& g, Value per_draw) {
  return g.shape(per_draw).empty() ? per_draw : g.mean(per_draw);
}

}  // namespace

std::vector<std::string> estimator_names() { return {"sgvb_a", "sgvb_b"}; }

Estimator parse_estimator(const std::string& name) {
  if (name == "sgvb_a") return Estimator::kSgvbA;
  if (name == "sgvb_b") return Estimator::kSgvbB;
  throw Error(ErrorCode::kBadValue, "there is no estimator \"" + name + "\"",
              "use sgvb_b (KL in closed form) or sgvb_a (KL from draws)", {.key = "estimator"});
}

Value reconstruction_term(GraphBuilder& g, Value log_likelihood) {
  return g.neg(mean_over_draws(g, log_likelihood));
}

Value free_bits_kl(GraphBuilder& g, Value kl_per_dim, double free_bits) {
  return g.sum(g.maximum(g.batch_mean(kl_per_dim), g.constant(free_bits)));
}

Value importance_log_weights(GraphBuilder& g, Value log_likelihood, const Distribution& posterior,
                             const Distribution& prior, const LatentDraw& draw) {
  Value log_prior = prior.log_prob(g, draw.z);
  return g.add(log_likelihood, g.sub(log_prior, log_prob_of(g, posterior, draw)));
}

Value log_likelihood_bound(GraphBuilder& g, Value log_weights) {
  const double num_samples = static_cast<double>(g.shape(log_weights).back());
  return g.sub(g.logsumexp(log_weights), g.constant(std::log(num_samples)));
}

double kl_weight_at(double warmup_epochs, int64_t step, int64_t steps_per_epoch, int64_t cycles) {
  const double steps = warmup_epochs * static_cast<double>(steps_per_epoch);
  if (!(steps > 0)) return 1.0;
  const double rises = static_cast<double>(step) / steps;  // a cycle is two long
  const double behind = 2 * std::min(std::floor(rises / 2), static_cast<double>(cycles - 1));
  return std::min(1.0, rises - behind);
}

double kl_warmup_end(double warmup_epochs, int64_t cycles) {
  return warmup_epochs * static_cast<double>(2 * cycles - 1);
}

}  // namespace isthmus
