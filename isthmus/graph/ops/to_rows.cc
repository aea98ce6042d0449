// SPDX-License-Identifier: Apache-2.0
// to_rows(x): a kOnce value given to every row: (...) -> (B, ...). The gradient of batch_sum; its
// own is batch_sum.
#include "isthmus/graph/op.h"

namespace isthmus {

namespace {

ValueType infer_to_rows(const Attrs&, const std::vector<ValueType>& in) {
  if (in[0].extent == Extent::kPerRow) {
    shape_error("x is " + shape_text(in[0]), "x is per row already");
  }
  return per_row(in[0].shape);
}

}  // namespace

OpDef ops::to_rows() {
  return {
      .name = "to_rows",
      .infer = infer_to_rows,
      .layout = Layout::kSameMemory,
      .gradient = [](GraphBuilder& g, const OpCall&, Value dy) { return Values{g.batch_sum(dy)}; },
      .reference = elementwise([](double x) { return x; }),
      .cases = {{.inputs = {once({4})}},
                {.inputs = {once({2, 3})}},
                {.inputs = {once({})}},
                {.inputs = {scalar_type()}}}};
}

}  // namespace isthmus
