// SPDX-License-Identifier: Apache-2.0
// bernoulli_log_prob(logits, x) = x * t - softplus(t): log probability, in nats, of x under
// Bernoulli with logit t; for 0 < x < 1 the negative cross entropy. Working on logits never takes
// log(0). Elementwise with broadcasting: sum over the item afterwards.
#include <cmath>

#include "isthmus/graph/op.h"

namespace isthmus {

OpDef ops::bernoulli_log_prob() {
  return {.name = "bernoulli_log_prob",
          .num_inputs = 2,
          .infer = broadcast_types,
          .elementwise = true,
          .gradient =
              [](GraphBuilder& g, const OpCall& c, Value dy) {
                Value t = c.in(0), x = c.in(1);
                return Values{g.mul(dy, g.sub(x, g.sigmoid(t))), g.mul(dy, t)};
              },
          .reference = elementwise([](double t, double x) {
            return x * t - (std::fmax(t, 0.0) + std::log1p(std::exp(-std::fabs(t))));
          }),
          .definition =
              [](GraphBuilder& g, const OpCall& c) {
                return g.sub(g.mul(c.in(1), c.in(0)), g.softplus(c.in(0)));
              },
          .cases = {{.inputs = {per_row({4}), per_row({4})}, .low = 0, .high = 1},
                    {.inputs = {per_row({5, 3}), per_row({3})}, .low = 0, .high = 1},
                    {.inputs = {per_row({6}), once({6})},
                     .low = 0,
                     .high = 1,
                     .values = {-1e4, -40, -1, 1, 40, 1e4}},
                    {.inputs = {once({1}), per_row({3})}}}};
}

}  // namespace isthmus
