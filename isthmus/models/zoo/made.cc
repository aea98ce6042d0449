// SPDX-License-Identifier: Apache-2.0
// Masked autoencoder for distribution estimation: p(x) as a product of p(x_j | earlier values), all
// from one pass of a network with masked weights. The log likelihood is exact; a draw is made value
// by value. Values are taken in their natural order: of images by rows. Source: Germain et al.
// 2015, arXiv:1502.03509.
#include "isthmus/models/components.h"
#include "isthmus/models/flow.h"
#include "isthmus/models/masked_net.h"
#include "isthmus/models/model.h"
#include "isthmus/prob/levels.h"
#include "isthmus/prob/outputs.h"

namespace isthmus {
namespace {

constexpr double kLog2Pi = 1.8378770664093454836;

/// What the outputs of the network mean.
struct Conditionals {
  std::vector<int64_t> places;  // of the outputs
  std::vector<float> first;     // outputs before anything is learned
  std::function<Value(Value params, Value x)> log_prob;
  std::function<Value(Value params, Value temperature)> draw;
};

/// Normals with a mean and a width for each value, which the gaussian likelihood has not.
Conditionals normals(const ModelBuild& b) {
  const int64_t values = b.setup.data.num_values();
  const auto width = [&b, values, floor = least_sigma(b.setup)](Value params) {
    return floored_scale(b.g, block_of(b.g, params, 1, values), floor);
  };
  Conditionals c{.places = repeated(natural_places(values), 2),
                 .first = first_params_in_blocks(b.setup.data, [](double mean, double deviation) {
                   return std::vector<double>{mean, log_of_estimate(deviation)};
                 })};
  c.log_prob = [&b, values, width](Value params, Value x) {
    GraphBuilder& g = b.g;
    const Scale scale = width(params);
    const Value distance = g.div(g.sub(x, block_of(g, params, 0, values)), scale.value);
    const Value log_width = g.add(g.mul(scale.log, g.constant(2.0)), g.constant(kLog2Pi));
    return g.mul(g.sum(g.add(g.square(distance), log_width)), g.constant(-0.5));
  };
  c.draw = [&b, values, width](Value params, Value temperature) {
    GraphBuilder& g = b.g;
    const Value noise = g.mul(g.normal("likelihood", {values}), temperature);
    return g.add(block_of(g, params, 0, values), g.mul(width(params).value, noise));
  };
  return c;
}

/// Of which value an output is a logit.
std::vector<int64_t> places_of_logits(const ModelBuild& b) {
  const std::vector<int64_t> values = natural_places(b.setup.data.num_values());
  if (!b.likelihood.side_by_side) {
    return repeated(values, b.likelihood.num_params / static_cast<int64_t>(values.size()));
  }
  const std::vector<Levels> levels = levels_of(b.setup.data);
  std::vector<int64_t> places;
  for (size_t j = 0; j < values.size(); ++j) {
    const int64_t count = levels[levels.size() == 1 ? 0 : j].count;
    places.insert(places.end(), static_cast<size_t>(count), values[j]);
  }
  return places;
}

/// Likelihoods whose outputs are logits: noise of a temperature is that of logits over it.
Conditionals logits(const ModelBuild& b) {
  return {.places = places_of_logits(b),
          .first = all_likelihoods().find(b.setup.model.likelihood).first_params(b.setup.data),
          .log_prob = [&b](Value params, Value x) { return b.likelihood.log_prob(b.g, params, x); },
          .draw =
              [&b](Value params, Value temperature) {
                return b.likelihood.sample(b.g, b.g.div(params, temperature), "likelihood");
              }};
}

Parts make_made(const ModelBuild& b, const DenseOptions& options) {
  require_no_condition(b.setup);
  const bool real = all_likelihoods().find(b.setup.model.likelihood).has_sigma();
  const Conditionals c = real ? normals(b) : logits(b);
  NetworkOptions net = network_options(options);
  net.output_bias = {.kind = "values", .values = c.first};
  const auto network = std::make_shared<const MaskedNet>(
      b, "made",
      MaskedNet::Places{.inputs = natural_places(b.setup.data.num_values()), .outputs = c.places},
      net);
  Parts parts;
  parts.log_prob = [&b, network, c](const Given& given) {
    return c.log_prob((*network)(b, given.x), given.target);
  };
  parts.draw = [&b, network, c](const Given& given) {
    const Value temperature = given.temperature.valid() ? given.temperature : b.g.constant(1.0);
    return c.draw((*network)(b, given.x), temperature);
  };
  parts.training = [&b, parts](const Given& given) { return likelihood_training(b, parts, given); };
  return parts;
}

}  // namespace

ModelDef models::made() {
  return {.name = "made",
          .summary = "each value given the earlier ones: an exact likelihood without a latent",
          .help =
              "the density that a vae of the same items has to beat; draws take a pass of the "
              "network for each value",
          .source = "Germain2015",
          .make = make_made,
          .likelihoods = {"gaussian", "bernoulli", "categorical"},
          .takes_latent_dim = false,
          .takes_sigma = false,
          .defaults = {{"model.hidden", "512"}}};
}

}  // namespace isthmus
