// SPDX-License-Identifier: Apache-2.0
// The last pass writes down what the others have decided: instructions with kernels, shapes and
// places. It decides nothing but how a chunk shares its scratch memory.
#pragma once

#include <set>
#include <utility>
#include <vector>

#include "isthmus/cpu/compile/memory.h"

namespace isthmus {

struct Emission {
  const Uses& uses;
  const Forms& forms;
  const Groups& groups;
  const StepMemory& memory;
  Program& program;
  size_t stage = 0, run = 0;                      // of the row stage that is being written
  std::set<std::pair<uint32_t, bool>> kept = {};  // operands that an instruction makes already

  const Node& node(uint32_t i) const { return uses.node(i); }
  int64_t pass_items() const { return groups.runs[stage][run].items; }
  /// The operand as `reader` reads it: where it lies, or where it is written out.
  Place operand(uint32_t reader, uint32_t in, const Geometry& g, bool rows_are_lead) const;
};

/// Index of a product of this shape, made once.
int32_t add_matmul(Program& program, const MatmulSpec& spec);
int32_t input_index(const Program& program, uint32_t node);

// emit_rows.cc
void emit_row_stage(Emission& e, size_t stage);

// emit_once.cc
OnceStageProgram emit_once_stage(Emission& e, const Stage& stage,
                                 const std::vector<TileShape>& tiles);

// emit_chunks.cc
/// The elementwise steps of a group over lines of `g`. `rows`: the group of a row stage, nullptr in
/// a kOnce stage; `width`: columns of a tile.
ChunkProgram make_chunks(Emission& e, const std::vector<uint32_t>& nodes, const Geometry& g,
                         const DeviceGroup* rows, int64_t width);

// emit_items.cc: what goes item by item, for row stages and kOnce stages alike.
Moves moves_of(const Emission& e, uint32_t i);
/// Uniform or repeated rows written out in full, to where `filled` says.
Moves fill_moves(const Emission& e, uint32_t i);
Moves expansion(const Emission& e, uint32_t reader, uint32_t in);
Reduction reduction_of(const Emission& e, uint32_t i);
WindowStep windows_of(const Emission& e, uint32_t i);
Gather gather_of(const Emission& e, uint32_t i);
SmallProducts item_products_of(Emission& e, uint32_t i);
ScatterSum scatter_of(const Emission& e, uint32_t index, uint32_t rows, uint32_t table);
/// Error E2202 for an operation without a reference.
ReferenceRef add_reference(Emission& e, uint32_t i, int64_t rows);

// emit_batch.cc
/// Error E2202 for an operation without a kernel.
BatchStep batch_step(Emission& e, uint32_t i);

}  // namespace isthmus
