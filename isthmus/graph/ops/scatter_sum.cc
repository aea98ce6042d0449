// SPDX-License-Identifier: Apache-2.0
// scatter_sum{size}(index, x): row i of the result (size, F) is the sum of all rows of x whose
// index is i: index (B, ...), x (B, ..., F). The gradient of gather; its own is gather. The indices
// have none.
#include "isthmus/graph/op.h"

namespace isthmus {

namespace {

ValueType infer_scatter_sum(const Attrs& attrs, const std::vector<ValueType>& in) {
  const int64_t size = attrs.integer("size");
  require_sizes({size});
  Shape leading = in[1].shape;
  const bool has_axis = !leading.empty();
  if (has_axis) leading.pop_back();
  if (!has_axis || leading != in[0].shape || in[0].extent != Extent::kPerRow ||
      in[1].extent != Extent::kPerRow) {
    shape_error("index is " + shape_text(in[0]) + ", x is " + shape_text(in[1]),
                "both must be per row, and x have the axes of index and one more");
  }
  return once({size, in[1].shape.back()});
}

void scatter_sum_reference(const RefCall& c) {
  const int64_t size = c.out.type.shape[0], width = c.out.type.shape[1];
  for (int64_t r = 0; r < c.rows; ++r) {
    for (int64_t i = 0; i < c.in[0]->row_size(); ++i) {
      const int64_t entry = index_value(c.in[0]->row(r)[i], size);
      for (int64_t j = 0; j < width; ++j) {
        c.out.data[static_cast<size_t>(entry * width + j)] += c.in[1]->row(r)[i * width + j];
      }
    }
  }
}

}  // namespace

OpDef ops::scatter_sum() {
  return {.name = "scatter_sum",
          .num_inputs = 2,
          .attributes = {"size"},
          .infer = infer_scatter_sum,
          .rows = RowUse::kBatchSum,
          .gradient =
              [](GraphBuilder& g, const OpCall& c, Value dy) {
                return Values{{}, g.gather(dy, c.in(0))};
              },
          .reference = scatter_sum_reference,
          .cases = {{.attrs = {{"size", 4}},
                     .inputs = {per_row({}), per_row({3})},
                     .index_input = 0,
                     .index_size = 4},
                    {.attrs = {{"size", 5}},
                     .inputs = {per_row({3}), per_row({3, 2})},
                     .index_input = 0,
                     .index_size = 5},
                    {.attrs = {{"size", 1}},
                     .inputs = {per_row({1}), per_row({1, 1})},
                     .index_input = 0,
                     .index_size = 1}}};
}

}  // namespace isthmus
