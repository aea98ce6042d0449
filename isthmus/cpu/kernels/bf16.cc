// SPDX-License-Identifier: Apache-2.0
// float32 rows to bf16 rows, transposed rows and pairs of rows: the operand layouts of the matrix
// products, written where the rows are made. Packed weights are in bf16_pack.cc.
#include "isthmus/cpu/kernels/bf16_plain.h"
#include "isthmus/cpu/kernels/kernels.h"
#include "isthmus/cpu/kernels/targets.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "isthmus/cpu/kernels/bf16.cc"
#include "hwy/foreach_target.h"  // compiles the rest of this file per instruction set
#include "hwy/highway.h"
#include "isthmus/cpu/kernels/bf16_lanes.h"

HWY_BEFORE_NAMESPACE();
namespace isthmus {
namespace HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;

#if ISTHMUS_PLAIN_TARGET

void cast_rows(const float* src, int64_t src_stride, int64_t rows, int64_t cols, uint16_t* dst,
               int64_t dst_stride, int64_t pad_cols) {
  bf16_plain::rows(src, src_stride, rows, cols, dst, dst_stride, pad_cols);
}
void cast_transposed(const float* src, int64_t src_stride, int64_t rows, int64_t cols,
                     uint16_t* dst, int64_t dst_stride, int64_t padded_rows) {
  bf16_plain::transposed(src, src_stride, rows, cols, dst, dst_stride, padded_rows);
}
void cast_pairs(const float* src, int64_t src_stride, int64_t rows, int64_t cols, uint16_t* dst,
                int64_t dst_stride) {
  bf16_plain::pairs(src, src_stride, rows, cols, dst, dst_stride);
}

#else

constexpr int64_t kLanes = hn::MaxLanes(FloatTag());

template <class Rounding>
void cast_rows_by(const float* src, int64_t src_stride, int64_t rows, int64_t cols, uint16_t* dst,
                  int64_t dst_stride, int64_t pad_cols) {
  for (int64_t r = 0; r < rows; ++r) {
    uint16_t* row = dst + r * dst_stride;
    cast_row<Rounding>(src + r * src_stride, cols, row);
    if (pad_cols > 0) std::memset(row + cols, 0, static_cast<size_t>(pad_cols) * sizeof(uint16_t));
  }
}

template <class Rounding>
void cast_last_row(const float* src, int64_t cols, uint16_t* dst) {
  const FloatTag d;
  for (int64_t c = 0; c < cols; c += kLanes) {
    const int64_t width = cols - c < kLanes ? cols - c : kLanes;
    const auto words = Rounding::pairs(load_up_to(src + c, width), hn::Zero(d));
    store_bf16_partial(words, dst + 2 * c, 2 * static_cast<size_t>(width));
  }
}

template <class Rounding>
void cast_pairs_by(const float* src, int64_t src_stride, int64_t rows, int64_t cols, uint16_t* dst,
                   int64_t dst_stride) {
  for (int64_t r = 0; r + 1 < rows; r += 2) {
    const float* low = src + r * src_stride;
    cast_pair<Rounding>(low, low + src_stride, cols, dst + (r / 2) * dst_stride);
  }
  if (rows % 2 != 0) {
    cast_last_row<Rounding>(src + (rows - 1) * src_stride, cols, dst + (rows / 2) * dst_stride);
  }
}

/// Eight rows (fewer at the end: zeros) of kLanes columns, as words of row pairs, transposed.
template <class Rounding>
HWY_INLINE void load_eight_rows(const float* src, int64_t src_stride, int64_t rows, int64_t width,
                                WordVec (&v)[4]) {
  const FloatTag d;
  const bool whole = rows >= 8 && width == kLanes;
  for (int64_t i = 0; i < 4; ++i) {
    const float* low = src + 2 * i * src_stride;
    const float* high = low + src_stride;
    const FloatVec a = whole ? hn::LoadU(d, low) : load_up_to(low, 2 * i < rows ? width : 0);
    const FloatVec b = whole ? hn::LoadU(d, high) : load_up_to(high, 2 * i + 1 < rows ? width : 0);
    v[i] = Rounding::pairs(a, b);
  }
  transpose_blocks(v);
}

/// The slow form for edges: `width` columns of `height` <= 8 values.
void store_edge(const WordVec (&v)[4], int64_t width, int64_t height, uint16_t* dst,
                int64_t dst_stride) {
  HWY_ALIGN uint32_t words[4 * kLanes];
  for (int64_t j = 0; j < 4; ++j) hn::Store(v[j], WordTag(), words + j * kLanes);
  for (int64_t c = 0; c < width; ++c) {
    const uint32_t* block = words + (c % 4) * kLanes + (c / 4) * 4;
    std::memcpy(dst + c * dst_stride, block, static_cast<size_t>(height) * sizeof(uint16_t));
  }
}

template <class Rounding>
void cast_transposed_by(const float* src, int64_t src_stride, int64_t rows, int64_t cols,
                        uint16_t* dst, int64_t dst_stride, int64_t padded_rows) {
  for (int64_t c = 0; c < cols; c += kLanes) {
    const int64_t width = cols - c < kLanes ? cols - c : kLanes;
    for (int64_t r = 0; r < padded_rows; r += 8) {
      WordVec v[4];
      load_eight_rows<Rounding>(src + r * src_stride + c, src_stride, rows - r, width, v);
      uint16_t* to = dst + c * dst_stride + r;
      if (width == kLanes && padded_rows - r >= 8) {
        for (int64_t j = 0; j < 4; ++j) {
          store_blocks(WordTag(), v[j], to + j * dst_stride, 4 * dst_stride);
        }
      } else {
        store_edge(v, width, padded_rows - r < 8 ? padded_rows - r : 8, to, dst_stride);
      }
    }
  }
}

void cast_rows(const float* src, int64_t src_stride, int64_t rows, int64_t cols, uint16_t* dst,
               int64_t dst_stride, int64_t pad_cols) {
  const auto cast =
      has_avx512_bf16() ? cast_rows_by<HardwareRounding> : cast_rows_by<IntegerRounding>;
  cast(src, src_stride, rows, cols, dst, dst_stride, pad_cols);
}
void cast_transposed(const float* src, int64_t src_stride, int64_t rows, int64_t cols,
                     uint16_t* dst, int64_t dst_stride, int64_t padded_rows) {
  const auto cast = has_avx512_bf16() ? cast_transposed_by<HardwareRounding>
                                      : cast_transposed_by<IntegerRounding>;
  cast(src, src_stride, rows, cols, dst, dst_stride, padded_rows);
}
void cast_pairs(const float* src, int64_t src_stride, int64_t rows, int64_t cols, uint16_t* dst,
                int64_t dst_stride) {
  const auto cast =
      has_avx512_bf16() ? cast_pairs_by<HardwareRounding> : cast_pairs_by<IntegerRounding>;
  cast(src, src_stride, rows, cols, dst, dst_stride);
}

#endif

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace isthmus
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace isthmus {

HWY_EXPORT(cast_rows);
HWY_EXPORT(cast_transposed);
HWY_EXPORT(cast_pairs);

void rows_to_bf16(const float* src, int64_t src_stride, int64_t rows, int64_t cols, uint16_t* dst,
                  int64_t dst_stride, int64_t pad_cols) noexcept {
  HWY_DYNAMIC_DISPATCH(cast_rows)(src, src_stride, rows, cols, dst, dst_stride, pad_cols);
}
void rows_to_bf16_transposed(const float* src, int64_t src_stride, int64_t rows, int64_t cols,
                             uint16_t* dst, int64_t dst_stride, int64_t padded_rows) noexcept {
  HWY_DYNAMIC_DISPATCH(cast_transposed)
  (src, src_stride, rows, cols, dst, dst_stride, padded_rows);
}
void rows_to_bf16_pairs(const float* src, int64_t src_stride, int64_t rows, int64_t cols,
                        uint16_t* dst, int64_t dst_stride) noexcept {
  HWY_DYNAMIC_DISPATCH(cast_pairs)(src, src_stride, rows, cols, dst, dst_stride);
}

}  // namespace isthmus
#endif
