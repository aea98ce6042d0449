// SPDX-License-Identifier: Apache-2.0
// mean_items(x): the mean over all axes of the row: (B, ...) -> (B). A composite of sum_items.
#include "isthmus/graph/op.h"

namespace isthmus {

OpDef ops::mean_items() {
  return {
      .name = "mean_items",
      .infer = [](const Attrs&,
                  const std::vector<ValueType>& in) { return result_type(in, {}, in[0].extent); },
      .expand =
          [](GraphBuilder& g, const OpCall& c) {
            const double size = static_cast<double>(value_count(g.shape(c.in(0))));
            const Value sum = g.sum_items(c.in(0));
            return g.mul(sum, g.constant(1.0 / size));
          },
      .cases = item_cases()};
}

}  // namespace isthmus
