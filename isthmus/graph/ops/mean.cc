// SPDX-License-Identifier: Apache-2.0
// mean{axis, keep}(x): the mean over one axis of the row shape. A composite of sum and a constant.
#include "isthmus/graph/op.h"

namespace isthmus {

OpDef ops::mean() {
  return {.name = "mean",
          .optional_attributes = {"axis", "keep"},
          .infer = [](const Attrs& attrs,
                      const std::vector<ValueType>& in) { return find_op("sum").infer(attrs, in); },
          .expand =
              [](GraphBuilder& g, const OpCall& c) {
                const ValueType& x = g.type(c.in(0));
                const int64_t size = x.shape[axis_of(c.attrs, x)];
                const Value sum = g.sum(c.attrs, c.in(0));
                return g.mul(sum, g.constant(1.0 / static_cast<double>(size)));
              },
          .cases = axis_cases()};
}

}  // namespace isthmus
