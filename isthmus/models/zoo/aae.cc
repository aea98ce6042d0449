// SPDX-License-Identifier: Apache-2.0
// Adversarial autoencoder (Makhzani et al. 2015, arXiv:1511.05644): a critic tells draws of the
// prior from codes, and the encoder is trained to fool it, so that codes are distributed as the
// prior and a draw of the prior can be decoded. The code is a point: there is no elbo. The three
// objectives move at once, all differentiated at the same weights, where the paper alternates.
#include "isthmus/models/point_code.h"

namespace isthmus {
namespace {

struct AaeOptions {
  CoderOptions coder;
  std::vector<int64_t> critic_hidden = {1000, 1000};
  double critic_rate = 0.2;  // 2e-4 of Adam's 1e-3
  double adversarial_rate = 0.2;

  static constexpr auto fields() {
    using O = AaeOptions;
    constexpr Presentation rare{.level = OptionLevel::kRare};
    return std::tuple{
        nested(&O::coder, "", "Networks."),
        field(&O::critic_hidden, "model.critic_hidden", kWidthBounds,
              "Widths of the critic's hidden layers. Narrower ones train faster and leave more "
              "holes in the codes.",
              rare),
        field(&O::critic_rate, "model.critic_rate", greater_than(0),
              "Learning rate of the critic, as a multiple of optimizer.learning_rate. Lower it "
              "when term critic falls to 0.",
              rare),
        field(&O::adversarial_rate, "model.adversarial_rate", at_least(0),
              "The same of the encoder's steps against the critic. Raise it when codes do not look "
              "like the prior; it costs reconstruction.",
              rare)};
  }
};

/// Binary cross entropy of a logit against "a draw of the prior", or against "a code". ()
Value as_prior(GraphBuilder& g, Value logit) {
  return g.batch_mean(g.sum(g.softplus(g.neg(logit))));
}
Value as_code(GraphBuilder& g, Value logit) { return g.batch_mean(g.sum(g.softplus(logit))); }

Parts make_aae(const ModelBuild& b, const AaeOptions& options) {
  PointModel model = point_model(b, options.coder);
  Parts parts = std::move(model.parts);
  parts.prior = standard_normal_prior(parts.latent_dim);
  parts.training = [&b, parts, encoder = model.encoder, options](const Given& given) {
    GraphBuilder& g = b.g;
    const Values own = trained_parameters(g);
    const Network critic(b, "critic", parts.latent_dim, {.hidden = options.critic_hidden}, 1);
    const PointTerms terms = point_terms(b, parts, given);
    const Value drawn = parts.prior(given).draw(g, "prior", 0).z;
    const Value told =
        g.add(as_prior(g, critic(b, drawn)), as_code(g, critic(b, g.stop_gradient(terms.z))));
    const Value fooled = as_prior(g, critic(b, terms.z));
    Training training{
        .objectives = {{.value = terms.reconstruction, .parameters = own},
                       {.value = told,
                        .parameters = critic.parameters(),
                        .name = "critic",
                        .rate = options.critic_rate}},
        .terms = {
            {"reconstruction", terms.reconstruction}, {"critic", told}, {"adversarial", fooled}}};
    training.objectives.push_back({.value = fooled,
                                   .parameters = encoder,
                                   .name = "adversarial",
                                   .rate = options.adversarial_rate});
    return training;
  };
  return parts;
}

}  // namespace

ModelDef models::aae() {
  return {.name = "aae",
          .summary = "autoencoder whose codes a critic cannot tell from the prior",
          .help = "for samples and codes without holes where no likelihood is wanted",
          .source = "Makhzani2015",
          .make = make_aae};
}

}  // namespace isthmus
