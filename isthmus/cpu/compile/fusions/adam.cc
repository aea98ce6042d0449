// SPDX-License-Identifier: Apache-2.0
// Adam on one tile in one pass over gradient, m, v and w, instead of one pass per node:
//
//   m1 = lerp(m, g, 1 - beta1)        v1 = lerp(v, square(g), 1 - beta2)
//   w1 = sub(w, div(mul(mul(m1, c1), rate), add(sqrt(mul(v1, c2)), epsilon)))
//
// m1, v1 and w1 take the places of m, v and w (assigned in place). Where w is still read by another
// group of the step, w1 has a place of its own, to which w is copied first.
#include "isthmus/cpu/compile/fusions/fusion.h"

namespace isthmus {
namespace {

struct Matcher {
  const ChunkNodes& group;
  std::vector<uint32_t> nodes = {};
  bool fits = true;

  /// Takes a node of the pattern, if it is this operation.
  uint32_t take(uint32_t i, std::string_view op) {
    fits = fits && group.is(i, op);
    if (fits) nodes.push_back(i);
    return i;
  }
  struct Scaled {
    uint32_t value = kNoNode;
    Place by = {};
  };
  /// op(value, one number), either order.
  Scaled take_scaled(uint32_t i, std::string_view op) {
    take(i, op);
    if (!fits) return {};
    const size_t by = uniform(group.operand(i, 1)) ? 1 : 0;
    fits = uniform(group.operand(i, by));
    return {group.value(i, 1 - by), group.operand(i, by)};
  }
  uint32_t input(uint32_t i, size_t k) const { return fits ? group.value(i, k) : kNoNode; }
  Place operand(uint32_t i, size_t k) const { return fits ? group.operand(i, k) : Place{}; }
  /// lerp(state, next, one number), written over the state.
  uint32_t take_average(uint32_t i) {
    take(i, "lerp");
    if (!fits) return kNoNode;
    const auto& in_place = group.e.groups.in_place;
    const auto at = in_place.find(i);
    fits = at != in_place.end() && at->second == group.value(i, 0) && uniform(group.operand(i, 2));
    return i;
  }
};

/// Whether w1 lies like w, elsewhere in the arena.
bool is_copied(const Place& w, const Place& w1) {
  return w.memory == Memory::kArena && w1.memory == Memory::kArena && full(w) &&
         w.row_stride == w1.row_stride;
}

ChunkStep copy_step(const Place& src, const Place& dst) {
  ChunkStep copy;
  copy.name = "copy";
  copy.kernel = copy_kernel();
  copy.in[0] = src;
  copy.num_in = 1;
  copy.dst = dst;
  return copy;
}

}  // namespace

Fusion fuse_adam(const ChunkNodes& group, uint32_t w1) {
  if (!group.is(w1, "sub")) return {};
  const Place w = group.operand(w1, 0), dst = group.e.memory.place(w1);
  const auto over = group.e.groups.in_place.find(w1);
  const bool in_place = over != group.e.groups.in_place.end() && over->second == group.value(w1, 0);
  if (!in_place && !is_copied(w, dst)) return {};
  Matcher m{group};
  m.take(w1, "sub");
  const uint32_t change = m.take(m.input(w1, 1), "div");
  const auto step = m.take_scaled(m.input(change, 0), "mul");
  const auto first = m.take_scaled(step.value, "mul");
  const auto denominator = m.take_scaled(m.input(change, 1), "add");
  const uint32_t root = m.take(denominator.value, "sqrt");
  const auto second = m.take_scaled(m.input(root, 0), "mul");
  const uint32_t m1 = m.take_average(first.value), v1 = m.take_average(second.value);
  const uint32_t squared = m.take(m.input(v1, 1), "square");
  if (!m.fits || group.value(squared, 0) != group.value(m1, 1)) return {};
  for (uint32_t i : m.nodes) {
    const bool stored = i == m1 || i == v1 || i == w1;
    if (!stored && !group.is_read_only_by(i, m.nodes)) {
      return {.why_not = group.other_reader(i, m.nodes)};
    }
  }
  ChunkStep fused;
  fused.op = ChunkOp::kAdam;
  fused.name = "adam";
  const StepMemory& memory = group.e.memory;
  fused.state = {group.operand(m1, 1), memory.place(m1), memory.place(v1), dst};
  fused.scalars = {group.operand(m1, 2),
                   group.operand(v1, 2),
                   first.by,
                   second.by,
                   step.by,
                   denominator.by,
                   {},
                   {}};
  fused.nodes = m.nodes;
  Fusion fusion{.nodes = m.nodes, .at_last = true, .cost = Cost::kOptimizer};
  if (!in_place) fusion.steps.push_back(copy_step(w, dst));
  fusion.steps.push_back(fused);
  return fusion;
}

}  // namespace isthmus
