// SPDX-License-Identifier: Apache-2.0
// beta-VAE (Higgins et al., ICLR 2017): the VAE with beta times the KL in the objective. The elbo
// that is reported stays unweighted; with beta 1 the graph is that of vae, node for node.
#include "isthmus/models/parts.h"

namespace isthmus {
namespace {

ModelOutput build_beta_vae(GraphBuilder& g, const ModelInputs& in, const ModelSetup& setup) {
  return build_variational(g, in, setup, beta_of(setup.model));
}

}  // namespace

ModelDef models::beta_vae() {
  return {.name = "beta_vae",
          .summary = "vae with beta times kl in the objective",
          .source = "Higgins2017",
          .build = build_beta_vae};
}

}  // namespace isthmus
