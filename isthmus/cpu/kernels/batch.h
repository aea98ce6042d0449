// SPDX-License-Identifier: Apache-2.0
// Kernels of batch-wise operations: an output per row that reads all valid rows of the batch.
//
// A call computes some rows (or some columns) of the output; each value is computed by the same
// operations in the same order wherever the cut lies, so it may lie anywhere. No kernel allocates,
// throws or calls libm. Rows beyond the batch are neither read nor written.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace isthmus {

inline constexpr size_t kMostScales = 8;

/// The sum over some scales C of C / (C + r), and of 2 C / (C + r)^2, as fractions of polynomials:
/// see batch_kernel_sum.cc. Coefficients from the lowest power on.
struct ImqFraction {
  float least = 0;  // of the scales
  int count = 0;    // of scales, and of coefficients
  std::array<float, kMostScales> below = {}, values = {};
  std::array<float, 2 * kMostScales - 1> slopes = {};
};
std::vector<ImqFraction> imq_fractions(std::vector<double> scales);

struct BatchCall {
  struct Input {
    const float* data = nullptr;
    int64_t stride = 0;  // from row to row
  };
  int64_t batch_rows = 0;      // valid rows
  int64_t first = 0, end = 0;  // rows or columns of the output, as the kernel is cut
  int64_t cols = 0;            // of the first input
  std::array<Input, 5> in = {};
  float* dst = nullptr;
  int64_t dst_stride = 0;
  bool is_rbf = false;  // kernel_sum: else imq
  bool exclude_self = false;
  /// kernel_sum of a value with itself: row i has twice its pairs with later rows, so that the sum
  /// over all rows is what it must be.
  bool halved = false;
  bool of_first = true, of_second = true;  // kernel_sum_gradient: whose gradients are summed
  std::span<const float> scales;           // of rbf
  std::span<const ImqFraction> fractions;  // of imq
  float* sums = nullptr;                   // kernel_sum_gradient: kernel_sum goes here as well
  int64_t sums_stride = 0;
  /// sort_rows: the rows of each column in the order of their values go here as well;
  /// sort_rows_gradient: there they are, nothing is sorted.
  uint32_t* order = nullptr;
  int64_t order_stride = 0;  // from column to column
  float* scratch = nullptr;  // scratch_floats values
};

struct BatchKernel {
  std::string_view op;
  void (*run)(const BatchCall&) noexcept;
  bool by_columns = false;
  int64_t step = 1;  // rows or columns of one task
  int64_t (*scratch_floats)(int64_t max_rows, int64_t cols);
  /// Works with the order that this operation leaves of the same value.
  std::string_view takes_order_of = {};
  /// Visits the pairs of this operation of the same values and can leave its result, too.
  std::string_view leaves = {};
  bool can_halve = false;  // see BatchCall::halved
};

/// nullptr if there is none.
const BatchKernel* find_batch_kernel(std::string_view op);

// What the table is made of: by the name of the operation.
inline constexpr int64_t kPairRows = 64;   // rows of one task
inline constexpr int64_t kPairGroup = 16;  // rows of the second factor at a time
void batch_kernel_sum(const BatchCall& call) noexcept;
void batch_kernel_sum_gradient(const BatchCall& call) noexcept;
void batch_pair_logsumexp(const BatchCall& call) noexcept;
void batch_pair_logsumexp_gradient(const BatchCall& call) noexcept;
void batch_sort_rows(const BatchCall& call) noexcept;
void batch_sort_rows_gradient(const BatchCall& call) noexcept;

}  // namespace isthmus
