// SPDX-License-Identifier: Apache-2.0
// Plain autoencoder: x -> code -> x. The code is a point, so there is no posterior, no KL and no
// elbo; only the reconstruction term is minimised. Drawing new items needs a density of the codes,
// which this model does not have.
#include "isthmus/models/parts.h"

namespace isthmus {
namespace {

ModelOutput build_ae(GraphBuilder& g, const ModelInputs& in, const ModelSetup& setup) {
  Value code = encode(g, setup, in.x).mean;               // (B, Z)
  Value params = decode(g, setup, *in.likelihood, code);  // (B, P D)
  Value reconstruction = reconstruction_term(g, in.likelihood->log_prob(g, params, in.x));  // (B)
  Value objective = g.batch_mean(reconstruction);
  return {.z = code,
          .params = params,
          .terms = {.reconstruction = reconstruction, .kl = {}},
          .kl_per_dim = {},
          .reconstruction = objective,
          .kl = {},
          .objective = objective};
}

}  // namespace

ModelDef models::ae() {
  return {.name = "ae",
          .summary = "autoencoder: a code per item, no density",
          .source = "Hinton2006",
          .has_posterior = false,
          .build = build_ae};
}

}  // namespace isthmus
