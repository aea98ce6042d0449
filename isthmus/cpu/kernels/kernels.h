// SPDX-License-Identifier: Apache-2.0
// The vector kernels between the matrix products: plain functions over strided rows, written with
// Highway and chosen once per process for the best instruction set (AVX-512, AVX2, or plain).
//
// A kernel call covers `rows` x `cols` values, usually a chunk that fits the L1 cache. All float32.
// Results do not depend on how rows are cut into calls: each output value is computed from its own
// inputs by the same operations wherever it stands in a vector, tails included. Row reductions add
// in a fixed order that depends on `cols` alone. No kernel allocates, throws or calls libm.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "isthmus/base/rng_key.h"
#include "isthmus/cpu/instruction_set.h"
#include "isthmus/graph/windows.h"

namespace isthmus {

/// Input of an elementwise kernel. Value (r, c) is data[(r / row_repeat) * row_stride + c *
/// col_stride]; row_stride 0: the same row for all (kOnce vectors); col_stride is 0 (one value per
/// row) or 1.
struct Operand {
  const float* data = nullptr;
  int64_t row_stride = 0;
  int32_t col_stride = 1;
  int32_t row_repeat = 1;
};

struct ElementwiseCall {
  int64_t rows = 0, cols = 0;
  Operand in[3] = {};
  float* dst = nullptr;  // (r, c) at dst[r * dst_stride + c]
  int64_t dst_stride = 0;
  float attr[2] = {0, 0};  // leaky_relu: slope; elu: alpha; clamp: low, high
};
using ElementwiseKernel = void (*)(const ElementwiseCall&) noexcept;

/// The kernel of an elementwise op by the op's name (graph/CMakeLists.txt: "elementwise" and
/// "likelihoods" groups; straight_through and stop_gradient copy their first input); nullptr if
/// there is none.
ElementwiseKernel find_elementwise_kernel(std::string_view op);
/// Names of all elementwise kernels, for conformance tests.
std::vector<std::string_view> elementwise_kernel_names();

/// Row reductions: (rows, cols) -> one value per row, dst[r].
struct RowCall {
  int64_t rows = 0, cols = 0;
  const float* src = nullptr;
  int64_t src_stride = 0;
  float* dst = nullptr;
  int64_t dst_stride = 0;  // softmax: row stride; reductions: distance of results
};
void row_sum(const RowCall& call) noexcept;        // float32 lanes, fixed order
void row_logsumexp(const RowCall& call) noexcept;  // max first; sum in float64
void row_softmax(const RowCall& call) noexcept;

/// dst[c] = sum over rows r in [0, rows) of src(r, c), in row order, float32; `accumulate` goes on
/// from the sum in dst, so that the cut of the rows into calls leaves no trace.
void column_sum(const float* src, int64_t src_stride, int64_t rows, int64_t cols, bool accumulate,
                float* dst) noexcept;
/// dst[i] = a[i] + b[i] for partials of a tree.
void add_into(float* a, const float* b, int64_t count) noexcept;

/// Stored values to float32: (value - shift) * scale, gathered by item. `shift` and `scale` have
/// `cols` entries, or one (uniform = true). Rows >= num_items are zero.
struct LoadCall {
  const void* base = nullptr;      // the first of `cols` values of item 0
  int64_t base_stride = 0;         // values from item to item
  bool is_u8 = false;              // else float32
  const int64_t* items = nullptr;  // row indices into base
  int64_t rows_ahead = 0;          // 0, or: with each row prefetch that of the item so far ahead,
  int64_t prefetch_cols = 0;       // this many values from `base` on
  int64_t items_after = 0;         // indices behind the loaded ones that may be prefetched
  int64_t num_items = 0, rows = 0, cols = 0;
  const float* shift = nullptr;
  const float* scale = nullptr;
  bool uniform = true;
  float* dst = nullptr;
  int64_t dst_stride = 0;
};
void load_rows(const LoadCall& call) noexcept;

/// float32 -> bf16, round to nearest even (denormals may become zero), rows x cols with strides in
/// values; pad_cols columns of zeros are appended to each row.
void rows_to_bf16(const float* src, int64_t src_stride, int64_t rows, int64_t cols, uint16_t* dst,
                  int64_t dst_stride, int64_t pad_cols) noexcept;
/// The same, transposed: dst[c * dst_stride + r]; columns [rows, padded_rows) of dst are zero.
void rows_to_bf16_transposed(const float* src, int64_t src_stride, int64_t rows, int64_t cols,
                             uint16_t* dst, int64_t dst_stride, int64_t padded_rows) noexcept;
/// Both for the rows of load_rows(call), read where they are stored (uint8, one shift and scale for
/// all columns): the same bits without the float32 rows in between. Rows without an item are zero.
void stored_to_bf16(const LoadCall& call, uint16_t* dst, int64_t dst_stride) noexcept;
void stored_to_bf16_transposed(const LoadCall& call, uint16_t* dst, int64_t dst_stride) noexcept;
/// Pairs of rows interleaved: value (r, c) at dst[(r / 2) * dst_stride + 2 * c + r % 2]; an odd
/// last row gets a partner of zeros.
void rows_to_bf16_pairs(const float* src, int64_t src_stride, int64_t rows, int64_t cols,
                        uint16_t* dst, int64_t dst_stride) noexcept;
/// A float32 matrix (K, N), value (k, n) at src[k * k_stride + n * n_stride], into blocks of
/// `block_n` columns with pairs along K: block b holds columns [b*block_n, ...), value (k, n) at
/// dst[b * block_stride + (k / 2) * 2 * block_n + 2 * (n % block_n) + k % 2]. Columns up to a whole
/// block and rows up to `padded_k` (even) are zero. Only blocks [first_block, end_block) and k in
/// [first_k, end_k) (even borders) are written. k_stride or n_stride is 1.
struct PackCall {
  const float* src = nullptr;
  int64_t k_stride = 0, n_stride = 0;
  int64_t num_k = 0, num_n = 0, padded_k = 0;
  int64_t block_n = 32, block_stride = 0;
  int64_t first_block = 0, end_block = 0;
  int64_t first_k = 0, end_k = 0;
  uint16_t* dst = nullptr;
};
void pack_bf16_pairs(const PackCall& call) noexcept;

/// C (m, n) = A B, or C += A B, of bf16 operands: rows of A, zero behind an odd k, and B as
/// pack_bf16_pairs leaves it in strips of kBf16Strip columns. A value of C is a float32 sum over k
/// in order; its bits depend neither on the other rows nor on the other columns.
struct Bf16MultiplyCall {
  int64_t m = 0, n = 0, k = 0;
  const uint16_t* a = nullptr;
  int64_t a_stride = 0;  // values from row to row
  const uint16_t* b = nullptr;
  int64_t b_stride = 0;  // values from strip to strip
  float* c = nullptr;
  int64_t c_stride = 0;
  bool accumulate = false;
  bool paired = false;  // only where multiplies_bf16_pairs()
};
inline constexpr int64_t kBf16Strip = 32;
void bf16_multiply(const Bf16MultiplyCall& call) noexcept;
/// Whether the instruction set in use has products of bf16 pairs (AVX512-BF16).
bool multiplies_bf16_pairs() noexcept;

/// C (m, n) = A B, or C += A B, of float32 operands; of the two strides of each of A and B one
/// is 1. A value of C is a sum over k in order: its bits depend neither on the other rows nor on
/// the other columns.
struct F32MultiplyCall {
  int64_t m = 0, n = 0, k = 0;
  const float* a = nullptr;
  int64_t a_stride_m = 0, a_stride_k = 1;
  const float* b = nullptr;
  int64_t b_stride_k = 0, b_stride_n = 1;
  float* c = nullptr;
  int64_t c_stride = 0;
  bool accumulate = false;
  float* scratch = nullptr;  // f32_multiply_scratch floats; fastest on a cache line
};
void f32_multiply(const F32MultiplyCall& call) noexcept;
/// For any m.
int64_t f32_multiply_scratch(int64_t n, int64_t k) noexcept;

/// dst(c, r) = src(r, c), in tiles; strides from row to row.
void transpose_f32(const float* src, int64_t src_stride, int64_t rows, int64_t cols, float* dst,
                   int64_t dst_stride) noexcept;

/// Noise of one item: normals as rng_key.h's fill_normal (same bits), or uniforms.
void fill_normal_rows(RngKey key, const int64_t* items, int64_t num_items, uint32_t epoch,
                      uint32_t first_block, int64_t cols, float* dst, int64_t dst_stride) noexcept;
void fill_uniform_rows(RngKey key, const int64_t* items, int64_t num_items, uint32_t epoch,
                       uint32_t first_block, int64_t cols, float* dst, int64_t dst_stride) noexcept;

/// dst = relu(src + bias of the column).
struct BiasReluCall {
  int64_t rows = 0, cols = 0;
  const float* src = nullptr;
  int64_t src_stride = 0;
  const float* bias = nullptr;
  float* dst = nullptr;
  int64_t dst_stride = 0;
};
void bias_relu(const BiasReluCall& call) noexcept;

/// Windows of dense images one behind the other (operation patches), or such windows added up to
/// images (fold), window by window in a fixed order.
struct WindowsCall {
  Windows windows = {};
  int64_t images = 1;  // instead of those of `windows`
  const float* src = nullptr;
  float* dst = nullptr;
};
void copy_windows(const WindowsCall& call) noexcept;
void add_windows(const WindowsCall& call) noexcept;

/// The windows of copy_windows, rounded to bf16 as rows_to_bf16 does: as rows, `stride` values from
/// one to the next, or, as the rows of a B, in the layout of pack_bf16_pairs with strips of
/// kBf16Strip columns `stride` values apart, zeros in rows up to `padded_rows` (even) and in
/// columns up to a whole strip.
struct Bf16WindowsCall {
  Windows windows = {};
  int64_t images = 1;  // instead of those of `windows`
  const float* src = nullptr;
  uint16_t* dst = nullptr;
  int64_t stride = 0, padded_rows = 0;
  float* scratch = nullptr;  // windows_scratch floats
};
int64_t windows_scratch(const Windows& w) noexcept;
void windows_to_bf16(const Bf16WindowsCall& call) noexcept;
void pack_windows_to_bf16(const Bf16WindowsCall& call) noexcept;

/// Bernoulli with logits, loss and gradient in one pass (one exp and one reciprocal per value; the
/// logs of a row's factors as logs of products of up to 64 factors per lane):
///   nll[r] = sum_c softplus(t) - x t,   gradient(r, c) = scale * (sigmoid(t) - x),
/// where t is the logit, plus the bias of its column if there is one.
struct BernoulliCall {
  int64_t rows = 0, cols = 0;
  const float* logits = nullptr;
  int64_t logits_stride = 0;
  const float* bias = nullptr;  // (cols), or none
  const float* x = nullptr;
  int64_t x_stride = 0;
  float scale = 1;
  float* log_prob = nullptr;  // (rows), -nll
  float* gradient = nullptr;  // of nll, times scale
  int64_t gradient_stride = 0;
};
void bernoulli_log_prob_and_gradient(const BernoulliCall& call) noexcept;
/// The same with the rows of x that load_rows(x) would give, read where they are stored: uint8, one
/// shift and scale for all columns.
void bernoulli_log_prob_and_gradient(const BernoulliCall& call, const LoadCall& x) noexcept;

/// Adam on rows x cols values: m, v, w updated in place from the gradient g.
///   m = (1 - rest1) m + rest1 g;  v = (1 - rest2) v + rest2 g^2, rest = 1 - beta: a beta near 1,
///   rounded to float32, would not give it back
///   w = w - rate * (m * correction1) / (sqrt(v * correction2) + epsilon) - decay * w
struct AdamCall {
  int64_t rows = 1, cols = 0;
  int64_t gradient_stride = 0, stride = 0;  // from row to row; m, v and w lie alike
  const float* gradient = nullptr;
  float* m = nullptr;
  float* v = nullptr;
  float* w = nullptr;
  float rest1 = 0.1f, rest2 = 0.001f, epsilon = 1e-8f;
  float rate = 0, correction1 = 1, correction2 = 1, decay = 0;
};
void adam_update(const AdamCall& call) noexcept;

/// Sum of squares in float64, fixed order.
double sum_of_squares(const float* src, int64_t count) noexcept;
/// True if all values are finite.
bool all_finite(const float* src, int64_t count) noexcept;

/// "AVX-512", "AVX2", "plain": the instruction set in use.
std::string_view instruction_set_name();
/// What the processor and the operating system offer; virtual machines may lie about AMX.
InstructionSet processor_instructions();
/// Kernels use none beyond these from now on; called before the first of them runs.
void restrict_instructions(InstructionSet usable);
/// Whether AVX512-BF16 may be used, if the processor has it.
bool may_use_avx512_bf16() noexcept;

}  // namespace isthmus
