// SPDX-License-Identifier: Apache-2.0
// Generative adversarial network: a generator makes items of draws of N(0, I), a critic tells them
// from those of the data, and both move at once, differentiated at the same weights. The generator
// takes the loss that does not saturate (Goodfellow et al. 2014, arXiv:1406.2661); the critic has a
// price on its slope at the data (R1, Mescheder et al. 2018, arXiv:1801.04406), without which the
// two do not come to rest. There is no likelihood, and no number that says when to stop.
#include "isthmus/models/coder.h"
#include "isthmus/models/point_code.h"

namespace isthmus {
namespace {

struct GanOptions {
  CoderOptions coder;
  double critic_rate = 1;
  double critic_penalty = 1;

  static constexpr auto fields() {
    using O = GanOptions;
    return std::tuple{
        nested(&O::coder, "", "Networks."),
        field(
            &O::critic_rate, "model.critic_rate", greater_than(0),
            "Learning rate of the critic, as a multiple of optimizer.learning_rate. Raise it when "
            "term critic rises again: the generator then runs ahead.",
            {.level = OptionLevel::kRare}),
        field(&O::critic_penalty, "model.critic_penalty", at_least(0),
              "Price of the critic's squared slope at the data. Raise it when terms critic and "
              "generator swing or draws are all alike, lower it when draws stay blurred.",
              {.metavar = "W"})};
  }
};

/// Items of data within [0, 1] are held there.
bool in_unit_range(const ModelSetup& setup) {
  const ValueRange range = scaled_range(setup.data);
  return setup.data.scaling.kind == "unit" && range.low >= 0 && range.high <= 1;
}

Network make_critic(const ModelBuild& b, const CoderOptions& options) {
  NetworkOptions net = network_options(options);
  net.context = b.setup.data.condition.width();
  net.input_dropout = options.input_dropout;
  return net_of(options).encoder(
      b, {.scope = "critic", .item = b.setup.data.item_shape, .code = 1, .options = net},
      b.setup.own);
}

Parts make_gan(const ModelBuild& b, const GanOptions& options) {
  const auto generator = std::make_shared<const Network>(make_decoder(b, options.coder));
  Parts parts;
  parts.latent_dim = latent_dim(b.setup);
  parts.prior = standard_normal_prior(parts.latent_dim);
  parts.decode = [&b, generator, unit = in_unit_range(b.setup)](Value z, const Given& given) {
    const Value items = (*generator)(b, z, given.context);
    return unit ? b.g.sigmoid(items) : items;
  };
  parts.training = [&b, parts, options](const Given& given) {
    GraphBuilder& g = b.g;
    const Values own = trained_parameters(g);
    const Network critic = make_critic(b, options.coder);
    const Value z = parts.prior(given).draw(g, "prior", 0).z;
    // Logits of "from the data".
    const Value of_drawn = critic(b, parts.decode(z, given), given.context);
    const Value of_data = critic(b, given.target, given.context);
    const auto mean = [&](Value logit) { return g.batch_mean(g.sum(g.softplus(logit))); };
    const Value told = g.add(mean(of_drawn), mean(g.neg(of_data)));
    const Value fooled = mean(g.neg(of_drawn));
    const Value slope = differentiate(g, g.batch_sum(g.sum(of_data)), {given.target})[0];
    const Value squared = g.batch_mean(g.sum(g.square(slope)));
    return Training{
        .objectives = {{.value = fooled, .parameters = own},
                       {.value =
                            g.add(told, g.mul(g.constant(options.critic_penalty / 2), squared)),
                        .parameters = critic.parameters(),
                        .name = "critic",
                        .rate = options.critic_rate}},
        .terms = {{"generator", fooled}, {"critic", told}, {"critic_slope", squared}}};
  };
  return parts;
}

}  // namespace

ModelDef models::gan() {
  return {.name = "gan",
          .summary = "a generator that a critic cannot tell from the data: draws alone",
          .help =
              "to see what draws look like that no likelihood has blurred; look at them, for no "
              "number says how good they are",
          .source = "Goodfellow2014",
          .make = make_gan,
          .likelihoods = {"gaussian"},
          .takes_sigma = false,
          .defaults = {{"model.latent_dim", "64"},
                       {"model.hidden", "256"},
                       {"model.activation", "leaky_relu"},
                       {"optimizer.learning_rate", "0.0005"},
                       {"optimizer.beta1", "0.5"},
                       {"data.val", "0"},
                       {"train.epochs", "50"}}};
}

}  // namespace isthmus
