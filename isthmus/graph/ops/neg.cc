// SPDX-License-Identifier: Apache-2.0
// neg(x) = -x. Shapes: any; returns the same.
#include "isthmus/graph/op.h"

namespace isthmus {

OpDef ops::neg() {
  return {.name = "neg",
          .infer = same_type_as_input,
          .elementwise = true,
          .gradient = [](GraphBuilder& g, const OpCall&, Value dy) { return Values{g.neg(dy)}; },
          .reference = elementwise([](double x) { return -x; }),
          .definition = [](GraphBuilder& g,
                           const OpCall& c) { return g.mul(c.in(0), g.constant(-1.0)); },
          .cases = unary_cases(-2, 2)};
}

}  // namespace isthmus
