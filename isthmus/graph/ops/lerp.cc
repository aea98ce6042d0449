// SPDX-License-Identifier: Apache-2.0
// lerp(a, b, t) = (1 - t) * a + t * b with broadcasting: exactly a at t = 0 and b at t = 1.
#include "isthmus/graph/op.h"

namespace isthmus {

OpDef ops::lerp() {
  return {
      .name = "lerp",
      .num_inputs = 3,
      .infer = broadcast_types,
      .elementwise = true,
      .gradient =
          [](GraphBuilder& g, const OpCall& c, Value dy) {
            Value rest = g.sub(g.constant(1.0), c.in(2));
            return Values{g.mul(dy, rest), g.mul(dy, c.in(2)), g.mul(dy, g.sub(c.in(1), c.in(0)))};
          },
      .reference = elementwise([](double a, double b, double t) { return (1.0 - t) * a + t * b; }),
      .definition =
          [](GraphBuilder& g, const OpCall& c) {
            return g.add(g.mul(g.sub(g.constant(1.0), c.in(2)), c.in(0)), g.mul(c.in(2), c.in(1)));
          },
      .cases = {{.inputs = {per_row({4}), per_row({4}), per_row({4})}},
                {.inputs = {per_row({5, 3}), once({3}), per_row({5, 1})}},
                {.inputs = {once({2, 3}), once({2, 3}), scalar_type()}},
                {.inputs = {scalar_type(), scalar_type(), scalar_type()}}}};
}

}  // namespace isthmus
