// SPDX-License-Identifier: Apache-2.0
// What the fusions ask of a chunk program's places and steps.
#pragma once

#include <functional>
#include <vector>

#include "isthmus/cpu/program.h"

namespace isthmus {

inline bool same_value(const Place& a, const Place& b) {
  return a.memory == b.memory && a.offset == b.offset;
}
inline bool same(const Place& a, const Place& b) {
  return same_value(a, b) && a.row_stride == b.row_stride && a.col_stride == b.col_stride &&
         a.row_repeat == b.row_repeat;
}
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

/// The steps that read `value`.
std::vector<int> readers_of(const ChunkProgram& chunk, const Place& value);
/// The step that writes `value`; -1: none of this chunk.
int maker_of(const ChunkProgram& chunk, const Place& value);
/// The nodes that these steps compute.
std::vector<uint32_t> nodes_of(const ChunkProgram& chunk, const std::vector<int>& steps);
/// Puts `fused`, which computes their nodes, where the first of the steps `gone` stood, and takes
/// those away.
void replace_steps(ChunkProgram& chunk, std::vector<int> gone, ChunkStep fused);

}  // namespace isthmus
