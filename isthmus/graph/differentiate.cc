// SPDX-License-Identifier: Apache-2.0
// differentiate: walks backwards from a scalar and appends what the gradient rules of the
// operations return. The result is ordinary nodes, so it can be differentiated again. No operation
// is known here by more than its rule; add, sum and to_rows serve as plumbing.
#include "isthmus/graph/op.h"

namespace isthmus {
namespace {

/// Which nodes up to `last` depend on one of the targets.
std::vector<bool> dependents(const GraphBuilder& g, uint32_t last, const Values& targets) {
  std::vector<bool> depends(last + 1, false);
  for (Value target : targets) {
    if (target.index <= last) depends[target.index] = true;
  }
  for (uint32_t i = 0; i <= last; ++i) {
    for (uint32_t input : g.node(g.value(i)).inputs) {
      if (depends[input]) depends[i] = true;
    }
  }
  return depends;
}

Value zeros_of(GraphBuilder& g, const ValueType& type) {
  const Value zeros = g.broadcast({{"shape", type.shape}}, g.constant(0.0));
  return type.extent == Extent::kPerRow ? g.to_rows(zeros) : zeros;
}

/// Adds the gradients that node `i` hands to its inputs to `sums`.
void push_back_to_inputs(GraphBuilder& g, uint32_t i, const std::vector<bool>& depends,
                         Values& sums) {
  const Node& node = g.node(g.value(i));
  if (node.op == nullptr || !node.op->gradient) return;
  Values inputs;
  for (uint32_t input : node.inputs) inputs.push_back(g.value(input));
  const Values gradients =
      node.op->gradient(g, {.attrs = node.attrs, .inputs = inputs, .out = g.value(i)}, sums[i]);
  ISTHMUS_CHECK(gradients.size() == inputs.size(),
                std::string(node.op->name) + ": one gradient per input");
  for (size_t k = 0; k < inputs.size(); ++k) {
    if (!gradients[k].valid() || !depends[inputs[k].index]) continue;
    const Value part = sum_to(g, gradients[k], g.type(inputs[k]));
    Value& sum = sums[inputs[k].index];
    sum = sum.valid() ? g.add(sum, part) : part;
  }
}

}  // namespace

Value sum_to(GraphBuilder& g, Value gradient, const ValueType& type) {
  if (type.shape.empty() && !g.shape(gradient).empty()) gradient = g.sum_items(gradient);
  while (g.shape(gradient).size() > type.shape.size()) {
    gradient = g.sum({{"axis", -static_cast<int64_t>(g.shape(gradient).size())}}, gradient);
  }
  for (size_t axis = 0; axis < type.shape.size(); ++axis) {
    if (type.shape[axis] != 1 || g.shape(gradient)[axis] == 1) continue;
    const int64_t from_end = static_cast<int64_t>(axis) - static_cast<int64_t>(type.shape.size());
    gradient = g.sum({{"axis", from_end}, {"keep", 1}}, gradient);
  }
  if (type.extent == Extent::kOnce && g.type(gradient).extent == Extent::kPerRow) {
    gradient = g.batch_sum(gradient);
  }
  ISTHMUS_CHECK(g.shape(gradient) == type.shape && g.type(gradient).extent == type.extent,
                "a gradient of type " + type_text(g.type(gradient)) + " for " + type_text(type));
  return gradient;
}

Values differentiate(GraphBuilder& g, Value objective, const Values& with_respect_to) {
  const ValueType& type = g.type(objective);
  if (type.extent != Extent::kOnce || !type.shape.empty()) {
    throw Error(ErrorCode::kShapeMismatch,
                "differentiate: the objective is " + shape_text(type) + ", not a scalar",
                "reduce it with sum_items and batch_mean or batch_sum first");
  }
  for (Value target : with_respect_to) g.type(target);  // Error E2205 for values of another graph
  const std::vector<bool> depends = dependents(g, objective.index, with_respect_to);
  Values sums(objective.index + 1);
  sums[objective.index] = g.constant(1.0);
  for (uint32_t i = objective.index + 1; i-- > 0;) {
    if (depends[i] && sums[i].valid()) push_back_to_inputs(g, i, depends, sums);
  }
  Values result;
  for (Value target : with_respect_to) {
    const bool reached = target.index <= objective.index && sums[target.index].valid();
    result.push_back(reached ? sums[target.index] : zeros_of(g, g.type(target)));
  }
  return result;
}

}  // namespace isthmus
