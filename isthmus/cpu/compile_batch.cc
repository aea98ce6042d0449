// SPDX-License-Identifier: Apache-2.0
// Batch-wise nodes: what opens a row stage because it reads all rows of the stages before.
#include <algorithm>

#include "isthmus/cpu/compiler.h"

namespace isthmus {

/// Uniform values that a batch-wise node of the next stage reads row by row: written in this one,
/// so that all of their rows are there.
void Compiler::add_batch_fills(size_t stage, std::set<uint32_t>& fills) const {
  for (uint32_t i = 0; i < graph_.nodes().size(); ++i) {
    if (!is_batch_wise(i) || plan_.nodes[i].level != static_cast<int>(stage) + 1) continue;
    for (uint32_t in : node(i).inputs) {
      if (once(in) && node(in).type.extent == Extent::kPerRow) fills.insert(in);
    }
  }
}

void Compiler::emit_batch_step(uint32_t i) {
  const Node& n = node(i);
  BatchStep step;
  step.node = i;
  step.kernel = find_batch_kernel(n.op->name);
  if (step.kernel == nullptr) {
    throw Error(ErrorCode::kImpossible,
                "no cpu kernel for op '" + std::string(n.op->name) + "' (node " +
                    std::to_string(i) + ", " + n.scope + ")",
                "add it to the table in isthmus/cpu/kernels/batch_sort.cc");
  }
  for (uint32_t in : n.inputs) step.in.push_back(rows_place(in));
  step.dst = p_.places[i];
  step.cols = value_count(node(n.inputs[0]).type.shape);
  step.out_cols = value_count(n.type.shape);
  step.exclude_self = n.attrs.integer("exclude_self", 0) != 0;
  if (n.attrs.has("kernel")) {
    step.is_rbf = n.attrs.text("kernel") == "rbf";
    for (double scale : n.attrs.numbers("scales")) step.scales.push_back(static_cast<float>(scale));
  }
  if (n.attrs.has("of")) {
    const std::string& of = n.attrs.text("of");
    step.of_first = of != "y";
    step.of_second = of != "x";
  }
  p_.scratch_floats =
      std::max(p_.scratch_floats, step.kernel->scratch_floats(p_.shape.max_rows, step.cols));
  rows_->batch.push_back(std::move(step));
}

}  // namespace isthmus
