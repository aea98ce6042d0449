// SPDX-License-Identifier: Apache-2.0
// Finds elementwise kernels by the name of their op, and flattens calls whose operands lie dense.
// The kernels themselves are in elementwise_unary.cc, _binary.cc, _likelihood.cc, _gamma.cc and
// _draws.cc.
#include "isthmus/cpu/kernels/elementwise.h"

namespace isthmus {

namespace {

template <class Visit>
void visit_tables(Visit visit) {
  for (const auto& table :
       {elementwise_unary_kernels(), elementwise_binary_kernels(), elementwise_likelihood_kernels(),
        elementwise_gamma_kernels(), elementwise_draw_kernels()}) {
    for (const NamedKernel& kernel : table) visit(kernel);
  }
}

}  // namespace

ElementwiseKernel find_elementwise_kernel(std::string_view op) {
  ElementwiseKernel found = nullptr;
  visit_tables([&](const NamedKernel& kernel) {
    if (kernel.name == op) found = kernel.run;
  });
  return found;
}

std::vector<std::string_view> elementwise_kernel_names() {
  std::vector<std::string_view> names;
  visit_tables([&](const NamedKernel& kernel) { names.push_back(kernel.name); });
  return names;
}

ElementwiseCall as_few_rows(const ElementwiseCall& call, int num_inputs) noexcept {
  if (call.rows <= 1 || call.dst_stride != call.cols) return call;
  ElementwiseCall flat = call;
  flat.cols = call.rows * call.cols;
  flat.rows = 1;
  for (int i = 0; i < num_inputs; ++i) {
    Operand& o = flat.in[i];
    const bool one_column = call.cols == 1;
    const bool one_value = o.row_stride == 0 && (o.col_stride == 0 || one_column);
    const bool dense =
        o.row_repeat == 1 && o.row_stride == call.cols && (o.col_stride == 1 || one_column);
    if (!one_value && !dense) return call;
    o.col_stride = one_value ? 0 : 1;
  }
  return flat;
}

}  // namespace isthmus
