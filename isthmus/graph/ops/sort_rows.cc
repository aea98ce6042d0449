// SPDX-License-Identifier: Apache-2.0
// sort_rows(x): per row (P) -> per row (P): every column sorted over the valid rows of the batch;
// row i holds the i-th smallest value of each column, equal values in the order of their rows. The
// gradient carries dy back to where the values came from. For sliced Wasserstein distances.
#include <algorithm>
#include <numeric>

#include "isthmus/graph/op.h"

namespace isthmus {

namespace {

ValueType infer_sort_rows(const Attrs&, const std::vector<ValueType>& in) {
  if (in[0].extent != Extent::kPerRow || in[0].shape.size() != 1) {
    shape_error("x is " + shape_text(in[0]), "it must be per row (P)");
  }
  return in[0];
}

void sort_rows_reference(const RefCall& c) {
  std::vector<double> column(static_cast<size_t>(c.rows));
  for (int64_t k = 0; k < c.out.row_size(); ++k) {
    for (int64_t r = 0; r < c.rows; ++r) column[static_cast<size_t>(r)] = c.in[0]->row(r)[k];
    std::sort(column.begin(), column.end());
    for (int64_t r = 0; r < c.rows; ++r) c.out.row(r)[k] = column[static_cast<size_t>(r)];
  }
}

}  // namespace

OpDef ops::sort_rows() {
  return {.name = "sort_rows",
          .infer = infer_sort_rows,
          .rows = RowUse::kBatchWise,
          .gradient = [](GraphBuilder& g, const OpCall& c,
                         Value dy) { return Values{g.sort_rows_gradient(c.in(0), dy)}; },
          .reference = sort_rows_reference,
          .cases = once_differentiable({{.inputs = {per_row({4})}},
                                        {.inputs = {per_row({1})}},
                                        {.inputs = {per_row({3})},
                                         .values = {1, 2, 3, 1, -2, 3},
                                         .check_gradient = false}})};  // equal values
}

}  // namespace isthmus
