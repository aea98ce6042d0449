// SPDX-License-Identifier: Apache-2.0
// batch_mean(x): the mean over the valid rows of the step: (B, ...) -> (...). A composite of
// batch_sum and the number of rows, so a smaller last batch is weighted rightly.
#include "isthmus/graph/op.h"

namespace isthmus {

OpDef ops::batch_mean() {
  return {.name = "batch_mean",
          .infer = once_type_of_rows,
          .expand =
              [](GraphBuilder& g, const OpCall& c) {
                const Value sum = g.batch_sum(c.in(0));
                return g.mul(sum, g.reciprocal(g.rows()));
              },
          .cases = batch_cases()};
}

}  // namespace isthmus
