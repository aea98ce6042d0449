// SPDX-License-Identifier: Apache-2.0
// Continuous Bernoulli with logits: a density on [0, 1],
//   log p(x) = x t - A(t), A(t) = log((exp t - 1) / t).
// Unbounded where the data hold exact zeros and ones (the density at 0 is about |t|): its values on
// stored pixels can grow without end. Source: Loaiza-Ganem & Cunningham 2019, arXiv:1907.06845.
#include <cmath>

#include "isthmus/prob/likelihood.h"
#include "isthmus/prob/outputs.h"

namespace isthmus {
namespace {

Measure measure_continuous(const DataSpec& data) {
  const ValueRange range = scaled_range(data);
  return range.low >= 0 && range.high <= 1 ? Measure::kDensity : Measure::kScore;
}

void check_continuous(const DataSpec& data) { require_unit_range(data, "continuous_bernoulli"); }

/// Inverse of the distribution function at u. By symmetry only s = -|t| <= 0 is solved, with
/// v = u or 1 - u: log1p(v expm1(s)) / s, or its series where s is so small that 0 / 0 looms.
Value draw(GraphBuilder& g, Value logits, Value u) {
  Value one = g.constant(1.0);
  Value positive = g.greater(logits, g.constant(0.0));
  Value s = g.neg(g.abs(logits));
  Value v = g.select(positive, g.sub(one, u), u);
  Value small = g.greater(s, g.constant(-1e-3));
  Value exact = g.div(g.log1p(g.mul(v, g.expm1(s))), g.select(small, g.constant(-1.0), s));
  Value series =
      g.add(v, g.mul(g.mul(s, g.constant(0.5)), g.mul(v, g.sub(one, v))));  // first order in s
  Value y = g.select(small, series, exact);
  return g.select(positive, g.sub(one, y), y);
}

/// Mean at a logit: 1 / (1 - exp(-s)) - 1 / s.
double mean_of_logit(double s) {
  return std::fabs(s) < 1e-3 ? 0.5 + s / 12 : -1 / std::expm1(-s) - 1 / s;
}

/// By halving: the mean grows with the logit.
std::vector<double> logit_of_mean(double mean, double) {
  double low = -100, high = 100;
  for (int i = 0; i < 60; ++i) {
    const double middle = (low + high) / 2;
    (mean_of_logit(middle) < mean ? low : high) = middle;
  }
  return {low};
}

Value log_probs_continuous(GraphBuilder& g, Value logits, Value x) {
  return g.sub(g.mul(x, logits), g.continuous_bernoulli_log_normalizer(logits));
}

Likelihood make_continuous(GraphBuilder&, const LikelihoodSetup& setup) {
  return {.num_params = setup.num_values,  // logits
          .log_prob = [](GraphBuilder& g, Value logits,
                         Value x) { return g.sum(log_probs_continuous(g, logits, x)); },
          .log_probs = log_probs_continuous,
          .mean = [](GraphBuilder& g, Value logits) { return g.continuous_bernoulli_mean(logits); },
          .sample =
              [](GraphBuilder& g, Value logits, std::string_view stream) {
                return draw(g, logits, g.uniform(stream, g.shape(logits)));
              },
          .variance = [](GraphBuilder& g,
                         Value logits) { return g.continuous_bernoulli_variance(logits); }};
}

}  // namespace

LikelihoodDef likelihoods::continuous_bernoulli() {
  return {
      .name = "continuous_bernoulli",
      .summary = "real values from 0 to 1 (a density)",
      .help = "for shares and intensities that rarely are exactly 0 or 1",
      .source = "LoaizaGanem2019",
      .measure = measure_continuous,
      .check_range = check_continuous,
      .first_params = [](const DataSpec& d) { return first_params_in_blocks(d, logit_of_mean); },
      .support = unit_support,
      .columns = ColumnFamily::kContinuousBernoulli,
      .make = make_continuous};
}

}  // namespace isthmus
