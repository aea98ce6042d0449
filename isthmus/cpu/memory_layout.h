// SPDX-License-Identifier: Apache-2.0
// The memory of a compiled step: where every value lies, and what is kept of it for others.
#pragma once

#include <cstdint>
#include <vector>

#include "isthmus/cpu/item_steps.h"
#include "isthmus/cpu/matmul.h"

namespace isthmus {

inline constexpr int64_t kLineFloats = 16, kLineHalfs = 32;
inline int64_t round_up(int64_t value, int64_t step) { return (value + step - 1) / step * step; }

/// A packed bf16 operand made from a kOnce float32 matrix; `node` may be a leaf in another shape.
struct PackedWeight {
  uint32_t node = 0;
  bool transposed = false;  // K is the second axis of the stored matrix
  int64_t num_k = 0, num_n = 0;
  MatmulPacking packing = {};
  int64_t offset = 0;  // in uint16 values of the packed region
  bool leaf = false;   // packed when set or assigned; else behind the level that makes it
};

/// A per-row value kept for a sum of products over the batch: transposed, or as it is.
struct KeptOperand {
  uint32_t node = 0;
  bool transposed = false;
  int64_t cols = 0;
  int64_t rows_per_item = 1;
  int64_t offset = 0;        // float32: floats of the batch region; bf16: values of the kept region
  int64_t panel_stride = 0;  // distance of panels in those units
  int64_t row_stride = 0;    // transposed: from one column of the value to the next
  MatmulPacking packing = {};  // bf16, not transposed
};

struct BatchSum {
  uint32_t node = 0;
  int64_t size = 0;
  int64_t partials_offset = 0;  // floats of the batch region, one row per chunk
  int64_t chunk_stride = 0;
};

/// A sum of products over the batch that is made in parts, one per `part_blocks` blocks.
struct PartSum {
  uint32_t node = 0;
  int64_t rows = 0, cols = 0;  // of the sum
  bool transposed = false;     // as its parts lie
  int64_t offset = 0;          // floats of the batch region
  int64_t stride = 0;          // from part to part
};

/// Floats behind a value of the arena or the batch that keep it apart from the next: nobody writes
/// there.
struct Gap {
  Memory memory = Memory::kNone;
  int64_t first = 0, end = 0;
};

struct MemoryLayout {
  std::vector<Place> places = {};  // by node
  std::vector<PackedWeight> packed = {};
  std::vector<KeptOperand> kept = {};
  std::vector<BatchSum> batch_sums = {};
  std::vector<PartSum> part_sums = {};
  std::vector<Gap> gaps = {};
  // Sizes of the regions of the executor and of each of its threads, in floats
  int64_t arena_floats = 0, batch_floats = 0, block_floats = 0, scratch_floats = 0, tile_floats = 0,
          gemm_scratch_floats = 0;
  // and in bf16 values.
  int64_t packed_halfs = 0, kept_halfs = 0, block_halfs = 0, tile_halfs = 0, part_halfs = 0;
};

}  // namespace isthmus
