// SPDX-License-Identifier: Apache-2.0
// softmax(x) = exp(x) / sum exp(x) over the last axis; the maximum is taken out first, so it never
// overflows. Shapes: (..., K); returns the same.
#include <algorithm>
#include <cmath>

#include "isthmus/graph/op.h"

namespace isthmus {

namespace {

ValueType infer_softmax(const Attrs&, const std::vector<ValueType>& in) {
  if (in[0].shape.empty()) {
    shape_error("x has no axis: it is " + shape_text(in[0]), "reshape x to (1) first");
  }
  return in[0];
}

Values gradient_of_softmax(GraphBuilder& g, const OpCall& c, Value dy) {
  Value inner = g.sum({{"axis", -1}, {"keep", 1}}, g.mul(dy, c.out));
  return {g.mul(c.out, g.sub(dy, inner))};
}

void softmax_reference(const RefCall& c) {
  const int64_t size = c.in[0]->type.shape.back();
  for (int64_t r = 0; r < c.out.rows; ++r) {
    for (int64_t i = 0; i < c.out.row_size(); i += size) {
      const double* x = c.in[0]->row(r) + i;
      double* y = c.out.row(r) + i;
      const double largest = *std::max_element(x, x + size);
      double sum = 0;
      for (int64_t k = 0; k < size; ++k) sum += y[k] = std::exp(x[k] - largest);
      for (int64_t k = 0; k < size; ++k) y[k] /= sum;
    }
  }
}

}  // namespace

OpDef ops::softmax() {
  return {.name = "softmax",
          .infer = infer_softmax,
          .gradient = gradient_of_softmax,
          .reference = softmax_reference,
          .definition =
              [](GraphBuilder& g, const OpCall& c) {
                Shape shape = g.shape(c.in(0));
                shape.back() = 1;
                Value total = g.reshape({{"shape", shape}}, g.logsumexp(c.in(0)));
                return g.exp(g.sub(c.in(0), total));
              },
          .cases = last_axis_cases()};
}

}  // namespace isthmus
