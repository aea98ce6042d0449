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
    step.fractions = imq_fractions(n.attrs.numbers("scales"));
  }
  if (n.attrs.has("of")) {
    const std::string& of = n.attrs.text("of");
    step.of_first = of != "y";
    step.of_second = of != "x";
  }
  if (n.op->name == "sort_rows_gradient") step.order = order_of_sorted(n.inputs[0]);
  p_.scratch_floats =
      std::max(p_.scratch_floats, step.kernel->scratch_floats(p_.shape.max_rows, step.cols));
  rows_->batch.push_back(std::move(step));
}

/// Where a sort in an earlier stage leaves the order of this value; invalid if there is none.
Place Compiler::order_of_sorted(uint32_t value) {
  for (size_t stage = 0; stage < stage_; ++stage) {
    for (BatchStep& step : p_.row_stages[stage].batch) {
      if (!is_op(step.node, "sort_rows") || node(step.node).inputs[0] != value) continue;
      if (!step.order.valid()) {
        const int64_t rows = p_.shape.max_rows;
        step.order = {Memory::kBatch, allocate_batch(rows * step.cols), rows};
      }
      return step.order;
    }
  }
  return {};
}

bool Compiler::is_only_summed(uint32_t i) const {
  return !is_output(i) && std::all_of(readers_[i].begin(), readers_[i].end(),
                                      [&](uint32_t r) { return is_op(r, "batch_sum"); });
}

/// Pairs that need not be visited. The gradient of a sum of kernels visits the pairs of that sum:
/// where both are in this stage, it leaves the sum as well. A sum of a value with itself of which
/// only the sum over all rows is read visits each pair once.
void Compiler::spare_kernel_pairs() {
  std::vector<BatchStep>& steps = rows_->batch;
  const auto is_of = [&](const BatchStep& gradient, const BatchStep& sum) {
    const Node &g = node(gradient.node), &s = node(sum.node);
    return g.op->name == "kernel_sum_gradient" && s.op->name == "kernel_sum" &&
           g.inputs[0] == s.inputs[0] && g.inputs[1] == s.inputs[1] && gradient.of_first &&
           gradient.is_rbf == sum.is_rbf && gradient.scales == sum.scales &&
           gradient.exclude_self == sum.exclude_self;
  };
  std::set<uint32_t> merged;
  for (const BatchStep& sum : steps) {
    const auto gradient = std::find_if(steps.begin(), steps.end(), [&](const BatchStep& step) {
      return !step.sums.valid() && is_of(step, sum);
    });
    if (gradient == steps.end()) continue;
    gradient->sums = sum.dst;
    gradient->sums_node = sum.node;
    merged.insert(sum.node);
  }
  for (BatchStep& sum : steps) {
    const Node& n = node(sum.node);
    sum.halved = n.op->name == "kernel_sum" && n.inputs[0] == n.inputs[1] &&
                 !merged.contains(sum.node) && is_only_summed(sum.node);
  }
  std::erase_if(steps, [&](const BatchStep& step) { return merged.contains(step.node); });
}

}  // namespace isthmus
