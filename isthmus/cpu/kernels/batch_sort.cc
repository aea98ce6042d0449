// SPDX-License-Identifier: Apache-2.0
// Sorting columns over the batch, and the table of the batch-wise kernels. A value and its row make
// one whole number, whose order is that of the values and then of the rows.
#include <algorithm>
#include <array>
#include <bit>
#include <utility>

#include "isthmus/cpu/kernels/batch.h"

namespace isthmus {
namespace {

constexpr int64_t kSortColumns = 8;

/// Increases with the value; -0 as 0.
uint32_t ordered_bits(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value + 0.0f);
  return (bits & 0x80000000u) != 0 ? ~bits : bits | 0x80000000u;
}

constexpr int64_t kFewRows = 64;
constexpr int kDigits = 4;  // of the value, of eight bits each

/// By the upper half, rows in their order where it is equal: least digit first, from one array into
/// the other and back. Returns the one that holds the result.
uint64_t* sort_by_digits(uint64_t* keys, uint64_t* other, int64_t count) {
  std::array<std::array<uint32_t, 256>, kDigits> starts{};
  const auto digit_of = [](uint64_t key, int d) { return key >> (32 + 8 * d) & 0xff; };
  for (int64_t r = 0; r < count; ++r) {
    for (int d = 0; d < kDigits; ++d) ++starts[static_cast<size_t>(d)][digit_of(keys[r], d)];
  }
  for (int d = 0; d < kDigits; ++d) {
    auto& start = starts[static_cast<size_t>(d)];
    if (start[digit_of(keys[0], d)] == static_cast<uint32_t>(count)) continue;
    uint32_t before = 0;
    for (uint32_t& place : start) before += std::exchange(place, before);
    for (int64_t r = 0; r < count; ++r) other[start[digit_of(keys[r], d)]++] = keys[r];
    std::swap(keys, other);
  }
  return keys;
}

/// The rows of column `col` in the order of their values, in the low halves of the result.
std::span<const uint64_t> order_of(const BatchCall& call, int64_t col) {
  auto* keys = reinterpret_cast<uint64_t*>(call.scratch);
  const BatchCall::Input& x = call.in[0];
  for (int64_t r = 0; r < call.batch_rows; ++r) {
    keys[r] = uint64_t{ordered_bits(x.data[r * x.stride + col])} << 32 | static_cast<uint64_t>(r);
  }
  const auto count = static_cast<size_t>(call.batch_rows);
  if (call.batch_rows > kFewRows) {
    return {sort_by_digits(keys, keys + count, call.batch_rows), count};
  }
  std::sort(keys, keys + count);
  return {keys, count};
}

int64_t row_of(uint64_t key) { return static_cast<int64_t>(key & 0xffffffffu); }

int64_t pair_floats(int64_t, int64_t cols) { return 2 * kPairRows * cols; }
int64_t sort_floats(int64_t max_rows, int64_t) { return 4 * max_rows; }

}  // namespace

void batch_sort_rows(const BatchCall& call) noexcept {
  const BatchCall::Input& x = call.in[0];
  for (int64_t c = call.first; c < call.end; ++c) {
    float* dst = call.dst + c;
    uint32_t* order = call.order + c * call.order_stride;
    for (uint64_t key : order_of(call, c)) {
      *dst = x.data[row_of(key) * x.stride + c];
      dst += call.dst_stride;
      if (call.order != nullptr) *order++ = static_cast<uint32_t>(row_of(key));
    }
  }
}

void batch_sort_rows_gradient(const BatchCall& call) noexcept {
  for (int64_t c = call.first; c < call.end; ++c) {
    const float* dy = call.in[1].data + c;
    if (call.order != nullptr) {
      const uint32_t* order = call.order + c * call.order_stride;
      for (int64_t k = 0; k < call.batch_rows; ++k) {
        call.dst[order[k] * call.dst_stride + c] = dy[k * call.in[1].stride];
      }
      continue;
    }
    for (uint64_t key : order_of(call, c)) {
      call.dst[row_of(key) * call.dst_stride + c] = *dy;
      dy += call.in[1].stride;
    }
  }
}

const BatchKernel* find_batch_kernel(std::string_view op) {
  static constexpr BatchKernel kTable[] = {
      {"kernel_sum", batch_kernel_sum, false, kPairRows, pair_floats, {}, {}, true},
      {"kernel_sum_gradient",
       batch_kernel_sum_gradient,
       false,
       kPairRows,
       pair_floats,
       {},
       "kernel_sum"},
      {"pair_logsumexp", batch_pair_logsumexp, false, kPairRows, pair_floats},
      {"pair_logsumexp_gradient", batch_pair_logsumexp_gradient, false, kPairRows, pair_floats},
      {"sort_rows", batch_sort_rows, true, kSortColumns, sort_floats},
      {"sort_rows_gradient", batch_sort_rows_gradient, true, kSortColumns, sort_floats,
       "sort_rows"},
  };
  for (const BatchKernel& kernel : kTable) {
    if (kernel.op == op) return &kernel;
  }
  return nullptr;
}

}  // namespace isthmus
