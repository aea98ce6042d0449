// SPDX-License-Identifier: Apache-2.0
// broadcast{shape}(x): x repeated to a larger row shape, right-aligned: (3) or (5, 1) to (5, 3).
// The gradient sums over what was repeated (sum_to, which differentiate applies).
#include "isthmus/graph/op.h"

namespace isthmus {

namespace {

ValueType infer_broadcast(const Attrs& attrs, const std::vector<ValueType>& in) {
  const Shape& shape = attrs.list("shape");
  require_sizes(shape);
  if (broadcast_shapes(in[0].shape, shape) != shape) {
    shape_error("x is " + shape_text(in[0]) + ", the new row shape " + shape_text(shape),
                "from the right, each size of x must be 1 or equal the new one");
  }
  return result_type(in, shape, in[0].extent);
}

}  // namespace

OpDef ops::broadcast() {
  return {.name = "broadcast",
          .attributes = {"shape"},
          .infer = infer_broadcast,
          .layout = Layout::kRepeats,
          .gradient = [](GraphBuilder&, const OpCall&, Value dy) { return Values{dy}; },
          .reference = elementwise([](double x) { return x; }),
          .cases = {{.attrs = {{"shape", Shape{5, 3}}}, .inputs = {per_row({3})}},
                    {.attrs = {{"shape", Shape{5, 3}}}, .inputs = {per_row({5, 1})}},
                    {.attrs = {{"shape", Shape{4}}}, .inputs = {per_row({})}},
                    {.attrs = {{"shape", Shape{2, 3, 4, 5}}}, .inputs = {per_row({2, 1, 4, 1})}},
                    {.attrs = {{"shape", Shape{2, 3, 4}}}, .inputs = {once({3, 1})}},
                    {.attrs = {{"shape", Shape{2, 3}}}, .inputs = {scalar_type()}},
                    {.attrs = {{"shape", Shape{2, 3}}}, .inputs = {once({1, 3})}}}};
}

}  // namespace isthmus
