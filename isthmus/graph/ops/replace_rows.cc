// SPDX-License-Identifier: Apache-2.0
// replace_rows(table, index, x): the table (N, F), where row i is the x of the last row of the
// batch whose index is i: index per row (), x per row (F). An index of N or above replaces nothing.
// Made for a state that each step changes in a few rows. It has no gradient.
#include "isthmus/graph/op.h"

namespace isthmus {

namespace {

ValueType infer_replace_rows(const Attrs&, const std::vector<ValueType>& in) {
  const ValueType &table = in[0], &index = in[1], &x = in[2];
  const bool fits = table.extent == Extent::kOnce && table.shape.size() == 2 &&
                    index == per_row({}) && x == per_row({table.shape[1]});
  if (!fits) {
    shape_error("the table is " + shape_text(table) + ", index is " + shape_text(index) +
                    ", x is " + shape_text(x),
                "they must be a value without rows (N, F), per row (), and per row (F)");
  }
  return table;
}

void replace_rows_reference(const RefCall& c) {
  const int64_t size = c.out.type.shape[0], width = c.out.type.shape[1];
  c.out.data = c.in[0]->data;
  for (int64_t r = 0; r < c.rows; ++r) {
    const double index = c.in[1]->row(r)[0];
    if (index >= static_cast<double>(size)) continue;
    std::copy_n(c.in[2]->row(r), width, c.out.data.begin() + index_value(index, size) * width);
  }
}

}  // namespace

OpDef ops::replace_rows() {
  return {
      .name = "replace_rows",
      .num_inputs = 3,
      .infer = infer_replace_rows,
      .rows = RowUse::kBatchSum,
      .reference = replace_rows_reference,
      .cases = without_gradient(
          {{.inputs = {once({4, 3}), per_row({}), per_row({3})}, .index_input = 1, .index_size = 6},
           {.inputs = {once({1, 1}), per_row({}), per_row({1})},
            .index_input = 1,
            .index_size = 1}})};
}

}  // namespace isthmus
