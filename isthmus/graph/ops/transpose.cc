// SPDX-License-Identifier: Apache-2.0
// transpose(x): the last two axes of the row shape change places: (..., M, N) -> (..., N, M).
#include <utility>

#include "isthmus/graph/op.h"

namespace isthmus {

namespace {

ValueType infer_transpose(const Attrs&, const std::vector<ValueType>& in) {
  Shape shape = in[0].shape;
  if (shape.size() < 2)
    shape_error("x is " + shape_text(in[0]), "a row of x needs at least two axes");
  std::swap(shape[shape.size() - 1], shape[shape.size() - 2]);
  return result_type(in, shape, in[0].extent);
}

void transpose_reference(const RefCall& c) {
  const Shape& shape = c.in[0]->type.shape;
  const int64_t n = shape[shape.size() - 1], m = shape[shape.size() - 2];
  for (int64_t r = 0; r < c.out.rows; ++r) {
    for (int64_t i = 0; i < c.out.row_size(); ++i) {
      const int64_t matrix = i / (m * n), row = i % (m * n) / n, column = i % n;
      c.out.row(r)[matrix * m * n + column * m + row] = c.in[0]->row(r)[i];
    }
  }
}

}  // namespace

OpDef ops::transpose() {
  return {
      .name = "transpose",
      .infer = infer_transpose,
      .gradient = [](GraphBuilder& g, const OpCall&, Value dy) { return Values{g.transpose(dy)}; },
      .reference = transpose_reference,
      .cases = {{.inputs = {per_row({5, 3})}},
                {.inputs = {per_row({2, 3, 4})}},
                {.inputs = {per_row({1, 3})}},
                {.inputs = {once({2, 3})}}}};
}

}  // namespace isthmus
