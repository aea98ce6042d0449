// SPDX-License-Identifier: Apache-2.0
// lgamma_difference(x, r) = lgamma(x + r) - lgamma(r) for counts x >= 0 and r > 0, without the
// cancellation of the two where r is large: the term of the negative binomial. Counts have no
// gradient. Elementwise with broadcasting.
#include <utility>

#include "isthmus/base/gamma_functions.h"
#include "isthmus/graph/op.h"

namespace isthmus {

namespace {

std::vector<OpCase> count_cases() {
  std::vector<OpCase> cases;
  for (const auto& [x, r] :
       std::vector<std::pair<ValueType, ValueType>>{{per_row({4}), per_row({4})},
                                                    {per_row({5, 3}), once({3})},
                                                    {per_row({3}), per_row({})},
                                                    {per_row({}), scalar_type()}}) {
    cases.push_back({.inputs = {x, r}, .low = 0.1, .high = 12, .index_input = 0, .index_size = 40});
  }
  return cases;
}

}  // namespace

OpDef ops::lgamma_difference() {
  return {.name = "lgamma_difference",
          .num_inputs = 2,
          .infer = broadcast_types,
          .elementwise = true,
          .gradient =
              [](GraphBuilder& g, const OpCall& c, Value dy) {
                return Values{{}, g.mul(dy, g.digamma_difference(c.in(0), c.in(1)))};
              },
          .reference = elementwise(log_gamma_difference),
          .cases = once_differentiable(count_cases())};
}

}  // namespace isthmus
