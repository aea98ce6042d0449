// SPDX-License-Identifier: Apache-2.0
// Variational autoencoder (Kingma & Welling 2014, arXiv:1312.6114): q(z|x) and p(x|z) trained
// together on the evidence lower bound. log_var is a log variance throughout: z = mean +
// exp(log_var / 2) noise, and the same exp(log_var) is the variance inside the KL. (Using exp(s) as
// the noise's weight and as the variance at once would be another model.)
#include "isthmus/models/parts.h"

namespace isthmus {
namespace {

ModelOutput build_vae(GraphBuilder& g, const ModelInputs& in, const ModelSetup& setup) {
  return build_variational(g, in, setup, 1.0);
}

}  // namespace

ModelDef models::vae() {
  return {.name = "vae",
          .summary = "variational autoencoder: objective reconstruction + kl",
          .source = "Kingma2014",
          .build = build_vae};
}

}  // namespace isthmus
