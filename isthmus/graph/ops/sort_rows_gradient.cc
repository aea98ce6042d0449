// SPDX-License-Identifier: Apache-2.0
// sort_rows_gradient(x, dy): per row (P): dy of the place that sort_rows gives to each value. It
// has no gradient of its own (its derivative in x is zero).
#include <algorithm>
#include <numeric>

#include "isthmus/graph/op.h"

namespace isthmus {

namespace {

ValueType infer_sort_rows_gradient(const Attrs& attrs, const std::vector<ValueType>& in) {
  const ValueType sorted = find_op("sort_rows").infer(attrs, {in[0]});
  if (in[1] != sorted) {
    shape_error("x is " + shape_text(in[0]) + ", dy is " + shape_text(in[1]),
                "both must be per row (P) alike");
  }
  return sorted;
}

void sort_rows_gradient_reference(const RefCall& c) {
  std::vector<int64_t> order(static_cast<size_t>(c.rows));
  for (int64_t k = 0; k < c.out.row_size(); ++k) {
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(),
                     [&](int64_t a, int64_t b) { return c.in[0]->row(a)[k] < c.in[0]->row(b)[k]; });
    for (int64_t r = 0; r < c.rows; ++r) {
      c.out.row(order[static_cast<size_t>(r)])[k] = c.in[1]->row(r)[k];
    }
  }
}

}  // namespace

OpDef ops::sort_rows_gradient() {
  return {.name = "sort_rows_gradient",
          .num_inputs = 2,
          .infer = infer_sort_rows_gradient,
          .rows = RowUse::kBatchWise,
          .reference = sort_rows_gradient_reference,
          .cases = without_gradient(
              {{.inputs = {per_row({4}), per_row({4})}},
               {.inputs = {per_row({3}), per_row({3})}, .values = {1, 2, 3, 1, -2, 3}}})};
}

}  // namespace isthmus
