// SPDX-License-Identifier: Apache-2.0
// Adam on one tile in one pass over gradient, m, v and w, instead of one pass per node:
//
//   m1 = lerp(m, g, 1 - beta1)        v1 = lerp(v, square(g), 1 - beta2)
//   w1 = sub(w, div(mul(mul(m1, c1), rate), add(sqrt(mul(v1, c2)), epsilon)))
//
// m1, v1 and w1 take the places of m, v and w (assigned in place). Where w is still read by another
// group of the step, w1 has a place of its own, to which w is copied first.
#include <algorithm>

#include "isthmus/cpu/compiler.h"
#include "isthmus/cpu/fusions/match.h"

namespace isthmus {
namespace {

struct Matcher {
  ChunkProgram& chunk;
  std::vector<int> used = {};

  /// The step that writes `value`, if it has this name.
  const ChunkStep* maker(const Place& value, std::string_view name) {
    const int k = maker_of(chunk, value);
    if (k < 0 || chunk.steps[static_cast<size_t>(k)].name != name) return nullptr;
    used.push_back(k);
    return &chunk.steps[static_cast<size_t>(k)];
  }
  /// value = name(a, uniform b), either order.
  const ChunkStep* scaled(const Place& value, std::string_view name, Place& a, Place& b) {
    const ChunkStep* s = maker(value, name);
    if (s == nullptr) return nullptr;
    const int u = uniform(s->in[1]) ? 1 : 0;
    if (!uniform(s->in[static_cast<size_t>(u)])) return nullptr;
    b = s->in[static_cast<size_t>(u)];
    a = s->in[static_cast<size_t>(1 - u)];
    return s;
  }
  /// No step outside the pattern reads an intermediate, and none is needed outside the chunk.
  bool stays_inside(const Place& m1, const Place& v1, const Place& w1) const {
    for (int u : used) {
      const Place& dst = chunk.steps[static_cast<size_t>(u)].dst;
      if (same_value(dst, m1) || same_value(dst, v1) || same_value(dst, w1)) continue;
      if (dst.memory != Memory::kScratch) return false;
      for (int reader : readers_of(chunk, dst)) {
        if (std::find(used.begin(), used.end(), reader) == used.end()) return false;
      }
    }
    return true;
  }
};

/// Whether w1 lies like w, elsewhere in the arena.
bool is_copied(const ChunkStep& last) {
  const Place &w = last.in[0], &w1 = last.dst;
  return w.memory == Memory::kArena && w1.memory == Memory::kArena && full(w) &&
         w.row_stride == w1.row_stride;
}

ChunkStep copy_of(const ChunkStep& last) {
  ChunkStep copy;
  copy.name = "copy";
  copy.kernel = find_elementwise_kernel("stop_gradient");
  copy.in[0] = last.in[0];
  copy.num_in = 1;
  copy.dst = last.dst;
  return copy;
}

}  // namespace

void fuse_adam(ChunkProgram& chunk) {
  for (size_t k = 0; k < chunk.steps.size(); ++k) {
    const ChunkStep last = chunk.steps[k];
    const bool in_place = same_value(last.dst, last.in[0]);
    if (last.name != "sub" || !(in_place || is_copied(last))) continue;
    Matcher m{chunk};
    m.used.push_back(static_cast<int>(k));
    const ChunkStep* change = m.maker(last.in[1], "div");
    if (change == nullptr) continue;
    Place stepped, rate, m1, c1, rooted, epsilon, v1, c2;
    const Place numerator = change->in[0], denominator = change->in[1];
    if (!m.scaled(numerator, "mul", stepped, rate)) continue;
    if (!m.scaled(stepped, "mul", m1, c1)) continue;
    if (!m.scaled(denominator, "add", rooted, epsilon)) continue;
    const ChunkStep* root = m.maker(rooted, "sqrt");
    if (root == nullptr) continue;
    const Place under = root->in[0];
    if (!m.scaled(under, "mul", v1, c2)) continue;
    const ChunkStep* m_next = m.maker(m1, "lerp");
    const ChunkStep* v_next = m.maker(v1, "lerp");
    if (m_next == nullptr || v_next == nullptr) continue;
    if (!same_value(m_next->in[0], m1) || !same_value(v_next->in[0], v1)) continue;
    const Place gradient = m_next->in[1], decay1 = m_next->in[2], decay2 = v_next->in[2];
    if (!uniform(decay1) || !uniform(decay2)) continue;
    const ChunkStep* squared = m.maker(v_next->in[1], "square");
    if (squared == nullptr || !same_value(squared->in[0], gradient)) continue;

    ChunkStep fused;
    fused.op = ChunkOp::kAdam;
    fused.name = "adam";
    fused.state = {gradient, m1, v1, last.dst};
    fused.scalars = {decay1, decay2, c1, c2, rate, epsilon, {}, {}};
    if (!m.stays_inside(m1, v1, last.dst)) continue;
    std::sort(m.used.rbegin(), m.used.rend());
    fused.nodes = nodes_of(chunk, m.used);
    const int at = m.used.front() - static_cast<int>(m.used.size()) + 1;
    for (int u : m.used) chunk.steps.erase(chunk.steps.begin() + u);
    chunk.steps.insert(chunk.steps.begin() + at, fused);
    if (!in_place) chunk.steps.insert(chunk.steps.begin() + at, copy_of(last));
    chunk.cost = Cost::kOptimizer;
    return;
  }
}

}  // namespace isthmus
