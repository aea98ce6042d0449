// SPDX-License-Identifier: Apache-2.0
// The activation of a hidden layer in one pass over the product's rows:
//
//   t = add(product, bias of the columns)   y = relu(t)   m = greater(t, 0)
//
// if nobody else wants t; m, the mask of the gradient, may be missing.
#include "isthmus/cpu/compile/fusions/fusion.h"

namespace isthmus {
namespace {

bool is_zero(const Node& n) {
  if (n.kind != NodeKind::kConstant || value_count(n.type.shape) != 1) return false;
  return n.type.dtype == Dtype::kF64 ? n.constant.values<double>()[0] == 0
                                     : n.constant.values<float>()[0] == 0;
}

}  // namespace

Fusion fuse_bias_relu(const ChunkNodes& group, uint32_t t) {
  if (!group.is(t, "add")) return {};
  // Either order: the product has rows of its own, the bias one row for all.
  const size_t bias = one_row(group.operand(t, 1)) ? 1 : 0;
  if (!full(group.operand(t, 1 - bias)) || !one_row(group.operand(t, bias))) return {};
  uint32_t relu = kNoNode, mask = kNoNode;
  for (uint32_t r : group.e.uses.readers[t]) {
    if (group.is(r, "relu")) relu = r;
    const bool is_mask = group.is(r, "greater") && group.value(r, 0) == t &&
                         is_zero(group.e.node(group.value(r, 1)));
    if (is_mask) mask = r;
  }
  if (relu == kNoNode) return {};
  std::vector<uint32_t> readers = {relu};
  if (mask != kNoNode) readers.push_back(mask);
  if (!group.is_read_only_by(t, readers)) return {.why_not = group.other_reader(t, readers)};
  ChunkStep step;
  step.op = ChunkOp::kBiasRelu;
  step.name = "bias_relu";
  step.in = {group.operand(t, 1 - bias), group.operand(t, bias), {}};
  step.num_in = 2;
  step.dst = group.e.memory.place(relu);
  if (mask != kNoNode) step.dst2 = group.e.memory.place(mask);
  step.nodes = {t, relu};
  if (mask != kNoNode) step.nodes.push_back(mask);
  return {.nodes = step.nodes, .steps = {step}};
}

}  // namespace isthmus
