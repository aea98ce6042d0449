// SPDX-License-Identifier: Apache-2.0
// Plain autoencoder: x -> code -> x. The code is a point, so there is no posterior, no KL and no
// elbo; only the reconstruction term is minimised. Drawing new items needs a density of the codes,
// which this model does not have.
#include <memory>

#include "isthmus/losses/elbo.h"
#include "isthmus/models/coder.h"

namespace isthmus {
namespace {

Parts make_ae(const ModelBuild& b, const CoderOptions& options) {
  const auto encoder =
      std::make_shared<const Network>(make_encoder(b, options, latent_dim(b.setup)));
  const auto decoder = std::make_shared<const Network>(make_decoder(b, options));
  Parts parts;
  parts.latent_dim = latent_dim(b.setup);
  parts.code = [&b, encoder](const Given& given) { return (*encoder)(b, given.x, given.context); };
  parts.decode = [&b, decoder](Value z, const Given& given) {
    return (*decoder)(b, z, given.context);
  };
  parts.training = [&b, code = parts.code, decode = parts.decode](const Given& given) {
    const Value params = decode(code(given), given);  // (B, P)
    const Value reconstruction =
        b.g.batch_mean(reconstruction_term(b.g, b.likelihood.log_prob(b.g, params, given.target)));
    return Training{.objectives = {{.value = reconstruction}},
                    .terms = {{"reconstruction", reconstruction}}};
  };
  return parts;
}

}  // namespace

ModelDef models::ae() {
  return {.name = "ae",
          .summary = "autoencoder: a code per item, no density",
          .help = "for compression and features, where neither samples nor likelihoods are wanted",
          .source = "Hinton2006",
          .make = make_ae};
}

}  // namespace isthmus
