// SPDX-License-Identifier: Apache-2.0
// leaky_relu{slope}(x) = x where x > 0, slope * x elsewhere. The derivative at 0 is slope.
#include "isthmus/graph/op.h"

namespace isthmus {

OpDef ops::leaky_relu() {
  return {
      .name = "leaky_relu",
      .attributes = {"slope"},
      .infer = same_type_as_input,
      .elementwise = true,
      .gradient =
          [](GraphBuilder& g, const OpCall& c, Value dy) {
            Value slope = g.constant(c.attrs.number("slope"));
            return Values{
                g.mul(dy, g.select(g.greater(c.in(0), g.constant(0.0)), g.constant(1.0), slope))};
          },
      .reference = elementwise_with(
          [](const Attrs& a, double x) { return x > 0 ? x : a.number("slope") * x; }),
      .definition =
          [](GraphBuilder& g, const OpCall& c) {
            return g.select(g.greater(c.in(0), g.constant(0.0)), c.in(0),
                            g.mul(c.in(0), g.constant(c.attrs.number("slope"))));
          },
      .cases = with_attributes({{"slope", 0.01}}, unary_cases(-2, 2, {-1e4, -40, -1, 1, 40, 1e4}))};
}

}  // namespace isthmus
