// SPDX-License-Identifier: Apache-2.0
// Sliced Wasserstein autoencoder (Kolouri et al. 2019, arXiv:1804.01947): reconstruction + l SW2^2
// between the codes of a batch and draws of the prior, along directions that are new each step. The
// code is a point: there is no elbo.
#include "isthmus/losses/divergence.h"
#include "isthmus/models/point_code.h"

namespace isthmus {
namespace {

struct SwaeOptions {
  CoderOptions coder;
  double divergence = 10;
  int64_t projections = 50;

  static constexpr auto fields() {
    using O = SwaeOptions;
    return std::tuple{
        nested(&O::coder, "", "Networks."),
        field(&O::divergence, "model.divergence", at_least(0),
              "Weight of the squared distance between codes and prior. Raise it when samples look "
              "worse than reconstructions.",
              {.metavar = "L"}),
        field(&O::projections, "model.projections", between(1, 4096),
              "Directions of each step along which codes and prior are compared. More give a "
              "steadier gradient.",
              {.level = OptionLevel::kRare, .costs_memory = true, .metavar = "N"})};
  }
};

Parts make_swae(const ModelBuild& b, const SwaeOptions& options) {
  Parts parts = point_model(b, options.coder).parts;
  parts.prior = standard_normal_prior(parts.latent_dim);
  parts.training = [&b, parts, options](const Given& given) {
    GraphBuilder& g = b.g;
    const PointTerms terms = point_terms(b, parts, given);
    const Value drawn = parts.prior(given).draw(g, "prior", 0).z;
    const Value distance = sliced_wasserstein(g, terms.z, drawn, options.projections);
    const Value objective =
        g.add(terms.reconstruction, g.mul(g.constant(options.divergence), distance));
    return Training{
        .objectives = {{.value = objective}},
        .terms = {{"reconstruction", terms.reconstruction}, {"sliced_wasserstein", distance}}};
  };
  return parts;
}

}  // namespace

ModelDef models::swae() {
  return {.name = "swae",
          .summary = "autoencoder whose codes are held to the prior along random directions",
          .help = "as wae_mmd, without a kernel to choose; cheaper for large batches",
          .source = "Kolouri2019",
          .make = make_swae};
}

}  // namespace isthmus
