// SPDX-License-Identifier: Apache-2.0
#include "isthmus/cpu/compile/batch_forms.h"

#include <algorithm>

namespace isthmus {
namespace {

/// A batch-wise node that has a kernel.
struct BatchNode {
  uint32_t index;
  const Node& node;
  const BatchKernel& kernel;
};

/// In the order of their row stages.
std::vector<BatchNode> batch_nodes(const Uses& u) {
  std::vector<BatchNode> found;
  for (const Stage& stage : u.plan.stages) {
    for (const RowGroup& group : stage.rows) {
      for (uint32_t i : group.nodes) {
        if (!u.is_op(i)) continue;
        const BatchKernel* kernel = find_batch_kernel(u.node(i).op->name);
        if (kernel != nullptr) found.push_back({i, u.node(i), *kernel});
      }
    }
  }
  return found;
}

/// Both go over the same pairs of rows with the same kernel.
bool same_pairs(const Node& a, const Node& b) {
  return a.inputs[0] == b.inputs[0] && a.inputs[1] == b.inputs[1] &&
         a.attrs.text("kernel") == b.attrs.text("kernel") &&
         a.attrs.numbers("scales") == b.attrs.numbers("scales") &&
         a.attrs.integer("exclude_self", 0) == b.attrs.integer("exclude_self", 0);
}

bool is_only_summed(const Uses& u, uint32_t i) {
  const auto& readers = u.readers[i];
  return !u.output[i] && std::all_of(readers.begin(), readers.end(), [&](uint32_t r) {
    return kernel_kind(*u.node(r).op) == KernelKind::kBatchSum;
  });
}

}  // namespace

/// A gradient of a sorted value takes the order that the sort has left. A gradient of a sum over
/// pairs visits the pairs of that sum: where both are in one stage, it leaves the sum as well. A
/// sum of a value with itself of which only the sum over all rows is read visits each pair once.
std::map<uint32_t, BatchForm> choose_batch_forms(const Uses& u) {
  const std::vector<BatchNode> nodes = batch_nodes(u);
  std::map<uint32_t, BatchForm> forms;
  for (const BatchNode& b : nodes) {
    BatchForm& form = forms[b.index];
    const auto sort = std::find_if(nodes.begin(), nodes.end(), [&](const BatchNode& other) {
      return !b.kernel.takes_order_of.empty() && other.kernel.op == b.kernel.takes_order_of &&
             other.node.inputs[0] == b.node.inputs[0] && u.level(other.index) < u.level(b.index);
    });
    if (sort != nodes.end()) form.order_of = sort->index;
  }
  for (const BatchNode& sum : nodes) {
    const auto gradient = std::find_if(nodes.begin(), nodes.end(), [&](const BatchNode& b) {
      return b.kernel.leaves == sum.kernel.op && u.level(b.index) == u.level(sum.index) &&
             forms[b.index].leaves == kNoNode && b.node.attrs.text("of") != "y" &&
             same_pairs(b.node, sum.node);
    });
    BatchForm& form = forms[sum.index];
    form.is_left = gradient != nodes.end();
    if (form.is_left) forms[gradient->index].leaves = sum.index;
    form.halved = sum.kernel.can_halve && sum.node.inputs[0] == sum.node.inputs[1] &&
                  !form.is_left && is_only_summed(u, sum.index);
  }
  return forms;
}

}  // namespace isthmus
