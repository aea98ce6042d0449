// SPDX-License-Identifier: Apache-2.0
// A compiled step: what the interpreter in run_rows.cc and run_once.cc walks through. Everything is
// resolved to kernels, memory places and fixed shapes; nothing here allocates at run time.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "isthmus/cpu/item_steps.h"
#include "isthmus/cpu/kernels/batch.h"
#include "isthmus/cpu/kernels/kernels.h"
#include "isthmus/cpu/matmul.h"
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

/// Time classes of StepProfile.
enum class Cost : uint8_t { kGemm, kLikelihood, kOptimizer, kPacking, kInput, kOther, kCount };

// ---- elementwise programs, run chunk by chunk ----

enum class ChunkOp : uint8_t {
  kElementwise,
  kRowSum,
  kLogSumExp,
  kBernoulli,
  kAdam,
  kBiasRelu,
  kLoad,       // rows of a stored input
  kCast,       // in[0] as rows of a bf16 operand
  kKeepPairs,  // in[0] for a sum of products over the batch
  kColumnSum,  // in[0] added to partial sums over the batch
};

struct ChunkStep {
  ChunkOp op = ChunkOp::kElementwise;
  ElementwiseKernel kernel = nullptr;
  std::array<Place, 3> in = {};
  int num_in = 0;
  Place dst = {};
  Place dst2 = {};  // kBernoulli: the gradient; kBiasRelu: the mask, if wanted
  std::array<float, 2> attr = {};
  std::array<Place, 4> state = {};    // kAdam: gradient, m, v, w; kBernoulli: bias of the columns
  std::array<Place, 8> scalars = {};  // kAdam: beta1 .. decay as places of kOnce scalars
  int32_t index =
      -1;  // kLoad, kBernoulli if it loads: input; kKeepPairs: crossing; kColumnSum: batch sum
  int64_t half_offset = 0;           // kCast: in the thread's bf16 buffer
  std::string_view name = {};        // for the plan text
  std::vector<uint32_t> nodes = {};  // that it computes; more than one where steps were fused
};

struct ChunkProgram {
  int64_t cols = 0;
  int64_t chunk_rows = 1;
  std::vector<ChunkStep> steps;
  Cost cost = Cost::kOther;
};

// ---- row stages ----

/// A packed bf16 operand made from a kOnce float32 matrix; `node` may be a leaf in another shape.
struct PackedWeight {
  uint32_t node = 0;
  bool transposed = false;  // K is the second axis of the stored matrix
  int64_t num_k = 0, num_n = 0;
  MatmulPacking packing;
  int64_t offset = 0;  // in uint16 values of the packed region
  bool leaf = false;   // packed when set or assigned; else behind the level that makes it
};

enum class RowOp : uint8_t {
  kLoad,
  kLoadOperands,  // a stored input straight into bf16 operands
  kNoise,
  kCast,
  kGemm,
  kChunks,
  kMoves,
  kReduce,
  kGather,
  kSmallProducts,
  kWindows,
  kPart,
  kReference,
  kBatchSum,
  kCrossTransposed,
  kCrossPairs,
};

struct RowInstruction {
  RowOp op = RowOp::kChunks;
  Cost cost = Cost::kOther;
  uint32_t node = kNoNode;
  int64_t lead = 1;  // rows of the value per item
  int64_t cols = 0;
  Place src = {}, dst = {};
  int32_t matmul = -1;      // index into Program::matmuls
  int32_t weight = -1;      // index into Program::packed (bf16), else src2
  Place weight_place = {};  // plain float32 weights
  int64_t half_offset = 0;  // bf16 buffer: block (kCast) or crossing (kCross*)
  int32_t chunks = -1;      // index into Program::chunk_programs
  int32_t moves = -1;       // index into Program::moves
  int32_t reduction = -1;   // index into Program::reductions
  int32_t products = -1;    // index into Program::small_products
  int32_t windows = -1;     // index into Program::window_steps
  int32_t part = -1;        // index into Program::part_products
  int32_t gather = -1;      // index into Program::gathers
  int32_t reference = -1;   // index into Program::references
  int32_t crossing = -1;    // index into Program::crossings
  int32_t batch_sum = -1;   // index into Program::batch_sums
  int32_t input = -1;       // index into Program::inputs
  bool is_cast = false;     // kLoadOperands: rows at half_offset are wanted
  bool is_normal = false;   // kNoise
};

/// A per-row value kept for a sum of products over the batch: transposed, or as it is.
struct Crossing {
  uint32_t node = 0;
  bool transposed = false;
  int64_t cols = 0;
  int64_t rows_per_item = 1;
  int64_t offset = 0;        // float32: floats of the batch region; bf16: values of the half region
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
  int64_t offset = 0;          // floats of the batch region
  int64_t stride = 0;          // from part to part
};

/// What a pass adds to its part: the product of the transposed rows of a with the rows of b.
struct PartProduct {
  int32_t sum = -1;
  int32_t windows = -1;  // first makes a: windows that are not kept
  Place a, b;
  int64_t a_cols = 0, b_cols = 0;
  int32_t matmul[2] = {-1, -1};  // the first product of a part, further ones
  MatmulPacking packing;         // bf16: of b
  int64_t b_halfs = 0;           // bf16: where b lies in the thread's memory for parts
};

