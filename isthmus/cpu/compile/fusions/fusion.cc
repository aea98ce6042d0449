// SPDX-License-Identifier: Apache-2.0
#include "isthmus/cpu/compile/fusions/fusion.h"

#include <algorithm>

namespace isthmus {
namespace {

bool contains(const std::vector<uint32_t>& nodes, uint32_t i) {
  return std::find(nodes.begin(), nodes.end(), i) != nodes.end();
}

}  // namespace

bool ChunkNodes::contains(uint32_t i) const { return isthmus::contains(nodes, i); }

bool ChunkNodes::is_read_only_by(uint32_t value, const std::vector<uint32_t>& readers) const {
  return !e.uses.output[value] && other_reader(value, readers).empty();
}

uint32_t ChunkNodes::only_reader(uint32_t value) const {
  const auto& readers = e.uses.readers[value];
  if (readers.size() != 1 || e.uses.output[value] || !contains(readers[0])) return kNoNode;
  return readers[0];
}

std::string ChunkNodes::other_reader(uint32_t value, const std::vector<uint32_t>& known) const {
  if (e.uses.output[value]) return "%" + std::to_string(value) + " is an output";
  for (uint32_t r : e.uses.readers[value]) {
    if (isthmus::contains(known, r)) continue;
    return "%" + std::to_string(value) + " is read by %" + std::to_string(r) + ", too";
  }
  return {};
}

}  // namespace isthmus
