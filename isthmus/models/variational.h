// SPDX-License-Identifier: Apache-2.0
// The variational models' common shape: posterior and prior from their zoos, a decoder, and the
// evidence lower bound. A member of the family is this with another training rule.
#pragma once

#include "isthmus/losses/elbo.h"
#include "isthmus/models/coder.h"

namespace isthmus {

/// Networks and distributions of the latent.
struct LatentOptions {
  CoderOptions coder;
  std::string prior = "normal";
  std::string posterior = "normal";

  static constexpr auto fields() {
    using O = LatentOptions;
    constexpr Presentation rare{.level = OptionLevel::kRare};
    return std::tuple{nested(&O::coder, "", "Networks."),
                      field(&O::prior, "model.prior", one_of(prior_words),
                            "Distribution of the latent that items are drawn from.", rare),
                      field(&O::posterior, "model.posterior", one_of(posterior_words),
                            "Distribution of the latent of one item.", rare)};
  }
};

struct VariationalOptions {
  LatentOptions latent;
  std::string estimator = "sgvb_b";
  int64_t samples = 1;

  static constexpr auto fields() {
    using O = VariationalOptions;
    constexpr Presentation rare{.level = OptionLevel::kRare};
    return std::tuple{
        nested(&O::latent, "", "Networks and distributions."),
        field(&O::estimator, "objective.estimator", one_of(estimator_words),
              "sgvb_b: kl in closed form, where there is one; sgvb_a: kl from the draws.", rare),
        field(&O::samples, "objective.samples", between(1, 1000),
              "Posterior draws per item and step.",
              {.level = OptionLevel::kRare, .costs_memory = true})};
  }
};

/// Of models with a weight on their kl.
struct KlWeightOptions {
  double kl_warmup = 0;
  int64_t kl_cycles = 1;
  double free_bits = 0;

  static constexpr auto fields() {
    using O = KlWeightOptions;
    return std::tuple{
        field(&O::kl_warmup, "objective.kl_warmup", at_least(0),
              "Epochs over which the weight of kl rises from 0 to 1. Set it (20) when the decoder "
              "ignores the code."),
        field(&O::kl_cycles, "objective.kl_cycles", between(1, 1000),
              "Times that the weight of kl rises like this, each followed by as many epochs at 1. "
              "Set it (4) when one warm-up leaves latents unused.",
              {.level = OptionLevel::kRare, .metavar = "N"}),
        field(&O::free_bits, "objective.free_bits", at_least(0),
              "Nats of kl per latent, on the mean over a batch, that cost nothing. Set it (0.1) to "
              "keep more latents in use.")};
  }
};

struct ElboOptions {
  VariationalOptions variational;
  KlWeightOptions kl;

  static constexpr auto fields() {
    using O = ElboOptions;
    return std::tuple{nested(&O::variational, "", "The bound."),
                      nested(&O::kl, "", "The weight of its kl.")};
  }
};

/// code, posterior, prior and decode; the training rule is left to the model.
Parts variational_parts(const ModelBuild& b, const LatentOptions& options);

/// The terms of the bound from one draw (or `samples` draws) of the posterior.
struct BoundTerms {
  LatentDraw draw;       // z (B, Z) or (B, L, Z)
  Value params;          // (B, P) or (B, L, P)
  ElboTerms terms;       // (B)
  Value kl_per_dim;      // (B, Z); invalid where the kl does not factorise
  Value reconstruction;  // (): batch means
  Value kl;              // ()
};
BoundTerms bound_terms(const ModelBuild& b, const Parts& parts, const Given& given,
                       const VariationalOptions& options);

/// objective = reconstruction + beta kl_weight kl. With beta 1 no node is added for beta.
Training elbo_training(const ModelBuild& b, const BoundTerms& bound, const ElboOptions& options,
                       double beta);

}  // namespace isthmus
