// SPDX-License-Identifier: Apache-2.0
// Where values live, and the steps of a program that go item by item: values moved, reduced over an
// axis, looked up, or multiplied with values of the same item. Run by run_moves.cc.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "isthmus/graph/windows.h"

namespace isthmus {

/// Where a value lives. Offsets and strides count floats; row r of a value is at
/// offset + r * row_stride. Rows of a per-row value with leading axes are (item, lead) pairs.
enum class Memory : uint8_t {
  kNone,
  kArena,    // the executor's: parameters, state, kOnce values, scalars
  kBatch,    // one region per value, all rows of a batch
  kBlock,    // per thread: one block of rows
  kPass,     // per thread: the items of one pass of a run
  kScratch,  // per thread: one chunk inside a group
  kTile,     // per thread: one tile of a kOnce value
  kStored,   // an input that is loaded where it is read, chunk by chunk
  kRounded,  // windows that exist as bf16 operands alone
};

struct Place {
  Memory memory = Memory::kNone;
  int64_t offset = 0;
  int64_t row_stride = 0;
  int32_t col_stride = 1;
  int32_t row_repeat = 1;
  bool valid() const { return memory != Memory::kNone; }
};

/// A box of values copied between strided places: what slice, concat, pad, transpose and broadcast
/// are made of. Axes from the outermost; steps and items in floats. Without a source: zeros.
struct Move {
  static constexpr size_t kAxes = 6;
  Place src, dst;
  int64_t src_item = 0, dst_item = 0;  // from item to item; 0: the same values for all items
  size_t rank = 0;
  std::array<int64_t, kAxes> size = {}, src_step = {}, dst_step = {};
};

enum class ReduceOp : uint8_t { kSum, kLogSumExp, kSoftmax };

/// Dense values of one item (or of a kOnce value) seen as (outer, size, inner), reduced over the
/// middle: sums of any axis; the others have inner 1.
struct Reduction {
  ReduceOp op = ReduceOp::kSum;
  Place src, dst;
  int64_t outer = 1, size = 1, inner = 1;
  int64_t src_item = 0, dst_item = 0;
};

/// One product per item and leading axes, both factors per row, dense.
struct SmallProducts {
  Place a, b, dst;
  int64_t count = 1;                           // products per item
  int64_t a_size = 0, b_size = 0, c_size = 0;  // values of one factor, one result
  int32_t matmul = -1;
};

/// Windows of dense images, or images from windows.
struct WindowStep {
  Windows windows = {};
  bool adds = false;  // fold
  Place src, dst;
  int64_t src_item = 0, dst_item = 0;
};

/// Rows of a kOnce table by number.
struct Gather {
  Place table, index, dst;
  int64_t num_entries = 0, width = 0;
  int64_t per_item = 1, index_item = 1;  // indices, and floats from item to item
};

/// Rows of a per-row value added to, or put in the place of, the rows of a kOnce value that their
/// indices name.
struct ScatterSum {
  Place index, rows;
  Place table;  // what is left where nothing is put
  int64_t num_entries = 0, width = 0;
  int64_t per_item = 1, index_item = 1, row_step = 0;
};

}  // namespace isthmus
