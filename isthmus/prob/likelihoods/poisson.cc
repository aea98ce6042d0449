// SPDX-License-Identifier: Apache-2.0
// Poisson counts with log rates: log p(x) = x t - exp t - log x!. The log rate passes soft_bound,
// so that a rate stays below exp 15, about three millions.
#include <cmath>

#include "isthmus/prob/counts.h"
#include "isthmus/prob/outputs.h"

namespace isthmus {
namespace {

std::vector<double> start(double mean, double) { return {log_of_estimate(mean)}; }

Value rate_of(GraphBuilder& g, Value params) { return g.exp(g.soft_bound(params)); }

Value log_probs_poisson(GraphBuilder& g, Value params, Value x) {
  const Value log_rate = g.soft_bound(params);
  const Value log_factorial = g.lgamma(g.add(x, g.constant(1.0)));
  return g.sub(g.sub(g.mul(x, log_rate), g.exp(log_rate)), log_factorial);
}

Likelihood make_poisson(GraphBuilder&, const LikelihoodSetup& setup) {
  return {.num_params = setup.num_values,  // log rates
          .log_prob = [](GraphBuilder& g, Value params,
                         Value x) { return g.sum(log_probs_poisson(g, params, x)); },
          .log_probs = log_probs_poisson,
          .mean = rate_of,
          .sample =
              [](GraphBuilder& g, Value params, std::string_view stream) {
                return g.poisson_draw({{"stream", std::string(stream)}}, rate_of(g, params));
              },
          .encoder_view = count_view,
          .variance = rate_of};
}

}  // namespace

LikelihoodDef likelihoods::poisson() {
  return {
      .name = "poisson",
      .summary = "counts: whole values from 0 on (a mass), as they are stored",
      .help = "for counts whose variance is about their mean; negative_binomial where it is more",
      .measure = [](const DataSpec&) { return Measure::kMass; },
      .check_range = [](const DataSpec& data) { require_counts(data, "poisson"); },
      .first_params = [](const DataSpec& data) { return first_params_in_blocks(data, start); },
      .support = count_support,
      .unscaled = true,
      .steep = true,
      .make = make_poisson};
}

}  // namespace isthmus
