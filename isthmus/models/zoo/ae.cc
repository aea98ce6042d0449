// SPDX-License-Identifier: Apache-2.0
// Plain autoencoder: x -> code -> x. The code is a point, so there is no posterior, no KL and no
// elbo; only the reconstruction term is minimised. Drawing new items needs a density of the codes,
// which this model does not have.
#include "isthmus/models/point_code.h"

namespace isthmus {
namespace {

Parts make_ae(const ModelBuild& b, const CoderOptions& options) {
  Parts parts = point_model(b, options).parts;
  parts.training = [&b, parts](const Given& given) {
    const Value reconstruction = point_terms(b, parts, given).reconstruction;
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
