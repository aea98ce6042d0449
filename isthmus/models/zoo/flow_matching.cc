// SPDX-License-Identifier: Apache-2.0
// Flow matching: noise z_0 ~ N(0, I) and an item z_1 are joined by a straight line, and a network
// learns the velocity z_1 - z_0 from where it is at time t. Its mean over all lines through a point
// carries the distribution of noise to that of the items; a draw follows it by steps of Heun. There
// is no density, so the squared error of the velocity is what is compared. Sources: Lipman et al.
// 2022, arXiv:2210.02747; Liu et al. 2022, arXiv:2209.03003.
#include <cmath>

#include "isthmus/models/components.h"
#include "isthmus/models/flow.h"
#include "isthmus/models/masked_net.h"

namespace isthmus {
namespace {

constexpr int64_t kTimeFeatures = 16;
constexpr int64_t kSteps = 20;  // of a draw, each of two passes of the network

/// Bumps along the time axis, (T): t is (B, 1), or a constant.
Value time_features(GraphBuilder& g, Value t) {
  Tensor centres(Dtype::kF32, {kTimeFeatures});
  for (int64_t k = 0; k < kTimeFeatures; ++k) {
    centres.values<float>()[static_cast<size_t>(k)] =
        static_cast<float>(k) / static_cast<float>(kTimeFeatures - 1);
  }
  const Value distance =
      g.mul(g.sub(t, g.constant(centres)), g.constant(static_cast<double>(kTimeFeatures - 1)));
  return g.exp(g.mul(g.square(distance), g.constant(-0.5)));
}

Parts make_flow_matching(const ModelBuild& b, const DenseOptions& options) {
  require_no_condition(b.setup);
  const int64_t values = b.setup.data.num_values();
  const Standard standard = standard_of(b);
  NetworkOptions net = network_options(options);
  net.context = kTimeFeatures;
  const auto network = std::make_shared<const Network>(b, "velocity", values, net, values);
  Parts parts;
  parts.loss = [&b, values, standard, network](const Given& given) {
    GraphBuilder& g = b.g;
    const Value item = standard.of(g, given.target);
    const Value noise = g.normal("noise", {values}), t = g.uniform("time", {1});
    const Value velocity = g.sub(item, noise);
    const Value predicted = (*network)(b, g.add(noise, g.mul(velocity, t)), time_features(g, t));
    return g.mean(g.square(g.sub(predicted, velocity)));
  };
  parts.draw = [&b, values, standard, network](const Given& given) {
    GraphBuilder& g = b.g;
    const double step = 1.0 / static_cast<double>(kSteps);
    const auto velocity = [&](Value z, int64_t i) {
      const Value t = g.constant(step * static_cast<double>(i));
      return (*network)(b, z, g.to_rows(time_features(g, t)));
    };
    Value z = g.normal("prior", {values});
    if (given.temperature.valid()) z = g.mul(z, given.temperature);
    for (int64_t i = 0; i < kSteps; ++i) {
      const Value here = velocity(z, i);
      const Value there = velocity(g.add(z, g.mul(here, g.constant(step))), i + 1);
      z = g.add(z, g.mul(g.add(here, there), g.constant(step / 2)));
    }
    return standard.back(g, z);
  };
  parts.training = [&b, loss = parts.loss](const Given& given) {
    const Value mean = b.g.batch_mean(loss(given));
    return Training{.objectives = {{.value = mean}}, .terms = {{"loss", mean}}};
  };
  return parts;
}

}  // namespace

ModelDef models::flow_matching() {
  return {.name = "flow_matching",
          .summary = "a velocity field that carries noise to the items: draws without a density",
          .help =
              "for draws from tables, arrays and codes of up to some hundred values; it says "
              "nothing of how probable an item is",
          .source = "Lipman2023",
          .make = make_flow_matching,
          .likelihoods = {"gaussian"},
          .takes_latent_dim = false,
          .takes_sigma = false,
          .defaults = {{"model.hidden", "256,256,256"}, {"model.activation", "silu"}}};
}

}  // namespace isthmus
