// SPDX-License-Identifier: Apache-2.0
// sum{axis, keep}(x): the sum over one axis of the row shape (never over rows). axis counts from
// the end and defaults to -1; with keep 1 the axis stays with size 1.
#include "isthmus/graph/op.h"

namespace isthmus {

namespace {

ValueType infer_sum(const Attrs& attrs, const std::vector<ValueType>& in) {
  const size_t axis = axis_of(attrs, in[0]);
  Shape shape = in[0].shape;
  if (attrs.integer("keep", 0) != 0) {
    shape[axis] = 1;
  } else {
    shape.erase(shape.begin() + static_cast<ptrdiff_t>(axis));
  }
  return result_type(in, shape, in[0].extent);
}

Values gradient_of_sum(GraphBuilder& g, const OpCall& c, Value dy) {
  const Shape& shape = g.shape(c.in(0));
  Shape kept = shape;
  kept[axis_of(c.attrs, g.type(c.in(0)))] = 1;
  return {g.broadcast({{"shape", shape}}, g.reshape({{"shape", kept}}, dy))};
}

void sum_reference(const RefCall& c) {
  const AxisView axis = view_axis(c.in[0]->type.shape, axis_of(c.attrs, c.in[0]->type));
  for (int64_t r = 0; r < c.out.rows; ++r) {
    for (int64_t i = 0; i < axis.outer; ++i) {
      for (int64_t k = 0; k < axis.size; ++k) {
        for (int64_t j = 0; j < axis.inner; ++j) {
          c.out.row(r)[i * axis.inner + j] += c.in[0]->row(r)[axis.at(i, k, j)];
        }
      }
    }
  }
}

}  // namespace

OpDef ops::sum() {
  return {.name = "sum",
          .optional_attributes = {"axis", "keep"},
          .infer = infer_sum,
          .reduces = Reduces::kNamedAxis,
          .gradient = gradient_of_sum,
          .reference = sum_reference,
          .cases = axis_cases()};
}

}  // namespace isthmus
