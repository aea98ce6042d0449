// SPDX-License-Identifier: Apache-2.0
#include "isthmus/cpu/fusions/match.h"

#include <algorithm>

namespace isthmus {

std::vector<int> readers_of(const ChunkProgram& chunk, const Place& value) {
  std::vector<int> found;
  for (size_t k = 0; k < chunk.steps.size(); ++k) {
    const ChunkStep& s = chunk.steps[k];
    const auto end = s.in.begin() + s.num_in;
    if (std::any_of(s.in.begin(), end, [&](const Place& in) { return same_value(in, value); })) {
      found.push_back(static_cast<int>(k));
    }
  }
  return found;
}

int maker_of(const ChunkProgram& chunk, const Place& value) {
  for (size_t k = chunk.steps.size(); k-- > 0;) {
    if (same_value(chunk.steps[k].dst, value)) return static_cast<int>(k);
  }
  return -1;
}

std::vector<uint32_t> nodes_of(const ChunkProgram& chunk, const std::vector<int>& steps) {
  std::vector<uint32_t> nodes;
  for (int k : steps) {
    const auto& own = chunk.steps[static_cast<size_t>(k)].nodes;
    nodes.insert(nodes.end(), own.begin(), own.end());
  }
  return nodes;
}

void replace_steps(ChunkProgram& chunk, std::vector<int> gone, ChunkStep fused) {
  fused.nodes = nodes_of(chunk, gone);
  std::sort(gone.rbegin(), gone.rend());
  for (int k : gone) chunk.steps.erase(chunk.steps.begin() + k);
  chunk.steps.insert(chunk.steps.begin() + gone.back(), std::move(fused));
}

}  // namespace isthmus
