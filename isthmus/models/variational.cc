// SPDX-License-Identifier: Apache-2.0
// Posterior, prior and decoder from the options, and the bound that they are trained on.
#include "isthmus/models/variational.h"

#include <memory>

#include "isthmus/models/posterior.h"
#include "isthmus/models/prior.h"

namespace isthmus {

Parts variational_parts(const ModelBuild& b, const LatentOptions& options) {
  const int64_t latent = latent_dim(b.setup);
  const PosteriorDef& posterior_def = all_posteriors().find(options.posterior);
  const int64_t heads = posterior_def.num_heads(latent);
  const auto encoder =
      std::make_shared<const Network>(make_encoder(b, options.coder, heads, heads - latent));
  const auto decoder = std::make_shared<const Network>(make_decoder(b, options.coder));
  Parts parts;
  parts.latent_dim = latent;
  parts.posterior = [&b, encoder, &posterior_def](const Given& given) {
    return posterior_def.make(b, (*encoder)(b, given.x, given.context), b.setup.own);
  };
  parts.code = [&b, posterior = parts.posterior](const Given& given) {
    return posterior(given).mean(b.g);
  };
  const PriorDef& prior_def = all_priors().find(options.prior);
  const auto prior =
      prior_def.make({.build = b, .width = latent, .posterior = parts.posterior}, b.setup.own);
  parts.prior = prior;
  if (prior_def.initialise != nullptr) parts.initialise = prior_def.initialise;
  parts.decode = [&b, decoder](Value z, const Given& given) {
    return (*decoder)(b, z, given.context);
  };
  return parts;
}

BoundTerms bound_terms(const ModelBuild& b, const Parts& parts, const Given& given,
                       const VariationalOptions& o) {
  GraphBuilder& g = b.g;
  const Distribution posterior = parts.posterior(given);
  const Distribution prior = parts.prior(given);
  BoundTerms bound;
  bound.draw = posterior.draw(g, "posterior", o.samples == 1 ? 0 : o.samples);
  bound.params = parts.decode(bound.draw.z, given);
  const Value log_likelihood = b.likelihood.log_prob(g, bound.params, given.target);
  const Kl kl = parse_estimator(o.estimator) == Estimator::kSgvbB
                    ? closed_kl(g, posterior, prior, bound.draw)
                    : sampled_kl(g, posterior, prior, bound.draw);
  bound.terms = {.reconstruction = reconstruction_term(g, log_likelihood), .kl = kl.total};
  bound.kl_per_dim = kl.per_dim;
  bound.reconstruction = g.batch_mean(bound.terms.reconstruction);
  bound.kl = g.batch_mean(bound.terms.kl);
  return bound;
}

Training elbo_training(const ModelBuild& b, const BoundTerms& bound, const ElboOptions& o,
                       double beta) {
  GraphBuilder& g = b.g;
  if (o.kl.kl_cycles > 1 && o.kl.kl_warmup == 0) {
    throw Error(ErrorCode::kConflict, "objective.kl_cycles needs a warm-up to repeat",
                "add --kl-warmup 5, or leave it out", {.key = "objective.kl_cycles"});
  }
  const Value kl_weight = g.scalar("kl_weight");
  Value penalty = bound.kl;
  if (o.kl.free_bits > 0) {
    if (!bound.kl_per_dim.valid()) {
      throw Error(ErrorCode::kConflict,
                  "objective.free_bits counts the kl of each latent, which posterior " +
                      o.variational.latent.posterior + " with prior " + o.variational.latent.prior +
                      " does not have",
                  "leave it out, or use --kl-warmup", {.key = "objective.free_bits"});
    }
    penalty = free_bits_kl(g, bound.kl_per_dim, o.kl.free_bits);
  }
  const Value weight = beta == 1 ? kl_weight : g.mul(g.constant(beta), kl_weight);
  return {.objectives = {{.value = g.add(bound.reconstruction, g.mul(weight, penalty))}},
          .terms = {{"reconstruction", bound.reconstruction}, {"kl", bound.kl}},
          .beta = beta};
}

}  // namespace isthmus
