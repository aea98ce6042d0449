// SPDX-License-Identifier: Apache-2.0
// beta-VAE (Higgins et al., ICLR 2017): the VAE with beta times the KL in the objective. The elbo
// that is reported stays unweighted; with beta 1 the graph is that of vae, node for node.
#include "isthmus/models/variational.h"

namespace isthmus {
namespace {

struct BetaVaeOptions {
  ElboOptions elbo;
  double beta = 4;  // Higgins 2017 sweeps 1 to 16

  static constexpr auto fields() {
    using O = BetaVaeOptions;
    return std::tuple{nested(&O::elbo, "", "The bound."),
                      field(&O::beta, "model.beta", at_least(0),
                            "Weight of kl in the objective. Raise it for codes whose latents are "
                            "independent of each other; it costs reconstruction.",
                            {.metavar = "BETA"})};
  }
};

Parts make_beta_vae(const ModelBuild& b, const BetaVaeOptions& options) {
  Parts parts = variational_parts(b, options.elbo.variational.latent);
  parts.training = [&b, parts, options](const Given& given) {
    return elbo_training(b, bound_terms(b, parts, given, options.elbo.variational), options.elbo,
                         options.beta);
  };
  return parts;
}

}  // namespace

ModelDef models::beta_vae() {
  return {.name = "beta_vae",
          .summary = "vae with beta times kl in the objective",
          .help = "for codes with fewer, more independent latents than a vae's",
          .source = "Higgins2017",
          .make = make_beta_vae};
}

}  // namespace isthmus
