// SPDX-License-Identifier: Apache-2.0
// Adversarial autoencoder (Makhzani et al. 2015, arXiv:1511.05644): a critic tells draws of the
// prior from codes, and the encoder is trained to fool it, so that codes are distributed as the
// prior and a draw of the prior can be decoded. The code is a point: there is no elbo. Three things
// differ from the paper, whose recipe leaves codes that a classifier tells from the prior with
// certainty: the encoder weighs its two aims in one objective, the critic has a price on its slope
// at draws of the prior (R1, Mescheder et al. 2018, arXiv:1801.04406), without which the two do not
// come to rest, and both move at once, differentiated at the same weights.
#include <cmath>

#include "isthmus/models/point_code.h"

namespace isthmus {
namespace {

struct AaeOptions {
  CoderOptions coder;
  double adversarial_weight = 2.5;
  std::vector<int64_t> critic_hidden = {256, 256};
  double critic_rate = 3;
  double critic_penalty = 5;

  static constexpr auto fields() {
    using O = AaeOptions;
    constexpr Presentation rare{.level = OptionLevel::kRare};
    return std::tuple{
        nested(&O::coder, "", "Networks."),
        field(&O::adversarial_weight, "model.adversarial_weight", at_least(0),
              "Weight of the encoder's cross entropy against the critic, times the square root of "
              "the number of values of an item. Raise it when samples look worse than "
              "reconstructions, lower it when reconstructions blur.",
              {.metavar = "W"}),
        field(
            &O::critic_hidden, "model.critic_hidden", kWidthBounds,
            "Widths of the critic's hidden layers. Wider ones see finer differences between codes "
            "and prior, and take longer.",
            {.level = OptionLevel::kRare, .costs_memory = true}),
        field(
            &O::critic_rate, "model.critic_rate", greater_than(0),
            "Learning rate of the critic, as a multiple of optimizer.learning_rate. Raise it when "
            "term critic rises again: the encoder then runs ahead.",
            rare),
        field(&O::critic_penalty, "model.critic_penalty", at_least(0),
              "Price of the critic's squared slope at draws of the prior. Raise it when terms "
              "critic and adversarial swing; 0 is the critic of the paper.",
              rare)};
  }
};

/// Binary cross entropy of a logit against "a draw of the prior", or against "a code". ()
Value as_prior(GraphBuilder& g, Value logit) {
  return g.batch_mean(g.sum(g.softplus(g.neg(logit))));
}
Value as_code(GraphBuilder& g, Value logit) { return g.batch_mean(g.sum(g.softplus(logit))); }

/// |d logit / d z|^2, averaged over the batch. ()
Value squared_slope(GraphBuilder& g, Value logit, Value z) {
  const Value row = differentiate(g, g.batch_sum(g.sum(logit)), {z})[0];  // (B, Z)
  return g.batch_mean(g.sum(g.square(row)));
}

Parts make_aae(const ModelBuild& b, const AaeOptions& options) {
  Parts parts = point_model(b, options.coder).parts;
  parts.prior = standard_normal_prior(parts.latent_dim);
  parts.training = [&b, parts, options](const Given& given) {
    GraphBuilder& g = b.g;
    const Values own = trained_parameters(g);
    const Network critic(b, "critic", parts.latent_dim, {.hidden = options.critic_hidden}, 1);
    const PointTerms terms = point_terms(b, parts, given);
    const Value drawn = parts.prior(given).draw(g, "prior", 0).z;
    // One pass of the codes for both objectives: each is differentiated by what it moves, alone.
    const Value of_drawn = critic(b, drawn), of_code = critic(b, terms.z);
    const Value told = g.add(as_prior(g, of_drawn), as_code(g, of_code));
    const Value slope = squared_slope(g, of_drawn, drawn);
    const Value fooled = as_prior(g, of_code);
    const double weight =
        options.adversarial_weight * std::sqrt(static_cast<double>(b.setup.data.num_values()));
    return Training{
        .objectives = {{.value = g.add(terms.reconstruction, g.mul(g.constant(weight), fooled)),
                        .parameters = own},
                       {.value = g.add(told, g.mul(g.constant(options.critic_penalty / 2), slope)),
                        .parameters = critic.parameters(),
                        .name = "critic",
                        .rate = options.critic_rate}},
        .terms = {{"reconstruction", terms.reconstruction},
                  {"critic", told},
                  {"critic_slope", slope},
                  {"adversarial", fooled}}};
  };
  return parts;
}

}  // namespace

ModelDef models::aae() {
  return {.name = "aae",
          .summary = "autoencoder whose codes a critic cannot tell from the prior",
          .help = "for samples and codes without holes where no likelihood is wanted",
          .source = "Makhzani2015",
          .make = make_aae,
          // A critic that begins with larger weights leads sooner.
          .defaults = {{"model.init", "he_normal"}, {"optimizer.learning_rate", "0.0005"}}};
}

}  // namespace isthmus
