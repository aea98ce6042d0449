// SPDX-License-Identifier: Apache-2.0
// exp(x) = e^x. Overflows float32 above 88.7: bound the argument first (soft_bound).
#include <cmath>

#include "isthmus/graph/op.h"

namespace isthmus {

OpDef ops::exp() {
  return {.name = "exp",
          .infer = same_type_as_input,
          .elementwise = true,
          .gradient = [](GraphBuilder& g, const OpCall& c,
                         Value dy) { return Values{g.mul(dy, c.out)}; },
          .reference = elementwise([](double x) { return std::exp(x); }),
          .cases = unary_cases(-2, 2, {-40, -1, 0, 1, 10})};
}

}  // namespace isthmus
