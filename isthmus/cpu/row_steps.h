// SPDX-License-Identifier: Apache-2.0
// What a block of items goes through: one struct per instruction, each with what it needs and no
// more. Beside those of item_steps.h, which kOnce values use, too.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "isthmus/cpu/item_steps.h"
#include "isthmus/cpu/kernels/batch.h"
#include "isthmus/cpu/kernels/kernels.h"
#include "isthmus/cpu/matmul.h"
#include "isthmus/graph/op.h"

namespace isthmus {

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
  Place dst2 = {};  // kBernoulli: the gradient
  std::array<float, 2> attr = {};
  std::array<Place, 4> state = {};    // kAdam: gradient, m, v, w; kBernoulli: bias of the columns
  std::array<Place, 8> scalars = {};  // kAdam: beta1 .. decay as places of kOnce scalars
  int32_t index = -1;          // kLoad, kBernoulli if it loads: input; kKeepPairs: kept operand;
                               // kColumnSum: batch sum
  int64_t half_offset = 0;     // kCast: in the thread's bf16 buffer
  std::string_view name = {};  // for the plan text
  std::vector<uint32_t> nodes = {};  // that it computes; more than one where steps were fused
};

struct ChunkProgram {
  int64_t cols = 0;
  int64_t chunk_rows = 1;
  std::vector<ChunkStep> steps = {};
  Cost cost = Cost::kOther;
  std::vector<std::string> notes = {};  // why a pattern that begins here is not fused
};

// ---- instructions ----

/// A stored input as float32 rows.
struct LoadStep {
  int32_t input = -1;  // index into Program::inputs, here and below
  int64_t cols = 0;
  Place dst = {};
};

/// A stored input straight into bf16 operands.
struct LoadOperands {
  int32_t input = -1;
  int64_t cols = 0;
  int64_t cast = -1;  // rows in the thread's bf16 buffer; -1: not wanted
  int32_t kept = -1;  // index into MemoryLayout::kept; -1: not wanted
};

struct NoiseStep {
  bool is_normal = false;
  int64_t cols = 0;
  Place dst = {};
};

/// Rows rounded to a bf16 operand.
struct CastStep {
  Place src = {};
  int64_t cols = 0;
  int64_t dst = 0;  // in the thread's bf16 buffer
};

/// Windows of images straight into a bf16 operand, a few at a time through the L1 cache.
struct CastWindows {
  WindowStep windows = {};  // without dst
  int64_t dst = 0;          // in the thread's bf16 buffer
};

/// Rows times a matrix that all rows share.
struct ProductStep {
  int32_t matmul = -1;  // index into Program::matmuls, here and below
  Place src = {};       // float32
  int64_t cast = 0;     // bf16: where the rows lie in the thread's bf16 buffer
  Place weight = {};    // float32
  int32_t packed = -1;  // bf16: index into MemoryLayout::packed
  Place dst = {};
};

/// What a pass adds to its part of a sum. float32: the product of the transposed windows with the
/// rows of b, from windows that lie there or are made again. bf16: that of the transposed rows of b
/// with the windows, which are made again and packed a few at a time; the part is transposed.
struct PartProduct {
  int32_t sum = -1;            // index into MemoryLayout::part_sums
  bool makes_windows = false;  // else they lie at a
  WindowStep windows = {};
  Place a = {}, b = {};
  int64_t a_cols = 0, b_cols = 0;
  int32_t first = -1, further = -1;  // matmuls: of the first pass of a part, of further ones
  MatmulPacking packing = {};        // bf16: of the windows
  int64_t packed_halfs = 0;          // bf16: where they lie in the thread's memory for parts
};

/// Rows added to the partial sums of their items.
struct PartialSums {
  Place src = {};
  int64_t cols = 0;
  int32_t batch_sum = -1;  // index into MemoryLayout::batch_sums
};

/// Rows kept for a sum of products over the batch.
struct KeepStep {
  Place src = {};
  int64_t cols = 0;
  int32_t kept = -1;
};

/// A node that runs through its double-precision reference.
struct ReferenceStep {
  uint32_t node = 0;
  std::vector<Place> in = {};
  std::vector<RefArray> in_values = {};  // one set per thread: [thread * num_in + k]
  std::vector<const RefArray*> in_pointers = {};
  std::vector<RefArray> out_values = {};  // per thread
  Place dst = {};
  int64_t rows = 1;  // items per call
};
struct ReferenceRef {
  int32_t index = -1;  // into Program::references
};

using Moves = std::vector<Move>;
using RowStep = std::variant<LoadStep, LoadOperands, NoiseStep, CastStep, CastWindows, ProductStep,
                             ChunkProgram, Moves, Reduction, Gather, SmallProducts, WindowStep,
                             PartProduct, ReferenceRef, PartialSums, KeepStep>;

struct RowInstruction {
  uint32_t node = 0;
  int64_t lead = 1;  // rows of the value per item
  Cost cost = Cost::kOther;
  RowStep step = {};
};

/// Calls the overload for what a variant holds.
template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

/// Rows and columns of a kOnce value.
struct Rectangle {
  int64_t first_row = 0, end_row = 0, first_col = 0, end_col = 0;
  int64_t rows() const { return end_row - first_row; }
  int64_t cols() const { return end_col - first_col; }
};

}  // namespace isthmus
