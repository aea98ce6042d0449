// SPDX-License-Identifier: Apache-2.0
// select(condition, a, b) = a where condition is 1, b where it is 0, with broadcasting.
// Unlike a product with a mask it does not spread NaN or infinity of the side not taken.
#include "isthmus/graph/op.h"

namespace isthmus {

OpDef ops::select() {
  return {.name = "select",
          .num_inputs = 3,
          .infer = broadcast_types,
          .elementwise = true,
          .gradient =
              [](GraphBuilder& g, const OpCall& c, Value dy) {
                Value zero = g.constant(0.0);
                return Values{{}, g.select(c.in(0), dy, zero), g.select(c.in(0), zero, dy)};
              },
          .reference = elementwise(
              [](double condition, double a, double b) { return condition > 0.5 ? a : b; }),
          .cases = {
              {.inputs = {per_row({4}), per_row({4}), per_row({4})}, .values = {0, 1, 1, 0}},
              {.inputs = {per_row({5, 3}), once({3}), per_row({5, 1})}, .values = {1, 0, 1, 1, 0}},
              {.inputs = {per_row({}), once({2}), once({2})}, .values = {1, 0}},
              {.inputs = {once({3}), once({1}), once({})}, .values = {1, 0, 0}}}};
}

}  // namespace isthmus
