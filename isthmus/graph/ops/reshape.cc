// SPDX-License-Identifier: Apache-2.0
// reshape{shape}(x): the same values, in the same order, under another row shape of equal size.
#include "isthmus/graph/op.h"

namespace isthmus {

namespace {

ValueType infer_reshape(const Attrs& attrs, const std::vector<ValueType>& in) {
  const Shape& shape = attrs.list("shape");
  require_sizes(shape);
  if (value_count(shape) != value_count(in[0].shape)) {
    shape_error("x is " + shape_text(in[0]) + ", the new row shape " + shape_text(shape),
                "both must hold the same number of values per row");
  }
  return result_type(in, shape, in[0].extent);
}

}  // namespace

OpDef ops::reshape() {
  return {.name = "reshape",
          .attributes = {"shape"},
          .infer = infer_reshape,
          .layout = Layout::kSameMemory,
          .gradient =
              [](GraphBuilder& g, const OpCall& c, Value dy) {
                return Values{g.reshape({{"shape", g.shape(c.in(0))}}, dy)};
              },
          .reference = [](const RefCall& c) { c.out.data = c.in[0]->data; },
          .cases = {{.attrs = {{"shape", Shape{2, 3}}}, .inputs = {per_row({6})}},
                    {.attrs = {{"shape", Shape{15, 1}}}, .inputs = {per_row({5, 3})}},
                    {.attrs = {{"shape", Shape{}}}, .inputs = {per_row({1})}},
                    {.attrs = {{"shape", Shape{6}}}, .inputs = {once({2, 3})}}}};
}

}  // namespace isthmus
