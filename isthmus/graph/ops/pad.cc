// SPDX-License-Identifier: Apache-2.0
// pad{axis, before, after}(x): zeros in front of and behind the entries of one axis of the row
// shape (axis counts from the end, default -1). It is the gradient of slice, and slice is its own.
#include "isthmus/graph/op.h"

namespace isthmus {

namespace {

ValueType infer_pad(const Attrs& attrs, const std::vector<ValueType>& in) {
  const size_t axis = axis_of(attrs, in[0]);
  const int64_t before = attrs.integer("before"), after = attrs.integer("after");
  if (before < 0 || after < 0) {
    shape_error("before is " + std::to_string(before) + ", after is " + std::to_string(after),
                "neither may be negative; slice takes entries away");
  }
  Shape shape = in[0].shape;
  shape[axis] += before + after;
  return result_type(in, shape, in[0].extent);
}

Values gradient_of_pad(GraphBuilder& g, const OpCall& c, Value dy) {
  const ValueType& x = g.type(c.in(0));
  const int64_t begin = c.attrs.integer("before"), end = begin + x.shape[axis_of(c.attrs, x)];
  return {g.slice({{"axis", c.attrs.integer("axis", -1)}, {"begin", begin}, {"end", end}}, dy)};
}

void pad_reference(const RefCall& c) {
  const size_t axis = axis_of(c.attrs, c.out.type);
  const AxisView from = view_axis(c.in[0]->type.shape, axis),
                 to = view_axis(c.out.type.shape, axis);
  const int64_t before = c.attrs.integer("before");
  for (int64_t r = 0; r < c.out.rows; ++r) {
    for_each(from, [&](int64_t i, int64_t k, int64_t j) {
      c.out.row(r)[to.at(i, before + k, j)] = c.in[0]->row(r)[from.at(i, k, j)];
    });
  }
}

}  // namespace

OpDef ops::pad() {
  return {
      .name = "pad",
      .attributes = {"before", "after"},
      .optional_attributes = {"axis"},
      .infer = infer_pad,
      .gradient = gradient_of_pad,
      .reference = pad_reference,
      .cases = {
          {.attrs = {{"axis", -1}, {"before", 1}, {"after", 2}}, .inputs = {per_row({4})}},
          {.attrs = {{"axis", -2}, {"before", 0}, {"after", 2}}, .inputs = {per_row({5, 3})}},
          {.attrs = {{"axis", -1}, {"before", 1}, {"after", 1}}, .inputs = {per_row({2, 3, 2})}},
          {.attrs = {{"axis", -3}, {"before", 2}, {"after", 1}}, .inputs = {per_row({2, 3, 2})}},
          {.attrs = {{"axis", -1}, {"before", 2}, {"after", 0}}, .inputs = {once({2, 1})}}}};
}

}  // namespace isthmus
