// SPDX-License-Identifier: Apache-2.0
// Bernoulli with logits. On values that are only 0 and 1 a mass; on grey values in between the
// negative cross entropy, a score: it does not sum to 1 over the stored levels. The decoder's
// outputs stay logits to the end: no sigmoid is ever followed by a log.
#include <algorithm>
#include <cmath>

#include "isthmus/prob/likelihood.h"
#include "isthmus/prob/outputs.h"

namespace isthmus {
namespace {

Measure measure_bernoulli(const DataSpec& data) {
  return data.binary() && only_zero_and_one(data) ? Measure::kMass : Measure::kScore;
}

void check_bernoulli(const DataSpec& data) { require_unit_range(data, "bernoulli"); }

std::vector<double> logit_of_mean(double mean, double) {
  constexpr double kSurest = 0.001;  // a pixel that never varied may still do so
  const double p = std::clamp(mean, kSurest, 1 - kSurest);
  return {std::log(p / (1 - p))};
}

/// The entropy of a grey value.
double binary_entropy(double p) {
  if (p <= 0 || p >= 1) return 0;
  return -p * std::log(p) - (1 - p) * std::log1p(-p);
}

/// 1 with probability (1 - f) p + f (1 - p) = f + (1 - 2 f) p: between f and 1 - f, so that neither
/// logarithm meets 0.
Value log_prob_under_flips(GraphBuilder& g, Value logits, Value x, double share) {
  const auto log_flipped = [&](Value p) {
    return g.log(g.add(g.mul(p, g.constant(1 - 2 * share)), g.constant(share)));
  };
  Value one = log_flipped(g.sigmoid(logits)), zero = log_flipped(g.sigmoid(g.neg(logits)));
  return g.sum(g.add(zero, g.mul(x, g.sub(one, zero))));
}

Likelihood make_bernoulli(GraphBuilder&, const LikelihoodSetup& setup) {
  return {
      .num_params = setup.num_values,  // logits
      .log_prob = [](GraphBuilder& g, Value logits,
                     Value x) { return g.sum(g.bernoulli_log_prob(logits, x)); },
      .log_probs = [](GraphBuilder& g, Value logits,
                      Value x) { return g.bernoulli_log_prob(logits, x); },
      .log_prob_under_flips = log_prob_under_flips,
      .mean = [](GraphBuilder& g, Value logits) { return g.sigmoid(logits); },
      .sample =
          [](GraphBuilder& g, Value logits, std::string_view stream) {
            return g.bernoulli_draw({{"stream", std::string(stream)}}, logits);
          },
      .variance = [](GraphBuilder& g,
                     Value logits) { return g.mul(g.sigmoid(logits), g.sigmoid(g.neg(logits))); }};
}

}  // namespace

LikelihoodDef likelihoods::bernoulli() {
  return {
      .name = "bernoulli",
      .summary = "values 0 and 1 (a mass), or grey values between them (a score)",
      .help = "for masks and flags, and for grey images where only the picture counts",
      .measure = measure_bernoulli,
      .check_range = check_bernoulli,
      .first_params = [](const DataSpec& d) { return first_params_in_blocks(d, logit_of_mean); },
      .support = unit_support,
      .least_loss = binary_entropy,
      .columns = ColumnFamily::kBernoulli,
      .make = make_bernoulli};
}

}  // namespace isthmus
