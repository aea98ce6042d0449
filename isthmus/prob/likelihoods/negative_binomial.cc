// SPDX-License-Identifier: Apache-2.0
// Negative binomial counts with a log mean h and a log inverse dispersion r for every value:
//   log p(x) = lgamma(x + R) - lgamma(R) - log x! - R softplus(h - r) - x softplus(r - h),
//   R = exp r; the variance is mean + mean^2 / R. Both outputs pass soft_bound. Source: Lopez et
//   al.
// 2018, Nature Methods 15, the count model of scVI.
#include <algorithm>
#include <cmath>

#include "isthmus/prob/counts.h"
#include "isthmus/prob/outputs.h"

namespace isthmus {
namespace {

std::vector<double> start(double mean, double deviation) {
  constexpr double kLeast = 0.1, kMost = 100;  // of R: estimates from moments are rough
  const double more = deviation * deviation - mean;
  const double inverse = more > 0 ? mean * mean / more : kMost;
  return {log_of_estimate(mean), std::log(std::clamp(inverse, kLeast, kMost))};
}

struct Counts {
  Value log_mean, log_inverse;
};

Counts counts_from(GraphBuilder& g, Value params, int64_t num_values) {
  return {g.soft_bound(block_of(g, params, 0, num_values)),
          g.soft_bound(block_of(g, params, 1, num_values))};
}

Value log_probs_counts(GraphBuilder& g, const Counts& p, Value x) {
  const Value inverse = g.exp(p.log_inverse);
  const Value choices = g.sub(g.lgamma_difference(x, inverse), g.lgamma(g.add(x, g.constant(1.0))));
  const Value none = g.mul(inverse, g.softplus(g.sub(p.log_mean, p.log_inverse)));
  const Value each = g.mul(x, g.softplus(g.sub(p.log_inverse, p.log_mean)));
  return g.sub(choices, g.add(none, each));
}

/// mean + mean^2 / R
Value variance_of(GraphBuilder& g, const Counts& p) {
  const Value more = g.sub(g.mul(p.log_mean, g.constant(2.0)), p.log_inverse);
  return g.add(g.exp(p.log_mean), g.exp(more));
}

/// Poisson with a rate from Gamma(R) of this mean.
Value draw(GraphBuilder& g, const Counts& p, std::string_view stream) {
  const std::string name(stream);
  const Value inverse = g.exp(p.log_inverse);
  const Value gamma = g.gamma_draw({{"stream", name + "/rate"}}, inverse);
  const Value rate = g.mul(gamma, g.exp(g.sub(p.log_mean, p.log_inverse)));
  return g.poisson_draw({{"stream", name}}, rate);
}

Likelihood make_negative_binomial(GraphBuilder&, const LikelihoodSetup& setup) {
  const int64_t d = setup.num_values;
  return {
      .num_params = 2 * d,  // log means, log inverse dispersions
      .log_prob = [d](GraphBuilder& g, Value params,
                      Value x) { return g.sum(log_probs_counts(g, counts_from(g, params, d), x)); },
      .log_probs = [d](GraphBuilder& g, Value params,
                       Value x) { return log_probs_counts(g, counts_from(g, params, d), x); },
      .mean = [d](GraphBuilder& g,
                  Value params) { return g.exp(counts_from(g, params, d).log_mean); },
      .sample = [d](GraphBuilder& g, Value params,
                    std::string_view stream) { return draw(g, counts_from(g, params, d), stream); },
      .encoder_view = count_view,
      .variance = [d](GraphBuilder& g,
                      Value params) { return variance_of(g, counts_from(g, params, d)); }};
}

}  // namespace

LikelihoodDef likelihoods::negative_binomial() {
  return {.name = "negative_binomial",
          .summary = "counts with more variance than poisson (a mass), as they are stored",
          .help = "for counts of events, words, molecules, sales",
          .source = "Lopez2018",
          .measure = [](const DataSpec&) { return Measure::kMass; },
          .check_range = [](const DataSpec& data) { require_counts(data, "negative_binomial"); },
          .first_params = [](const DataSpec& data) { return first_params_in_blocks(data, start); },
          .support = count_support,
          .unscaled = true,
          .make = make_negative_binomial};
}

}  // namespace isthmus
