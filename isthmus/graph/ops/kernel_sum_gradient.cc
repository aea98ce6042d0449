// SPDX-License-Identifier: Apache-2.0
// kernel_sum_gradient{kernel, scales, exclude_self, of}(x, y, dy): per row (Z), of the gradients of
// sum_i dy_i kernel_sum_i that with respect to row k of x, of y, or ("both") their sum:
//   dy_k sum_j s(x_k, y_j) (y_j - x_k),   sum_i dy_i s(x_i, y_k) (x_i - y_k),   s = -2 k'(r^2):
// imq 2 C / (C + r^2)^2, rbf exp(-r^2 / (2 C)) / C, summed over the scales. It has no gradient.
#include <cmath>

#include "isthmus/graph/op.h"

namespace isthmus {

namespace {

ValueType infer_kernel_sum_gradient(const Attrs& attrs, const std::vector<ValueType>& in) {
  const ValueType sum = find_op("kernel_sum").infer(attrs, {in[0], in[1]});
  const std::string& of = attrs.text("of");
  ISTHMUS_CHECK(of == "x" || of == "y" || of == "both", "kernel_sum_gradient: of " + of);
  if (in[2] != sum) {
    shape_error("dy is " + shape_text(in[2]), "it must be one value per row");
  }
  return in[0];
}

void kernel_sum_gradient_reference(const RefCall& c) {
  const bool rbf = c.attrs.text("kernel") == "rbf", others = c.attrs.integer("exclude_self", 0);
  const int64_t size = c.in[0]->row_size();
  const std::string& of = c.attrs.text("of");
  for (int64_t i = 0; i < c.rows; ++i) {
    for (int64_t j = 0; j < c.rows; ++j) {
      if (others && i == j) continue;
      const double *x = c.in[0]->row(i), *y = c.in[1]->row(j);
      double r2 = 0, slope = 0;
      for (int64_t k = 0; k < size; ++k) r2 += (x[k] - y[k]) * (x[k] - y[k]);
      for (double scale : c.attrs.numbers("scales")) {
        slope += rbf ? std::exp(-r2 / (2 * scale)) / scale : 2 * scale / std::pow(scale + r2, 2);
      }
      slope *= c.in[2]->row(i)[0];
      for (int64_t k = 0; k < size; ++k) {
        if (of != "y") c.out.row(i)[k] += slope * (y[k] - x[k]);
        if (of != "x") c.out.row(j)[k] += slope * (x[k] - y[k]);
      }
    }
  }
}

std::vector<OpCase> kernel_gradient_cases() {
  std::vector<OpCase> cases;
  for (const char* of : {"x", "y", "both"}) {
    for (OpCase one : pair_kernel_cases({per_row({3}), per_row({3}), per_row({})})) {
      one.attrs = {{"kernel", one.attrs.text("kernel")},
                   {"scales", one.attrs.numbers("scales")},
                   {"exclude_self", one.attrs.integer("exclude_self")},
                   {"of", of}};
      cases.push_back(std::move(one));
    }
  }
  return without_gradient(std::move(cases));
}

}  // namespace

OpDef ops::kernel_sum_gradient() {
  return {.name = "kernel_sum_gradient",
          .num_inputs = 3,
          .attributes = {"kernel", "scales", "of"},
          .optional_attributes = {"exclude_self"},
          .infer = infer_kernel_sum_gradient,
          .rows = RowUse::kBatchWise,
          .reference = kernel_sum_gradient_reference,
          .cases = kernel_gradient_cases()};
}

}  // namespace isthmus
