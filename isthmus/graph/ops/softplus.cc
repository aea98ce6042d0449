// SPDX-License-Identifier: Apache-2.0
// softplus(x) = log(1 + exp(x)), computed as max(x, 0) + log1p(exp(-|x|)): never overflows.
#include <cmath>

#include "isthmus/graph/op.h"

namespace isthmus {

OpDef ops::softplus() {
  return {.name = "softplus",
          .infer = same_type_as_input,
          .elementwise = true,
          .gradient = [](GraphBuilder& g, const OpCall& c,
                         Value dy) { return Values{g.mul(dy, g.sigmoid(c.in(0)))}; },
          .reference = elementwise(
              [](double x) { return std::fmax(x, 0.0) + std::log1p(std::exp(-std::fabs(x))); }),
          .definition =
              [](GraphBuilder& g, const OpCall& c) {
                return g.add(g.relu(c.in(0)), g.log1p(g.exp(g.neg(g.abs(c.in(0))))));
              },
          .cases = unary_cases(-2, 2, {-1e4, -40, -1, 0, 1, 40, 1e4})};
}

}  // namespace isthmus
