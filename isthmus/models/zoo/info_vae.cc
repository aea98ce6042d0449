// SPDX-License-Identifier: Apache-2.0
// InfoVAE (Zhao et al. 2019, arXiv:1706.02262): -E log p(x|z) + (1 - a) kl + (a + l - 1) MMD^2,
// where kl bounds what a code says of its item and MMD^2 holds the codes of all items to the prior.
// a = 0, l = 1 is the plain vae; a = 1 has no kl left.
#include "isthmus/models/divergence_options.h"
#include "isthmus/models/variational.h"

namespace isthmus {
namespace {

struct InfoVaeOptions {
  ElboOptions elbo;
  KernelOptions kernel;
  double alpha = 0;
  double lambda = 1000;

  static constexpr auto fields() {
    using O = InfoVaeOptions;
    return std::tuple{
        nested(&O::elbo, "", "The bound."), nested(&O::kernel, "", "Distance."),
        field(&O::alpha, "model.alpha", between(-1000, 1),
              "kl has the weight 1 - alpha. Raise it, up to 1, for codes that say more of their "
              "item.",
              {.metavar = "A"}),
        field(&O::lambda, "model.lambda", any_value(),
              "The squared distance between codes and prior has the weight alpha + lambda - 1, "
              "which has to be above 0.",
              {.metavar = "L"})};
  }
};

Value first_draw(GraphBuilder& g, Value z) {
  if (g.shape(z).size() == 1) return z;
  const int64_t width = g.shape(z).back();
  return g.reshape({{"shape", Shape{width}}}, g.slice({{"axis", -2}, {"begin", 0}, {"end", 1}}, z));
}

Parts make_info_vae(const ModelBuild& b, const InfoVaeOptions& options) {
  const double weight = options.alpha + options.lambda - 1;
  if (!(weight > 0)) {
    throw Error(ErrorCode::kBadValue,
                "model.alpha + model.lambda = " + print_value(options.alpha + options.lambda) +
                    " is not above 1: the distance between codes and prior would grow",
                "a larger model.lambda", {.key = "model.lambda"});
  }
  Parts parts = variational_parts(b, options.elbo.variational.latent);
  parts.training = [&b, parts, options, weight](const Given& given) {
    GraphBuilder& g = b.g;
    const BoundTerms bound = bound_terms(b, parts, given, options.elbo.variational);
    Training training = elbo_training(b, bound, options.elbo, 1 - options.alpha);
    const Value drawn = parts.prior(given).draw(g, "prior", 0).z;
    const Value mmd = squared_mmd(g, first_draw(g, bound.draw.z), drawn,
                                  kernel_for(options.kernel.kernel, parts.latent_dim));
    Value& objective = training.objectives.front().value;
    objective = g.add(objective, g.mul(g.constant(weight), mmd));
    training.terms.push_back({"mmd", mmd});
    return training;
  };
  return parts;
}

}  // namespace

ModelDef models::info_vae() {
  return {.name = "info_vae",
          .summary = "vae whose codes of all items together are held to the prior as well",
          .help = "for codes that keep what they know of an item and still leave no holes",
          .source = "Zhao2019",
          .make = make_info_vae};
}

}  // namespace isthmus
