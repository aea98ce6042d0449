// SPDX-License-Identifier: Apache-2.0
// The activation of a hidden layer in one pass over the product's rows:
//
//   t = add(product, bias of the columns)   y = relu(t)
//
// if nobody else wants t.
#include "isthmus/cpu/compile/fusions/fusion.h"

namespace isthmus {

Fusion fuse_bias_relu(const ChunkNodes& group, uint32_t t) {
  if (!group.is(t, "add")) return {};
  // Either order: the product has rows of its own, the bias one row for all.
  const size_t bias = one_row(group.operand(t, 1)) ? 1 : 0;
  if (!full(group.operand(t, 1 - bias)) || !one_row(group.operand(t, bias))) return {};
  uint32_t relu = kNoNode;
  for (uint32_t r : group.e.uses.readers[t]) {
    if (group.is(r, "relu")) relu = r;
  }
  if (relu == kNoNode) return {};
  if (!group.is_read_only_by(t, {relu})) return {.why_not = group.other_reader(t, {relu})};
  ChunkStep step;
  step.op = ChunkOp::kBiasRelu;
  step.name = "bias_relu";
  step.in = {group.operand(t, 1 - bias), group.operand(t, bias), {}};
  step.num_in = 2;
  step.dst = group.e.memory.place(relu);
  step.nodes = {t, relu};
  return {.nodes = step.nodes, .steps = {step}};
}

}  // namespace isthmus
