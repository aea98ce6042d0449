// SPDX-License-Identifier: Apache-2.0
// The state of a running program and the functions that walk through it. No allocation, no
// exception; every function computes the same bits whichever thread calls it.
#pragma once

#include <array>
#include <exception>
#include <memory>
#include <string>
#include <vector>

#include "isthmus/base/rng_key.h"
#include "isthmus/base/thread_pool.h"
#include "isthmus/cpu/program.h"

namespace isthmus {

using CostTimes = std::array<uint64_t, static_cast<size_t>(Cost::kCount)>;

struct alignas(64) ThreadMemory {
  float* block = nullptr;
  float* scratch = nullptr;
  float* tile = nullptr;
  uint16_t* half = nullptr;
  uint16_t* tile_half = nullptr;
  uint16_t* part_half = nullptr;
  float* gemm_scratch = nullptr;
  CostTimes ticks = {};
  std::exception_ptr failure = nullptr;  // what run() throws when the step has ended
};

/// One step's inputs, resolved.
struct StepState {
  const int64_t* items = nullptr;
  int64_t num_rows = 0;
  int64_t num_chunks = 0;  // chunks with valid rows
  uint32_t epoch = 0;
  std::vector<RngKey> keys;  // by node, noise nodes only
  std::string stream;        // room for the longest "<purpose>/<stream>"
};

struct Machine {
  Program& program;
  ThreadPool& pool;
  float* arena = nullptr;
  float* batch = nullptr;
  uint16_t* packed = nullptr;
  uint16_t* kept = nullptr;
  std::vector<ThreadMemory> threads;
  std::vector<double> scalars64;  // by node
  StepState step;
};

/// The float at row `row` of a place; `row` counts rows of the value (items x lead) from the start
/// of the batch for kBatch, of the block for kBlock, of the chunk for kScratch.
struct RowOrigin {
  int64_t batch_row = 0;  // of the first row of this block
  int64_t block_row = 0;  // of the first row of this chunk inside the block (or inside the value)
  int64_t tile_row = 0;   // kTile, kPass: first row of the tile or pass inside the value or block
  int64_t first_col = 0;  // kArena: where the tile begins
};
float* resolve(const Machine& m, const ThreadMemory& t, const Place& p, const RowOrigin& at);

/// Rows of a chunk program: of a block (counted from batch_row) or of a kOnce value.
struct ChunkRange {
  int64_t first_row = 0, end_row = 0;
  int64_t batch_row = 0;
  int64_t valid_rows = 0;  // of the block; the rest lies beyond the batch
  int64_t tile_row = 0;
  int64_t first_col = 0, cols = 0;
};
void run_chunk_program(Machine& m, ThreadMemory& t, const ChunkProgram& chunk,
                       const ChunkRange& range) noexcept;
/// Tasks of the batch-wise nodes of a stage, for the rows of this step.
int64_t num_batch_tasks(const Machine& m, const RowStageProgram& stage) noexcept;
void run_batch_task(Machine& m, const RowStageProgram& stage, int64_t task, int thread) noexcept;
/// The blocks of one part, in order.
void run_row_blocks(Machine& m, const RowStageProgram& stage, int64_t part, int thread) noexcept;
void run_once_task(Machine& m, const OnceStageProgram& stage, const OnceTask& task,
                   int thread) noexcept;
/// Items of a pass over a block, or one for a kOnce value. `place` holds `item_size` floats per
/// item.
struct ItemRange {
  int64_t first = 0, count = 1;
  int64_t in_block = 0;  // items of the block before them
};
float* item_address(const Machine& m, const ThreadMemory& t, const Place& place, int64_t item_size,
                    const ItemRange& items) noexcept;
void run_moves(const Machine& m, ThreadMemory& t, const std::vector<Move>& moves,
               const ItemRange& items) noexcept;
void run_reduce(const Machine& m, ThreadMemory& t, const Reduction& r,
                const ItemRange& items) noexcept;
void run_small_products(const Machine& m, ThreadMemory& t, const SmallProducts& p,
                        const ItemRange& items) noexcept;
void run_windows(const Machine& m, ThreadMemory& t, const WindowStep& step,
                 const ItemRange& items) noexcept;
void run_cast_windows(const Machine& m, ThreadMemory& t, const CastWindows& step,
                      const ItemRange& items) noexcept;
/// Packed as the second factor of a product over them; zeros behind them.
void pack_windows(const Machine& m, ThreadMemory& t, const WindowStep& step,
                  const MatmulPacking& packing, const ItemRange& valid, uint16_t* dst) noexcept;
/// The first `valid` items have indices; one outside the table sets the thread's failure.
void run_gather(const Machine& m, ThreadMemory& t, const Gather& g, const ItemRange& items,
                int64_t valid) noexcept;
/// Entries [first_entry, end_entry) of the sum, to dst.
void run_scatter_sum(const Machine& m, ThreadMemory& t, const ScatterSum& s, float* dst,
                     int64_t first_entry, int64_t end_entry) noexcept;
/// dst is the table or a copy of its own.
void run_replace_rows(const Machine& m, ThreadMemory& t, const ScatterSum& s, float* dst) noexcept;
/// What the reference throws becomes the thread's failure.
void run_reference(Machine& m, const ReferenceStep& step, int thread,
                   const ItemRange& items) noexcept;
/// Rows [first, first + count) of the batch (valid ones first, then zeros), columns [first_col,
/// first_col + cols), of an input as float32.
struct LoadRange {
  int64_t first = 0, valid = 0, count = 0;
  int64_t first_col = 0, cols = 0;
  int64_t rows_ahead = 0;     // with each row prefetch the one so far ahead: 0, no; else
  int64_t prefetch_cols = 0;  // from first_col on
};
inline constexpr int64_t kRowsAhead = 4,
                         kPartsAhead = 16;  // of whole rows in memory, of parts of rows
LoadCall input_rows(const Machine& m, const InputBinding& in, const LoadRange& range) noexcept;
void load_input(const Machine& m, const InputBinding& in, const LoadRange& range, float* dst,
                int64_t dst_stride) noexcept;
/// Rows of a kept bf16 operand, as pairs: `count` rows from row `first` of the batch on, of which
/// `valid` are not zero.
void keep_pairs(const Machine& m, const KeptOperand& c, const Place& src, const float* rows,
                int64_t first, int64_t valid, int64_t count) noexcept;
/// Packs a part of the stored matrix of a packed weight.
void pack_weight(const Machine& m, const PackedWeight& w, const Rectangle& part) noexcept;
/// Whole packed weights, by index, on all threads.
void pack_weights(const Machine& m, const std::vector<int32_t>& packs) noexcept;
uint64_t ticks_now() noexcept;

}  // namespace isthmus
