// SPDX-License-Identifier: Apache-2.0
// VAE with controlled capacity (Burgess et al. 2018, arXiv:1804.03599): reconstruction + g |kl -
// C|, where kl is the mean over the batch and C rises linearly over the steps from 0 to the
// capacity. At C = 0 all kl is penalised; the absolute value is that of the mean, not of single
// items.
#include "isthmus/models/variational.h"

namespace isthmus {
namespace {

struct AnnealedVaeOptions {
  VariationalOptions variational;
  double gamma = 1000;
  double capacity = 25;
  int64_t capacity_steps = 100000;

  static constexpr auto fields() {
    using O = AnnealedVaeOptions;
    return std::tuple{
        nested(&O::variational, "", "The bound."),
        field(&O::gamma, "model.gamma", greater_than(0),
              "Weight of the distance of kl from the capacity.", {.level = OptionLevel::kRare}),
        field(&O::capacity, "objective.capacity", at_least(0),
              "Nats of kl per item that are asked for in the end. Set it to what the codes may "
              "hold: less for fewer latents in use.",
              {.metavar = "NATS"}),
        field(&O::capacity_steps, "objective.capacity_steps", at_least(1),
              "Steps over which it rises from 0. Lower it for runs of fewer steps: a run that ends "
              "before has not seen its capacity.",
              {.metavar = "N"})};
  }
};

/// C of this step, float64.
Value capacity(GraphBuilder& g, const AnnealedVaeOptions& options) {
  const Value share =
      g.div(g.scalar("step"), g.constant(static_cast<double>(options.capacity_steps)));
  return g.mul(g.constant(options.capacity), g.minimum(share, g.constant(1.0)));
}

Parts make_annealed_vae(const ModelBuild& b, const AnnealedVaeOptions& options) {
  Parts parts = variational_parts(b, options.variational.latent);
  parts.training = [&b, parts, options](const Given& given) {
    GraphBuilder& g = b.g;
    const BoundTerms bound = bound_terms(b, parts, given, options.variational);
    const Value distance = g.abs(g.sub(bound.kl, capacity(g, options)));
    return Training{.objectives = {{.value = g.add(bound.reconstruction,
                                                   g.mul(g.constant(options.gamma), distance))}},
                    .terms = {{"reconstruction", bound.reconstruction}, {"kl", bound.kl}},
                    .beta = options.gamma};
  };
  return parts;
}

}  // namespace

ModelDef models::annealed_vae() {
  return {.name = "annealed_vae",
          .summary = "vae whose kl is held at a capacity that rises while it trains",
          .help = "for codes of a chosen size in nats whose latents come into use one by one",
          .source = "Burgess2018",
          .make = make_annealed_vae};
}

}  // namespace isthmus
