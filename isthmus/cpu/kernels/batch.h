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

namespace isthmus {

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
  bool of_first = true, of_second = true;  // kernel_sum_gradient: whose gradients are summed
  std::span<const float> scales;           // kernel_sum
  float* scratch = nullptr;                // scratch_floats values
};

struct BatchKernel {
  std::string_view op;
  void (*run)(const BatchCall&) noexcept;
  bool by_columns = false;
  int64_t step = 1;  // rows or columns of one task
  int64_t (*scratch_floats)(int64_t max_rows, int64_t cols);
};

/// nullptr if there is none.
const BatchKernel* find_batch_kernel(std::string_view op);

// What the table is made of: by the name of the operation.
inline constexpr int64_t kPairTile = 64;  // rows of the second factor at a time
inline constexpr int64_t kPairRows = 32;  // rows of one task
void batch_kernel_sum(const BatchCall& call) noexcept;
void batch_kernel_sum_gradient(const BatchCall& call) noexcept;
void batch_pair_logsumexp(const BatchCall& call) noexcept;
void batch_pair_logsumexp_gradient(const BatchCall& call) noexcept;
void batch_sort_rows(const BatchCall& call) noexcept;
void batch_sort_rows_gradient(const BatchCall& call) noexcept;

}  // namespace isthmus
