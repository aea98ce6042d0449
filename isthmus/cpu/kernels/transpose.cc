// SPDX-License-Identifier: Apache-2.0
// A float32 matrix with rows and columns exchanged, in tiles.
#include <xmmintrin.h>

#include <algorithm>

#include "isthmus/cpu/kernels/kernels.h"

namespace isthmus {
namespace {

void transpose_four(const float* src, int64_t src_stride, float* dst, int64_t dst_stride) {
  __m128 a = _mm_loadu_ps(src), b = _mm_loadu_ps(src + src_stride),
         c = _mm_loadu_ps(src + 2 * src_stride), d = _mm_loadu_ps(src + 3 * src_stride);
  _MM_TRANSPOSE4_PS(a, b, c, d);
  _mm_storeu_ps(dst, a);
  _mm_storeu_ps(dst + dst_stride, b);
  _mm_storeu_ps(dst + 2 * dst_stride, c);
  _mm_storeu_ps(dst + 3 * dst_stride, d);
}

}  // namespace

void transpose_f32(const float* src, int64_t src_stride, int64_t rows, int64_t cols, float* dst,
                   int64_t dst_stride) noexcept {
  constexpr int64_t kTile = 16;
  for (int64_t c0 = 0; c0 < cols; c0 += kTile) {
    const int64_t c1 = std::min(cols, c0 + kTile);
    for (int64_t r0 = 0; r0 < rows; r0 += kTile) {
      const int64_t r1 = std::min(rows, r0 + kTile);
      if (c1 - c0 == kTile && r1 - r0 == kTile) {
        for (int64_t at = 0; at < kTile * kTile / 16; ++at) {
          const int64_t c = c0 + at / 4 * 4, r = r0 + at % 4 * 4;
          transpose_four(src + r * src_stride + c, src_stride, dst + c * dst_stride + r,
                         dst_stride);
        }
        continue;
      }
      for (int64_t c = c0; c < c1; ++c) {
        for (int64_t r = r0; r < r1; ++r) dst[c * dst_stride + r] = src[r * src_stride + c];
      }
    }
  }
}

}  // namespace isthmus
