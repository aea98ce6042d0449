// SPDX-License-Identifier: Apache-2.0
// log(x), the natural logarithm; x must be positive.
#include <cmath>

#include "isthmus/graph/op.h"

namespace isthmus {

OpDef ops::log() {
  return {.name = "log",
          .infer = same_type_as_input,
          .elementwise = true,
          .gradient = [](GraphBuilder& g, const OpCall& c,
                         Value dy) { return Values{g.div(dy, c.in(0))}; },
          .reference = elementwise([](double x) { return std::log(x); }),
          .cases = unary_cases(0.5, 3, {0.25, 1, 40, 1e4})};
}

}  // namespace isthmus
