// SPDX-License-Identifier: Apache-2.0
// The bf16 layouts as plain loops, for machines without vectors worth the name. The vector versions
// in bf16.cc and bf16_pack.cc write the same bits.
#pragma once

#include <bit>
#include <cstdint>

#include "isthmus/cpu/kernels/kernels.h"

namespace isthmus::bf16_plain {

/// Round to nearest, ties to even; NaN becomes the quiet NaN.
inline uint16_t to_bf16(float x) {
  const uint32_t bits = std::bit_cast<uint32_t>(x);
  if (x != x) return 0x7fc0;
  return static_cast<uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

inline void rows(const float* src, int64_t src_stride, int64_t rows, int64_t cols, uint16_t* dst,
                 int64_t dst_stride, int64_t pad_cols) {
  for (int64_t r = 0; r < rows; ++r) {
    uint16_t* out = dst + r * dst_stride;
    for (int64_t c = 0; c < cols; ++c) out[c] = to_bf16(src[r * src_stride + c]);
    for (int64_t c = cols; c < cols + pad_cols; ++c) out[c] = 0;
  }
}

inline void transposed(const float* src, int64_t src_stride, int64_t rows, int64_t cols,
                       uint16_t* dst, int64_t dst_stride, int64_t padded_rows) {
  for (int64_t c = 0; c < cols; ++c) {
    uint16_t* out = dst + c * dst_stride;
    for (int64_t r = 0; r < rows; ++r) out[r] = to_bf16(src[r * src_stride + c]);
    for (int64_t r = rows; r < padded_rows; ++r) out[r] = 0;
  }
}

inline void pairs(const float* src, int64_t src_stride, int64_t rows, int64_t cols, uint16_t* dst,
                  int64_t dst_stride) {
  for (int64_t r = 0; r < rows + rows % 2; ++r) {
    uint16_t* out = dst + (r / 2) * dst_stride + r % 2;
    for (int64_t c = 0; c < cols; ++c) out[2 * c] = r < rows ? to_bf16(src[r * src_stride + c]) : 0;
  }
}

inline void pack(const PackCall& p) {
  for (int64_t b = p.first_block; b < p.end_block; ++b) {
    for (int64_t k = p.first_k; k < p.end_k; ++k) {
      uint16_t* out = p.dst + b * p.block_stride + (k / 2) * 2 * p.block_n + k % 2;
      for (int64_t i = 0; i < p.block_n; ++i) {
        const int64_t n = b * p.block_n + i;
        const bool inside = k < p.num_k && n < p.num_n;
        out[2 * i] = inside ? to_bf16(p.src[k * p.k_stride + n * p.n_stride]) : 0;
      }
    }
  }
}

}  // namespace isthmus::bf16_plain
