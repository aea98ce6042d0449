// SPDX-License-Identifier: Apache-2.0
// Wasserstein autoencoder (Tolstikhin et al. 2018, arXiv:1711.01558) with point codes:
// reconstruction + l MMD^2 between the codes of a batch and draws of the prior. The code is a
// point: there is no elbo. The authors' l 10 stands beside 0.05 times the squared error; beside
// half of it, the reconstruction term of a Gaussian with sigma 1, it is 100.
#include "isthmus/models/divergence_options.h"
#include "isthmus/models/point_code.h"

namespace isthmus {
namespace {

struct WaeMmdOptions {
  CoderOptions coder;
  KernelOptions kernel;
  double divergence = 100;

  static constexpr auto fields() {
    using O = WaeMmdOptions;
    return std::tuple{nested(&O::coder, "", "Networks."), nested(&O::kernel, "", "Distance."),
                      field(&O::divergence, "model.divergence", at_least(0),
                            "Weight of the squared distance between codes and prior. Raise it when "
                            "samples look worse than reconstructions.",
                            {.metavar = "L"})};
  }
};

Parts make_wae_mmd(const ModelBuild& b, const WaeMmdOptions& options) {
  Parts parts = point_model(b, options.coder).parts;
  parts.prior = standard_normal_prior(parts.latent_dim);
  parts.training = [&b, parts, options](const Given& given) {
    GraphBuilder& g = b.g;
    const PointTerms terms = point_terms(b, parts, given);
    const Value drawn = parts.prior(given).draw(g, "prior", 0).z;
    const Value mmd =
        squared_mmd(g, terms.z, drawn, kernel_for(options.kernel.kernel, parts.latent_dim));
    const Value objective = g.add(terms.reconstruction, g.mul(g.constant(options.divergence), mmd));
    return Training{.objectives = {{.value = objective}},
                    .terms = {{"reconstruction", terms.reconstruction}, {"mmd", mmd}}};
  };
  return parts;
}

}  // namespace

ModelDef models::wae_mmd() {
  return {.name = "wae_mmd",
          .summary = "autoencoder whose codes are held to the prior by a kernel distance",
          .help = "as aae, without a critic that can fail: one objective, sharper than a vae",
          .source = "Tolstikhin2018",
          .make = make_wae_mmd};
}

}  // namespace isthmus
