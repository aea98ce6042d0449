// SPDX-License-Identifier: Apache-2.0
// straight_through(hard, soft): the value of hard with the gradient of soft (a biased estimator, by
// Bengio et al. 2013, for draws that have no gradient of their own).
#include "isthmus/graph/op.h"

namespace isthmus {

OpDef ops::straight_through() {
  return {.name = "straight_through",
          .num_inputs = 2,
          .infer = broadcast_types,
          .elementwise = true,
          .gradient =
              [](GraphBuilder&, const OpCall&, Value dy) {
                return Values{{}, dy};
              },
          .reference = elementwise([](double hard, double) { return hard; }),
          .cases = {{.inputs = {per_row({4}), per_row({4})}, .check_gradient = false},
                    {.inputs = {per_row({5, 3}), once({3})}, .check_gradient = false}}};
}

}  // namespace isthmus
