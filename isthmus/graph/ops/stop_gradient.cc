// SPDX-License-Identifier: Apache-2.0
// stop_gradient(x) = x, as a constant for differentiate: no gradient passes.
#include "isthmus/graph/op.h"

namespace isthmus {

OpDef ops::stop_gradient() {
  return {.name = "stop_gradient",
          .infer = same_type_as_input,
          .elementwise = true,
          .layout = Layout::kSameMemory,
          .reference = elementwise([](double x) { return x; }),
          .cases = without_gradient(unary_cases(-2, 2))};
}

}  // namespace isthmus
