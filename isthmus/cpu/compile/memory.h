// SPDX-License-Identifier: Apache-2.0
// The fourth pass: where everything lies. The arena for what lives between steps, the batch for
// what crosses a row stage, per-thread blocks and passes (shared by lifetime) for the rest, chunk
// scratch for values that never leave their chunk; bf16 operands, kept operands and partial sums.
#pragma once

#include <map>
#include <string>
#include <tuple>
#include <utility>

#include "isthmus/cpu/compile/groups.h"

namespace isthmus {

/// A bf16 operand of the current run: `made_in` is the group of its row stage that rounds it first.
struct CastPlace {
  int64_t offset = 0;
  size_t made_in = 0;
};
/// Row stage, run, value and columns of the operand.
using CastKey = std::tuple<size_t, size_t, uint32_t, int64_t>;

struct StepMemory {
  MemoryLayout layout = {};
  std::map<uint32_t, Place> filled = {};                         // rows of uniform values
  std::map<std::pair<uint32_t, uint32_t>, Place> expanded = {};  // by (reader, operand)
  std::map<CastKey, CastPlace> casts = {};
  std::map<std::pair<uint32_t, bool>, int32_t> kept = {};  // by (value, transposed)
  std::map<uint32_t, int32_t> batch_sums = {}, part_sums = {};
  std::map<uint32_t, Place> orders = {};  // by the sort that leaves it
  std::map<uint32_t, Place> asides = {};  // by state: its old value, given to another state
  int64_t windows_again = -1;             // of a pass, that a sum in parts makes again

  const Place& place(uint32_t i) const { return layout.places[i]; }
  /// A per-row value in full, also of uniform nodes.
  const Place& rows_of(uint32_t i) const;
  int32_t packed(const PackedForm& form) const;
};

StepMemory assign_memory(const Uses& uses, const Forms& forms, const Groups& groups);

/// "%4  block 0, rows of 64" per line.
std::string print_memory(const Uses& uses, const StepMemory& memory);

}  // namespace isthmus
