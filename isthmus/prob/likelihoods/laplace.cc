// SPDX-License-Identifier: Apache-2.0
// Laplace with a median and a width b of its own for every value:
//   log p(x) = -log 2 b - |x - m| / b.
// The width has a floor, so that its deviation b sqrt(2) is not below the rounding of the data.
#include <cmath>

#include "isthmus/prob/laplace.h"
#include "isthmus/prob/likelihood.h"
#include "isthmus/prob/outputs.h"

namespace isthmus {
namespace {

std::vector<double> start(double mean, double deviation) {
  return {mean, log_of_estimate(deviation / std::sqrt(2.0))};
}

struct Laplace {
  Value median, b, log_b;
};

Laplace laplace_from(GraphBuilder& g, Value params, const LikelihoodSetup& setup) {
  std::vector<double> floor = setup.min_sigma;
  for (double& f : floor) f /= std::sqrt(2.0);
  const Scale scale = floored_scale(g, block_of(g, params, 1, setup.num_values), floor);
  return {block_of(g, params, 0, setup.num_values), scale.value, scale.log};
}

Value log_prob_laplace(GraphBuilder& g, const Laplace& p, Value x) {
  const Value distance = g.div(g.abs(g.sub(x, p.median)), p.b);
  const double constants = std::log(2.0) * static_cast<double>(g.shape(x).back());
  return g.neg(g.add(g.sum(g.add(distance, p.log_b)), g.constant(constants)));
}

Value log_probs_laplace(GraphBuilder& g, const Laplace& p, Value x) {
  const Value distance = g.div(g.abs(g.sub(x, p.median)), p.b);
  return g.neg(g.add(g.add(distance, p.log_b), g.constant(std::log(2.0))));
}

Likelihood make_laplace(GraphBuilder&, const LikelihoodSetup& setup) {
  return {.num_params = 2 * setup.num_values,  // medians, log b
          .log_prob =
              [setup](GraphBuilder& g, Value params, Value x) {
                return log_prob_laplace(g, laplace_from(g, params, setup), x);
              },
          .log_probs =
              [setup](GraphBuilder& g, Value params, Value x) {
                return log_probs_laplace(g, laplace_from(g, params, setup), x);
              },
          .mean = [setup](GraphBuilder& g,
                          Value params) { return block_of(g, params, 0, setup.num_values); },
          .sample =
              [setup](GraphBuilder& g, Value params, std::string_view stream) {
                const Laplace p = laplace_from(g, params, setup);
                const Value u = g.uniform(stream, g.shape(p.median));
                return g.add(p.median, g.mul(p.b, laplace_quantile(g, u)));
              },
          .variance =
              [setup](GraphBuilder& g, Value params) {
                return g.mul(g.square(laplace_from(g, params, setup).b), g.constant(2.0));
              }};
}

}  // namespace

LikelihoodDef likelihoods::laplace() {
  return {.name = "laplace",
          .summary = "any real values (a density), sharper and with heavier tails than gaussian",
          .help =
              "for tables whose values mostly are close to what is expected; a width of its own "
              "for every value",
          .measure = [](const DataSpec&) { return Measure::kDensity; },
          .check_range = [](const DataSpec&) {},
          .first_params = [](const DataSpec& data) { return first_params_in_blocks(data, start); },
          .steep = true,
          .make = make_laplace};
}

}  // namespace isthmus
