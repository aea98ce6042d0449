// SPDX-License-Identifier: Apache-2.0
// concat{axis}(a, b, ...): inputs joined along one axis of the row shape (axis counts from the end,
// default -1); the other axes must be equal. A kOnce input joins every row.
#include "isthmus/graph/op.h"

namespace isthmus {

namespace {

ValueType infer_concat(const Attrs& attrs, const std::vector<ValueType>& in) {
  const size_t axis = axis_of(attrs, in[0]);
  Shape shape = in[0].shape;
  Extent extent = in[0].extent;
  for (size_t i = 1; i < in.size(); ++i) {
    Shape expected = in[i].shape;
    if (expected.size() == shape.size()) expected[axis] = shape[axis];
    if (expected != shape) {
      shape_error("input 0 is " + shape_text(in[0]) + ", input " + std::to_string(i) + " is " +
                      shape_text(in[i]),
                  "all axes but the joined one must be equal");
    }
    shape[axis] += in[i].shape[axis];
    if (in[i].extent == Extent::kPerRow) extent = Extent::kPerRow;
  }
  return result_type(in, shape, extent);
}

Values gradient_of_concat(GraphBuilder& g, const OpCall& c, Value dy) {
  const int64_t axis = c.attrs.integer("axis", -1);
  Values gradients;
  int64_t begin = 0;
  for (Value input : c.inputs) {
    const int64_t end = begin + g.shape(input)[axis_of(c.attrs, g.type(input))];
    gradients.push_back(g.slice({{"axis", axis}, {"begin", begin}, {"end", end}}, dy));
    begin = end;
  }
  return gradients;
}

void concat_reference(const RefCall& c) {
  const size_t axis = axis_of(c.attrs, c.out.type);
  const AxisView to = view_axis(c.out.type.shape, axis);
  int64_t begin = 0;
  for (const RefArray* input : c.in) {
    const AxisView from = view_axis(input->type.shape, axis);
    for (int64_t r = 0; r < c.out.rows; ++r) {
      for_each(from, [&](int64_t i, int64_t k, int64_t j) {
        c.out.row(r)[to.at(i, begin + k, j)] = input->row(r)[from.at(i, k, j)];
      });
    }
    begin += from.size;
  }
}

}  // namespace

OpDef ops::concat() {
  return {.name = "concat",
          .num_inputs = -1,
          .optional_attributes = {"axis"},
          .infer = infer_concat,
          .gradient = gradient_of_concat,
          .reference = concat_reference,
          .cases = {
              {.attrs = {{"axis", -1}}, .inputs = {per_row({4}), per_row({1})}},
              {.attrs = {{"axis", -2}}, .inputs = {per_row({5, 3}), per_row({1, 3}), once({2, 3})}},
              {.attrs = {{"axis", -1}}, .inputs = {once({2, 3}), once({2, 2})}},
              {.attrs = {{"axis", -1}}, .inputs = {once({2}), per_row({4}), once({1})}},
              {.attrs = {{"axis", -1}}, .inputs = {per_row({2, 2, 3}), once({2, 2, 1})}},
              {.attrs = {{"axis", -3}}, .inputs = {per_row({2, 2, 3}), per_row({1, 2, 3})}},
              {.attrs = {{"axis", -1}}, .inputs = {per_row({5, 3})}}}};
}

}  // namespace isthmus
