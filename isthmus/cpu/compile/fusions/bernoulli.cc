// SPDX-License-Identifier: Apache-2.0
// Bernoulli with logits: loss and gradient in one pass.
//
//   a = bernoulli_log_prob(t, x)   s = sum(a)            |  log_prob = s
//   p = sigmoid(t)   d = sub(x, p)   g = mul(scale, d)   |  gradient = g
//
// where scale is one number for all rows or one per row; where it is not known yet (weights of
// several draws), d takes the place of g. Before it, if nobody else wants t, t = add(logits, bias
// of the columns); if nobody else wants x, it is read where it is stored; several draws share a row
// of x. One exp and one reciprocal serve both; the logs of a row become logs of products.
#include <algorithm>

#include "isthmus/cpu/compile/fusions/fusion.h"

namespace isthmus {
namespace {

/// The nodes of the pattern; scaled and biased may be missing.
struct Bernoulli {
  uint32_t log_prob = kNoNode, sum = kNoNode, sigmoid = kNoNode, difference = kNoNode,
           scaled = kNoNode, biased = kNoNode;
  size_t bias = 1;  // operand of biased
};

uint32_t find_sigmoid(const ChunkNodes& group, const Place& t) {
  for (uint32_t i : group.nodes) {
    if (group.is(i, "sigmoid") && same_operand(group.operand(i, 0), t)) return i;
  }
  return kNoNode;
}

/// Which operand of the product is the scale.
size_t scale_of(const ChunkNodes& group, const Bernoulli& b) {
  return group.value(b.scaled, 0) == b.difference ? 1 : 0;
}

/// What is in the way, or nothing; fills in what it finds.
std::string match(const ChunkNodes& group, Bernoulli& b) {
  const Uses& u = group.e.uses;
  b.sum = group.only_reader(b.log_prob);
  const bool sums = b.sum != kNoNode && u.node(b.sum).op->reduces != Reduces::kNothing &&
                    reduce_op(*u.node(b.sum).op) == ReduceOp::kSum;
  if (!sums) return "%" + std::to_string(b.log_prob) + " is not only summed";
  b.difference = group.only_reader(b.sigmoid);
  if (b.difference == kNoNode || !group.is(b.difference, "sub") ||
      !same_operand(group.operand(b.difference, 0), group.operand(b.log_prob, 1))) {
    return "%" + std::to_string(b.sigmoid) + " is not only subtracted from x";
  }
  const uint32_t scaled = group.only_reader(b.difference);
  if (scaled == kNoNode) {
    const bool stays = group.e.memory.place(b.difference).memory == Memory::kScratch;
    return stays ? "%" + std::to_string(b.difference) + " has several readers" : "";
  }
  b.scaled = scaled;
  if (!group.is(scaled, "mul") || !one_column(group.operand(scaled, scale_of(group, b)))) {
    return "%" + std::to_string(b.difference) + " is not scaled row by row";
  }
  return {};
}

/// t = add(logits, bias), if only this pattern reads t.
void find_bias(const ChunkNodes& group, Bernoulli& b) {
  const uint32_t t = group.value(b.log_prob, 0);
  if (!group.is(t, "add") || !group.is_read_only_by(t, {b.log_prob, b.sigmoid})) return;
  b.bias = one_row(group.operand(t, 1)) ? 1 : 0;
  if (full(group.operand(t, 1 - b.bias)) && one_row(group.operand(t, b.bias))) b.biased = t;
}

/// The stored input that x is, if only this pattern reads it in its group; -1 otherwise.
int32_t loaded_input(const ChunkNodes& group, const Bernoulli& b) {
  const uint32_t x = group.value(b.log_prob, 1);
  if (group.operand(b.log_prob, 1).memory != Memory::kStored) return -1;
  for (uint32_t i : group.nodes) {
    if (i == b.log_prob || i == b.difference) continue;
    for (size_t k = 0; k < group.e.node(i).inputs.size(); ++k) {
      if (group.value(i, k) == x) return -1;
    }
  }
  return input_index(group.e.program, x);
}

}  // namespace

Fusion fuse_bernoulli(const ChunkNodes& group, uint32_t log_prob) {
  if (!group.is(log_prob, "bernoulli_log_prob")) return {};
  const Place t = group.operand(log_prob, 0), x = group.operand(log_prob, 1);
  if (!full(t) || !full_or_repeated(x)) return {};
  Bernoulli b{.log_prob = log_prob, .sigmoid = find_sigmoid(group, t)};
  if (b.sigmoid == kNoNode) return {};  // no gradient is wanted
  std::string why_not = match(group, b);
  if (!why_not.empty()) return {.why_not = std::move(why_not)};
  find_bias(group, b);
  const StepMemory& memory = group.e.memory;
  ChunkStep step;
  step.op = ChunkOp::kBernoulli;
  step.name = "bernoulli_with_gradient";
  step.in = {t, x, {}};
  step.num_in = 2;
  step.dst = memory.place(b.sum);
  step.dst2 = memory.place(b.scaled != kNoNode ? b.scaled : b.difference);
  step.index = loaded_input(group, b);
  step.nodes = {b.log_prob, b.sum, b.sigmoid, b.difference};
  if (b.scaled != kNoNode) {
    step.in[2] = group.operand(b.scaled, scale_of(group, b));
    step.num_in = 3;
    step.nodes.push_back(b.scaled);
  }
  if (b.biased != kNoNode) {
    step.in[0] = group.operand(b.biased, 1 - b.bias);
    step.state[0] = group.operand(b.biased, b.bias);
    step.nodes.push_back(b.biased);
  }
  if (group.lines.lead > 1) step.dst.row_stride = 1;  // a value per line
  return {.nodes = step.nodes, .steps = {step}, .cost = Cost::kLikelihood};
}

}  // namespace isthmus
