// SPDX-License-Identifier: Apache-2.0
// digamma_difference(x, r) = digamma(x + r) - digamma(r) for counts x >= 0 and r > 0: the gradient
// of lgamma_difference with respect to r, as free of cancellation. It has no gradient of its own.
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

OpDef ops::digamma_difference() {
  return {.name = "digamma_difference",
          .num_inputs = 2,
          .infer = broadcast_types,
          .elementwise = true,
          .reference = elementwise(isthmus::digamma_difference),
          .cases = without_gradient(count_cases())};
}

}  // namespace isthmus
