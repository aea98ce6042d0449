// SPDX-License-Identifier: Apache-2.0
// One matrix product of fixed shape, on one thread.
//
//   C (M, N) = A (M, K) B (K, N), or C += A B.   C is float32; A and B are float32 or bf16.
//
// Kernels are our own: float32 on vectors (kernels/f32_multiply.cc), bf16 on AMX tiles (amx/) or on
// vectors (kernels/bf16_multiply.cc), so that every shape runs everywhere. Created once, a product
// may be executed by several threads at once, each with its own scratch. The bits of a value of C
// depend on its row of A and its column of B alone. bf16 wants B packed (kernels/bf16_pack.cc) and
// A in rows of `row_stride` values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace isthmus {

struct MatmulSpec {
  int64_t m = 0, n = 0, k = 0;
  bool bf16 = false;
  int64_t a_stride_m = 0, a_stride_k = 1;  // one of them is 1; bf16: row_stride(k) and 1
  /// B in plain float32 with these strides, or (bf16) packed: see MatmulPacking.
  int64_t b_stride_k = 0, b_stride_n = 1;
  int64_t c_stride_m = 0;
  bool accumulate = false;
  bool operator==(const MatmulSpec&) const = default;
};

/// Layout of a packed B: blocks of `block_n` columns, pairs along K interleaved, K padded with
/// zeros to `padded_k`. Value (k, n) is at (n / block_n) * block_stride + (k / 2) * 2 * block_n +
/// 2 * (n % block_n) + k % 2.
struct MatmulPacking {
  int64_t block_n = 0, padded_k = 0, block_stride = 0, num_values = 0;
  bool operator==(const MatmulPacking&) const = default;
  /// Of a B of (k, n): the same for every processor and M.
  static MatmulPacking of(int64_t n, int64_t k);
};

class Matmul {
 public:
  explicit Matmul(const MatmulSpec& spec);
  ~Matmul();
  Matmul(Matmul&&) noexcept;
  Matmul& operator=(Matmul&&) noexcept;

  /// Values from one row of a bf16 A to the next: an odd number of cache lines, so that the rows of
  /// a block fall into different sets of the L1 cache. Those behind the K of the row must be zero.
  static int64_t row_stride(int64_t k);

  const MatmulSpec& spec() const { return spec_; }
  const MatmulPacking& packing() const { return packing_; }  // bf16 only
  int64_t scratch_floats() const;
  const std::string& kernel_name() const { return kernel_name_; }

  /// `scratch`: scratch_floats, of the thread alone.
  void run(const void* a, const void* b, float* c, float* scratch) const noexcept;

 private:
  struct State;
  MatmulSpec spec_;
  MatmulPacking packing_;
  std::string kernel_name_;
  std::unique_ptr<State> state_;
};

}  // namespace isthmus
