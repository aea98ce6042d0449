// SPDX-License-Identifier: Apache-2.0
// batch_sum(x): the sum over the rows of the batch: (B, ...) -> (...). Its gradient is to_rows.
#include "isthmus/graph/op.h"

namespace isthmus {

OpDef ops::batch_sum() {
  return {
      .name = "batch_sum",
      .infer = once_type_of_rows,
      .rows = RowUse::kBatchSum,
      .gradient = [](GraphBuilder& g, const OpCall&, Value dy) { return Values{g.to_rows(dy)}; },
      .reference =
          [](const RefCall& c) {
            for (int64_t r = 0; r < c.rows; ++r) {
              for (int64_t i = 0; i < c.out.row_size(); ++i) c.out.row(0)[i] += c.in[0]->row(r)[i];
            }
          },
      .cases = batch_cases()};
}

}  // namespace isthmus
