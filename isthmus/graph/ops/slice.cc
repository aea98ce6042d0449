// SPDX-License-Identifier: Apache-2.0
// slice{axis, begin, end}(x): the entries begin <= i < end of one axis of the row shape (axis
// counts from the end, default -1). The gradient is pad.
#include "isthmus/graph/op.h"

namespace isthmus {

namespace {

ValueType infer_slice(const Attrs& attrs, const std::vector<ValueType>& in) {
  const size_t axis = axis_of(attrs, in[0]);
  const int64_t begin = attrs.integer("begin"), end = attrs.integer("end");
  Shape shape = in[0].shape;
  if (begin < 0 || begin >= end || end > shape[axis]) {
    shape_error("entries " + std::to_string(begin) + " to " + std::to_string(end) +
                    " of an axis of size " + std::to_string(shape[axis]) + ": x is " +
                    shape_text(in[0]),
                "0 <= begin < end <= size must hold");
  }
  shape[axis] = end - begin;
  return result_type(in, shape, in[0].extent);
}

Values gradient_of_slice(GraphBuilder& g, const OpCall& c, Value dy) {
  const ValueType& x = g.type(c.in(0));
  const int64_t after = x.shape[axis_of(c.attrs, x)] - c.attrs.integer("end");
  return {g.pad({{"axis", c.attrs.integer("axis", -1)},
                 {"before", c.attrs.integer("begin")},
                 {"after", after}},
                dy)};
}

void slice_reference(const RefCall& c) {
  const size_t axis = axis_of(c.attrs, c.out.type);
  const AxisView from = view_axis(c.in[0]->type.shape, axis),
                 to = view_axis(c.out.type.shape, axis);
  const int64_t begin = c.attrs.integer("begin");
  for (int64_t r = 0; r < c.out.rows; ++r) {
    for_each(to, [&](int64_t i, int64_t k, int64_t j) {
      c.out.row(r)[to.at(i, k, j)] = c.in[0]->row(r)[from.at(i, begin + k, j)];
    });
  }
}

}  // namespace

OpDef ops::slice() {
  return {
      .name = "slice",
      .attributes = {"begin", "end"},
      .optional_attributes = {"axis"},
      .infer = infer_slice,
      .layout = Layout::kWindow,
      .gradient = gradient_of_slice,
      .reference = slice_reference,
      .cases = {{.attrs = {{"axis", -1}, {"begin", 1}, {"end", 3}}, .inputs = {per_row({4})}},
                {.attrs = {{"axis", -2}, {"begin", 0}, {"end", 2}}, .inputs = {per_row({5, 3})}},
                {.attrs = {{"axis", -1}, {"begin", 2}, {"end", 3}}, .inputs = {once({2, 3})}},
                {.attrs = {{"axis", -1}, {"begin", 1}, {"end", 3}}, .inputs = {per_row({2, 5, 3})}},
                {.attrs = {{"axis", -3}, {"begin", 1}, {"end", 2}}, .inputs = {per_row({2, 5, 3})}},
                {.attrs = {{"begin", 0}, {"end", 1}}, .inputs = {per_row({1})}}}};
}

}  // namespace isthmus
