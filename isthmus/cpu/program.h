// SPDX-License-Identifier: Apache-2.0
// A compiled step: what the interpreter in run_rows.cc and run_once.cc walks through. Everything is
// resolved to kernels, memory places and fixed shapes; nothing here allocates at run time.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "isthmus/cpu/memory_layout.h"
#include "isthmus/cpu/row_steps.h"
#include "isthmus/exec/executor.h"
#include "isthmus/exec/plan.h"

namespace isthmus {

/// Sizes of a compiled step that everything else follows from.
struct BlockShape {
  int64_t block_rows = 64;  // R: items per task of a row stage
  int64_t max_rows = 0;     // as asked for
  int64_t num_blocks = 0;
  int64_t chunk_rows = 32;  // items per partial sum
  int64_t part_blocks = 1;  // blocks that one task goes through, in order
  int64_t padded_rows() const { return num_blocks * block_rows; }
  int64_t num_parts() const { return (num_blocks + part_blocks - 1) / part_blocks; }
};

// ---- row stages ----

/// A batch-wise node: all of it is computed before the first block of its row stage.
struct BatchStep {
  uint32_t node = 0;
  const BatchKernel* kernel = nullptr;
  std::vector<Place> in = {};
  Place dst = {};
  int64_t cols = 0;      // of the first input
  int64_t out_cols = 0;  // of the result
  bool is_rbf = false, exclude_self = false, of_first = true, of_second = true;
  bool halved = false;
  std::vector<float> scales = {};
  std::vector<ImqFraction> fractions = {};
  Place order = {};  // that a sort leaves or takes: see BatchCall; rows are columns of the value
  Place sums = {};   // where it leaves the values of sums_node as well, if valid
  uint32_t sums_node = kNoNode;
};

/// Instructions [first, end) that a block goes through `items` items at a time: large values of few
/// items stay in the L2 cache.
struct RowRun {
  size_t first = 0, end = 0;
  int64_t items = 0;
};

struct RowStageProgram {
  std::vector<BatchStep> batch;
  std::vector<RowInstruction> instructions;
  std::vector<RowRun> runs;
};

// ---- once stages: what a tile begins with, the source of its group ----

/// By the tile's shape: [last, shorter tile][last, narrower tile][further panels].
struct TileProducts {
  int32_t index[2][2][2] = {{{-1, -1}, {-1, -1}}, {{-1, -1}, {-1, -1}}};
};

/// A sum of products over the batch, from kept operands, panel by panel.
struct OuterSum {
  TileProducts products = {};
  int32_t kept_a = -1, kept_b = -1;
  int32_t input = -1;  // the first factor comes from this stored input, not from a kept operand
};

struct SumOfParts {
  int32_t part_sum = -1;
};

/// A product of two kOnce matrices, a tile of rows at a time.
struct OnceProduct {
  TileProducts products = {};
  Place a = {}, b = {};
  bool a_transposed = false;
  int64_t num_k = 0;
  int32_t weight = -1;  // bf16: b as an index into MemoryLayout::packed
};

/// Partial sums over the batch, in a fixed tree.
struct TreeSum {
  int32_t batch_sum = -1;
};

/// Rows added to (scatter_sum), or put in the place of, rows of a table.
struct ScatterSource {
  ScatterSum rows = {};
  bool replaces = false;
};

/// All values of a kOnce array.
struct SumAll {
  Place src = {};
  int64_t count = 0;
};

/// A float64 scalar.
struct ScalarStep {
  int32_t reference = -1;
};

using OnceSource =
    std::variant<std::monostate, OuterSum, SumOfParts, OnceProduct, TreeSum, ScatterSource, SumAll,
                 Reduction, Moves, WindowStep, ReferenceRef, ScalarStep>;

struct OnceProgram {
  uint32_t node = kNoNode;  // of the source
  OnceSource source = {};
  int64_t rows = 1, cols = 1;  // geometry of the group
  int64_t tile_rows = 1, tile_cols = 1;
  ChunkProgram chunks = {};         // behind the source; without steps: none
  Place source_dst = {};            // kTile or kArena
  std::vector<int32_t> packs = {};  // packed weights: repack the tile's share of them
  int sublevel = 0;
  int64_t cost_estimate = 0;  // of one tile
};

struct OnceTask {
  int32_t program = 0;
  Rectangle tile;
};

struct OnceLevel {
  std::vector<OnceTask> tasks;
  std::vector<int64_t> cuts;   // thread t begins with tasks [cuts[t], cuts[t + 1])
  bool serial = false;         // too small for a barrier
  std::vector<int32_t> packs;  // operands that these tasks have made, packed behind them
};

struct OnceStageProgram {
  std::vector<int32_t> packs;  // before the first level: leaves that are read in another shape
  std::vector<OnceProgram> programs;
  std::vector<OnceLevel> levels;
};

// ---- the whole step ----

struct CommitCopy {  // an assigned value that could not be written in place
  Place src, dst;
  int64_t count = 0;
  std::vector<int32_t> packs;
};

struct InputBinding {
  uint32_t node = 0;
  std::string name;
  int64_t cols = 0;
  Tensor values;
  std::vector<float> shift, scale;
  bool bound = false;
};

struct OutputPlace {
  std::string name;
  uint32_t node = 0;
  bool per_row = false;
  Place place;
  int64_t row_size = 0;
};

struct Program {
  Graph graph;
  Plan plan;
  CompileOptions options;
  BlockShape shape;
  int num_threads = 1;
  int64_t panel_rows = 0;  // rows of one panel of a sum of products
  int64_t num_panels = 0;

  MemoryLayout memory;
  std::vector<Matmul> matmuls;
  std::vector<ReferenceStep> references;
  OnceStageProgram prologue;
  std::vector<RowStageProgram> row_stages;
  std::vector<OnceStageProgram> once_stages;
  std::vector<CommitCopy> commits;
  std::vector<InputBinding> inputs;
  std::vector<OutputPlace> outputs;
};

/// How much of a stored input is converted at a time: columns of `rows` rows, or rows of `cols`
/// columns; about 28 KiB of float32.
inline constexpr int64_t kOperandFloats = 7168;
inline int64_t operand_columns(int64_t rows) {
  return std::max<int64_t>(32, kOperandFloats / rows / 16 * 16);
}
inline int64_t operand_rows(int64_t cols) { return std::max<int64_t>(1, kOperandFloats / cols); }

/// The passes of compile/ in their order.
Program compile_program(const Graph& graph, const CompileOptions& options, int num_threads);
std::string print_program(const Program& program);
/// By node, without leaves and float64 scalars; see Executor::kernels.
std::vector<OperationKernel> list_kernels(const Program& program);
/// Name and type of each operation that runs through its double-precision reference, except float64
/// scalars.
std::vector<std::string> interpreted_operations(const Program& program);

}  // namespace isthmus
