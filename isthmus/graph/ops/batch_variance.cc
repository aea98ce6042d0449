// SPDX-License-Identifier: Apache-2.0
// batch_variance(x): the population variance over the rows, per element: (B, ...) -> (...). A
// composite in two passes (the mean of squared deviations): the difference of two means of squares
// would cancel.
#include "isthmus/graph/op.h"

namespace isthmus {

OpDef ops::batch_variance() {
  return {.name = "batch_variance",
          .infer = once_type_of_rows,
          .expand =
              [](GraphBuilder& g, const OpCall& c) {
                return g.batch_mean(g.square(g.sub(c.in(0), g.batch_mean(c.in(0)))));
              },
          .cases = batch_cases()};
}

}  // namespace isthmus
