// SPDX-License-Identifier: Apache-2.0
// log1p(x) = log(1 + x) without the rounding of 1 + x; x must exceed -1.
#include <cmath>

#include "isthmus/graph/op.h"

namespace isthmus {

OpDef ops::log1p() {
  return {.name = "log1p",
          .infer = same_type_as_input,
          .elementwise = true,
          .gradient = [](GraphBuilder& g, const OpCall& c,
                         Value dy) { return Values{g.div(dy, g.add(c.in(0), g.constant(1.0)))}; },
          .reference = elementwise([](double x) { return std::log1p(x); }),
          .cases = unary_cases(-0.5, 3, {-0.75, 0, 1e-6, 40, 1e4})};
}

}  // namespace isthmus
