// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "isthmus/cpu/compile/emit.h"

namespace isthmus {

BatchStep batch_step(Emission& e, uint32_t i) {
  const Node& n = e.node(i);
  BatchStep step{.node = i, .kernel = find_batch_kernel(n.op->name)};
  if (step.kernel == nullptr) {
    throw Error(ErrorCode::kImpossible,
                "no cpu kernel for op '" + std::string(n.op->name) + "' (node " +
                    std::to_string(i) + ", " + n.scope + ")",
                "add it to the table in isthmus/cpu/kernels/batch_sort.cc");
  }
  for (uint32_t in : n.inputs) step.in.push_back(e.memory.rows_of(in));
  step.dst = e.memory.place(i);
  step.cols = e.uses.values_of(n.inputs[0]);
  step.out_cols = e.uses.values_of(i);
  step.exclude_self = n.attrs.integer("exclude_self", 0) != 0;
  if (n.attrs.has("kernel")) {
    step.is_rbf = n.attrs.text("kernel") == "rbf";
    for (double scale : n.attrs.numbers("scales")) step.scales.push_back(static_cast<float>(scale));
    step.fractions = imq_fractions(n.attrs.numbers("scales"));
  }
  if (n.attrs.has("of")) {
    const std::string& of = n.attrs.text("of");
    step.of_first = of != "y";
    step.of_second = of != "x";
  }
  const BatchForm& form = e.forms.batch.at(i);
  const auto order = e.memory.orders.find(form.order_of != kNoNode ? form.order_of : i);
  if (order != e.memory.orders.end()) step.order = order->second;
  step.halved = form.halved;
  if (form.leaves != kNoNode) {
    step.sums = e.memory.place(form.leaves);
    step.sums_node = form.leaves;
  }
  MemoryLayout& layout = e.program.memory;
  layout.scratch_floats = std::max(layout.scratch_floats,
                                   step.kernel->scratch_floats(e.groups.shape.max_rows, step.cols));
  return step;
}

}  // namespace isthmus