/// A node that runs through its double-precision reference.
struct ReferenceStep {
  uint32_t node = 0;
  std::vector<Place> in;
  std::vector<RefArray> in_values;  // one set per thread: [thread * num_in + k]
  std::vector<const RefArray*> in_pointers;
  std::vector<RefArray> out_values;  // per thread
  Place dst;
  int64_t rows = 1;  // items per call
};

/// A batch-wise node: all of it is computed before the first block of its row stage.
struct BatchStep {
  uint32_t node = 0;
  const BatchKernel* kernel = nullptr;
  std::vector<Place> in;
  Place dst;
  int64_t cols = 0;      // of the first input
  int64_t out_cols = 0;  // of the result
  bool is_rbf = false, exclude_self = false, of_first = true, of_second = true;
  bool halved = false;
  std::vector<float> scales;
  std::vector<ImqFraction> fractions;
  Place order;  // of sort_rows and its gradient: see BatchCall; rows are columns of the value
  Place sums;   // kernel_sum_gradient: where it leaves the values of sums_node as well, if valid
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

// ---- once stages ----

enum class OnceSource : uint8_t {
  kNone,
  kOuterSum,
  kParts,
  kMatmul,
  kBatchSum,
  kScatterSum,
  kReplaceRows,
  kSumAll,
  kReduce,
  kMoves,
  kWindows,
  kReference,
  kScalar
};

/// A product of two kOnce matrices, a tile of rows at a time.
struct OnceProduct {
  Place a, b;
  bool a_transposed = false;
  int64_t num_k = 0;
  int32_t weight = -1;  // bf16: b as an index into Program::packed
};

struct PackRange {
  int32_t packed = 0;  // repack the tile's share of this weight
};

struct OnceProgram {
  OnceSource source = OnceSource::kNone;
  uint32_t node = kNoNode;
  int64_t rows = 1, cols = 1;  // geometry of the group
  int64_t tile_rows = 1, tile_cols = 1;
  int32_t chunks = -1;
  Place source_dst = {};  // kTile or kArena
  /// kOuterSum, kMatmul: [last, shorter tile][last, narrower tile][further panels]
  int32_t matmuls[2][2][2] = {{{-1, -1}, {-1, -1}}, {{-1, -1}, {-1, -1}}};
  int32_t crossing_a = -1, crossing_b = -1;
  int32_t input = -1;  // the first factor comes from this stored input, not from a crossing
  int32_t batch_sum = -1, part_sum = -1;
  OnceProduct product = {};
  ScatterSum scatter = {};
  int32_t moves = -1, reduction = -1, windows = -1, reference = -1;
  Place sum_src = {};  // kSumAll
  int64_t sum_count = 0;
  std::vector<PackRange> packs;
  int sublevel = 0;
  int64_t cost_estimate = 0;  // of one tile
};

/// Rows and columns of a kOnce value.
struct Rectangle {
  int64_t first_row = 0, end_row = 0, first_col = 0, end_col = 0;
  int64_t rows() const { return end_row - first_row; }
  int64_t cols() const { return end_col - first_col; }
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

/// Floats behind a value of the arena or the batch that keep it apart from the next: nobody writes
/// there.
struct Gap {
  Memory memory = Memory::kNone;
  int64_t first = 0, end = 0;
};

struct Program {
  Graph graph;
  Plan plan;
  CompileOptions options;
  BlockShape shape;
  int num_threads = 1;

  std::vector<Place> places;  // by node
  std::vector<Matmul> matmuls;
  std::vector<PackedWeight> packed;
  std::vector<ChunkProgram> chunk_programs;
  std::vector<std::vector<Move>> moves;
  std::vector<Reduction> reductions;
  std::vector<SmallProducts> small_products;
  std::vector<WindowStep> window_steps;
  std::vector<Gather> gathers;
  std::vector<ReferenceStep> references;
  std::vector<Crossing> crossings;
  std::vector<BatchSum> batch_sums;
  std::vector<PartSum> part_sums;
  std::vector<PartProduct> part_products;
  OnceStageProgram prologue;
  std::vector<RowStageProgram> row_stages;
  std::vector<OnceStageProgram> once_stages;
  std::vector<CommitCopy> commits;
  std::vector<InputBinding> inputs;
  std::vector<OutputPlace> outputs;
  std::vector<Gap> gaps;

  int64_t panel_rows = 0;  // rows of one panel of a sum of products
  int64_t num_panels = 0;
  int64_t arena_floats = 0, batch_floats = 0, block_floats = 0, scratch_floats = 0, tile_floats = 0;
  int64_t packed_values = 0, crossing_values = 0, block_halfs = 0, tile_halfs = 0,
          part_halfs = 0;  // uint16
  size_t gemm_scratch_bytes = 0;
};

/// How much of a stored input is converted at a time: columns of `rows` rows, or rows of `cols`
/// columns; about 28 KiB of float32.
inline constexpr int64_t kOperandFloats = 7168;
inline int64_t operand_columns(int64_t rows) {
  return std::max<int64_t>(32, kOperandFloats / rows / 16 * 16);
}
inline int64_t operand_rows(int64_t cols) { return std::max<int64_t>(1, kOperandFloats / cols); }

Program compile_program(const Graph& graph, const CompileOptions& options, int num_threads);
std::string print_program(const Program& program);
/// By node, without leaves and float64 scalars; see Executor::kernels.
std::vector<OperationKernel> list_kernels(const Program& program);
/// Name and type of each operation that runs through its double-precision reference, except float64
/// scalars.
std::vector<std::string> interpreted_operations(const Program& program);

}  // namespace isthmus
