// SPDX-License-Identifier: Apache-2.0
// logsumexp(x) = log sum exp x over the last axis, which goes away: (..., K) -> (...). The maximum
// is taken out first, so it is finite for every finite x. Importance weights live on this axis.
#include <algorithm>
#include <cmath>

#include "isthmus/graph/op.h"

namespace isthmus {

namespace {

ValueType infer_logsumexp(const Attrs&, const std::vector<ValueType>& in) {
  Shape shape = in[0].shape;
  if (shape.empty())
    shape_error("x has no axis: it is " + shape_text(in[0]), "reshape x to (1) first");
  shape.pop_back();
  return result_type(in, shape, in[0].extent);
}

Values gradient_of_logsumexp(GraphBuilder& g, const OpCall& c, Value dy) {
  Shape kept = g.shape(c.in(0));
  kept.back() = 1;
  return {g.mul(g.reshape({{"shape", kept}}, dy), g.softmax(c.in(0)))};
}

void logsumexp_reference(const RefCall& c) {
  const int64_t size = c.in[0]->type.shape.back();
  for (int64_t r = 0; r < c.out.rows; ++r) {
    for (int64_t i = 0; i < c.out.row_size(); ++i) {
      const double* x = c.in[0]->row(r) + i * size;
      const double largest = *std::max_element(x, x + size);
      double sum = 0;
      for (int64_t k = 0; k < size; ++k) sum += std::exp(x[k] - largest);
      c.out.row(r)[i] = largest + std::log(sum);
    }
  }
}

}  // namespace

OpDef ops::logsumexp() {
  return {.name = "logsumexp",
          .infer = infer_logsumexp,
          .reduces = Reduces::kLastAxis,
          .gradient = gradient_of_logsumexp,
          .reference = logsumexp_reference,
          .cases = last_axis_cases()};
}

}  // namespace isthmus
