// SPDX-License-Identifier: Apache-2.0
// gather(table, index): rows of a table (N, F) by number: index (B, ...) -> (B, ..., F). The
// indices are whole numbers from 0 to N - 1, kept as float32 (exact below 2^24); they have no
// gradient.
#include "isthmus/graph/op.h"

namespace isthmus {

namespace {

ValueType infer_gather(const Attrs&, const std::vector<ValueType>& in) {
  if (in[0].extent != Extent::kOnce || in[0].shape.size() != 2 || in[1].extent != Extent::kPerRow) {
    shape_error("table is " + shape_text(in[0]) + ", index is " + shape_text(in[1]),
                "the table must be (N, F) without rows, the index per row");
  }
  Shape shape = in[1].shape;
  shape.push_back(in[0].shape[1]);
  return per_row(shape);
}

Values gradient_of_gather(GraphBuilder& g, const OpCall& c, Value dy) {
  return {g.scatter_sum({{"size", g.shape(c.in(0))[0]}}, c.in(1), dy), {}};
}

void gather_reference(const RefCall& c) {
  const int64_t size = c.in[0]->type.shape[0], width = c.in[0]->type.shape[1];
  for (int64_t r = 0; r < c.out.rows; ++r) {
    for (int64_t i = 0; i < c.in[1]->row_size(); ++i) {
      const int64_t entry = index_value(c.in[1]->row(r)[i], size);
      for (int64_t j = 0; j < width; ++j) {
        c.out.row(r)[i * width + j] = c.in[0]->data[static_cast<size_t>(entry * width + j)];
      }
    }
  }
}

}  // namespace

OpDef ops::gather() {
  return {
      .name = "gather",
      .num_inputs = 2,
      .infer = infer_gather,
      .gradient = gradient_of_gather,
      .reference = gather_reference,
      .cases = {{.inputs = {once({4, 3}), per_row({})}, .index_input = 1, .index_size = 4},
                {.inputs = {once({5, 2}), per_row({3})}, .index_input = 1, .index_size = 5},
                {.inputs = {once({1, 1}), per_row({2, 2})}, .index_input = 1, .index_size = 1}}};
}

}  // namespace isthmus
