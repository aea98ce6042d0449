// SPDX-License-Identifier: Apache-2.0
// Patterns of elementwise nodes that one kernel computes in one pass. They match nodes of the
// graph; places only say how the operands of a match are read.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "isthmus/cpu/compile/emit.h"

namespace isthmus {

/// What a pattern found.
struct Fusion {
  std::vector<uint32_t> nodes = {};  // that the step computes
  std::vector<ChunkStep> steps = {};
  bool at_last = false;  // they stand where the last of the nodes stood, not the first
  Cost cost = Cost::kOther;
  std::string why_not = {};  // no steps: what is in the way of a pattern that begins here
  bool found() const { return !steps.empty(); }
};

/// The elementwise nodes of a group and how each reads its operands.
struct ChunkNodes {
  const Emission& e;
  const std::vector<uint32_t>& nodes;
  const Geometry& lines;
  bool in_rows;

  bool is(uint32_t i, std::string_view op) const { return contains(i) && e.node(i).op->name == op; }
  bool contains(uint32_t i) const;
  /// The value that operand k of a node is, seen through its other names.
  uint32_t value(uint32_t i, size_t k) const { return e.uses.source_of(e.node(i).inputs[k]).first; }
  Place operand(uint32_t i, size_t k) const {
    return e.operand(i, e.node(i).inputs[k], lines, !in_rows);
  }
  /// Whether `readers` are the only ones of a value, so that it need not be written.
  bool is_read_only_by(uint32_t value, const std::vector<uint32_t>& readers) const;
  /// The only node that reads a value, in this group; kNoNode if there are others.
  uint32_t only_reader(uint32_t value) const;
  /// "%7 is read by %9, too"
  std::string other_reader(uint32_t value, const std::vector<uint32_t>& known) const;
};

/// A row of its own for each row.
inline bool full(const Place& p) {
  return p.col_stride == 1 && p.row_stride != 0 && p.row_repeat == 1;
}
/// The same row for all rows, one value per column.
inline bool one_row(const Place& p) {
  return p.col_stride == 1 && p.row_stride == 0 && p.row_repeat == 1;
}
/// A row for each row, or for several in turn.
inline bool full_or_repeated(const Place& p) { return p.col_stride == 1 && p.row_stride != 0; }
/// One number for each row, or for all.
inline bool one_column(const Place& p) { return p.col_stride == 0 && p.row_repeat == 1; }
/// One number for all.
inline bool uniform(const Place& p) { return p.row_stride == 0 && p.col_stride == 0; }
inline bool same_operand(const Place& a, const Place& b) {
  return a.memory == b.memory && a.offset == b.offset && a.row_stride == b.row_stride &&
         a.col_stride == b.col_stride && a.row_repeat == b.row_repeat;
}

/// One file each: the pattern that begins at a node of the group.
Fusion fuse_bernoulli(const ChunkNodes& group, uint32_t log_prob);
Fusion fuse_adam(const ChunkNodes& group, uint32_t stepped);
Fusion fuse_bias_relu(const ChunkNodes& group, uint32_t biased);

}  // namespace isthmus
