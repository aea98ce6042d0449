// SPDX-License-Identifier: Apache-2.0
// sum_items(x): the sum over all axes of the row: (B, ...) -> (B), and (...) -> (). The log
// probability of an item is the sum of those of its values.
#include "isthmus/graph/op.h"

namespace isthmus {

OpDef ops::sum_items() {
  return {
      .name = "sum_items",
      .infer = [](const Attrs&,
                  const std::vector<ValueType>& in) { return result_type(in, {}, in[0].extent); },
      .reduces = Reduces::kAllAxes,
      .gradient =
          [](GraphBuilder& g, const OpCall& c, Value dy) {
            return Values{g.broadcast({{"shape", g.shape(c.in(0))}}, dy)};
          },
      .reference =
          [](const RefCall& c) {
            for (int64_t r = 0; r < c.out.rows; ++r) {
              for (int64_t i = 0; i < c.in[0]->row_size(); ++i) *c.out.row(r) += c.in[0]->row(r)[i];
            }
          },
      .definition =
          [](GraphBuilder& g, const OpCall& c) {
            if (g.shape(c.in(0)).empty()) return c.in(0);
            const int64_t count = value_count(g.shape(c.in(0)));
            return g.sum(g.reshape({{"shape", Shape{count}}}, c.in(0)));
          },
      .cases = item_cases()};
}

}  // namespace isthmus
