// SPDX-License-Identifier: Apache-2.0
// Variational autoencoder (Kingma & Welling 2014, arXiv:1312.6114): q(z|x) and p(x|z) trained
// together on the evidence lower bound. log_var is a log variance throughout: z = mean +
// exp(log_var / 2) noise, and the same exp(log_var) is the variance inside the KL. (Using exp(s) as
// the noise's weight and as the variance at once would be another model.)
#include "isthmus/models/variational.h"

namespace isthmus {
namespace {

Parts make_vae(const ModelBuild& b, const ElboOptions& options) {
  Parts parts = variational_parts(b, options.variational.latent);
  parts.training = [&b, parts, options](const Given& given) {
    return elbo_training(b, bound_terms(b, parts, given, options.variational), options, 1.0);
  };
  return parts;
}

}  // namespace

ModelDef models::vae() {
  return {.name = "vae",
          .summary = "variational autoencoder: objective reconstruction + kl",
          .help = "the one to begin with: codes, likelihoods, samples",
          .source = "Kingma2014",
          .make = make_vae};
}

}  // namespace isthmus
