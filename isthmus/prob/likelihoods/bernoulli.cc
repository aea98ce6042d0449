// SPDX-License-Identifier: Apache-2.0
// Bernoulli with logits. On values that are only 0 and 1 a mass; on grey values in between the
// negative cross entropy, a score: it does not sum to 1 over the stored levels. The decoder's
// outputs stay logits to the end: no sigmoid is ever followed by a log.
#include "isthmus/prob/likelihood.h"

namespace isthmus {
namespace {

Measure measure_bernoulli(const DataSpec& data) {
  const ValueRange range = scaled_range(data);
  return data.binary() && range.low >= 0 && range.high <= 1 ? Measure::kMass : Measure::kScore;
}

void check_bernoulli(const DataSpec& data) { require_unit_range(data, "bernoulli"); }

Likelihood make_bernoulli(GraphBuilder&, const LikelihoodSetup&) {
  return {.params_per_value = 1,  // logits
          .log_prob = [](GraphBuilder& g, Value logits,
                         Value x) { return g.sum(g.bernoulli_log_prob(logits, x)); },
          .mean = [](GraphBuilder& g, Value logits) { return g.sigmoid(logits); },
          .sample =
              [](GraphBuilder& g, Value logits, std::string_view stream) {
                return g.bernoulli_draw({{"stream", std::string(stream)}}, logits);
              }};
}

}  // namespace

LikelihoodDef likelihoods::bernoulli() {
  return {.name = "bernoulli",
          .summary = "values 0 and 1 (a mass), or grey values between them (a score)",
          .measure = measure_bernoulli,
          .check_range = check_bernoulli,
          .make = make_bernoulli};
}

}  // namespace isthmus
