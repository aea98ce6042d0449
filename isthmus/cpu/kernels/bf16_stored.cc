// SPDX-License-Identifier: Apache-2.0
// Stored bytes to bf16 operands without float32 in between: rows, and columns of rows. Columns are
// made of bytes first, which move four times as fast as floats.
#include "isthmus/cpu/kernels/bf16_plain.h"
#include "isthmus/cpu/kernels/kernels.h"
#include "isthmus/cpu/kernels/targets.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "isthmus/cpu/kernels/bf16_stored.cc"
#include "hwy/foreach_target.h"  // compiles the rest of this file per instruction set
#include "hwy/highway.h"
#include "isthmus/cpu/kernels/bf16_lanes.h"
#include "isthmus/cpu/kernels/stored_rows.h"

HWY_BEFORE_NAMESPACE();
namespace isthmus {
namespace HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;

constexpr int64_t kSide = 16;           // bytes of a square that is transposed in registers
constexpr int64_t kHeight = 2 * kSide;  // items of one pass: one cache line of bf16 values

/// dst[c * kHeight + r] = byte c of row r, for kSide rows and columns.
void transpose_square(const uint8_t* const* rows, int64_t first_col, uint8_t* dst) {
#if ISTHMUS_PLAIN_TARGET
  for (int64_t r = 0; r < kSide; ++r) {
    for (int64_t c = 0; c < kSide; ++c) dst[c * kHeight + r] = rows[r][first_col + c];
  }
#else
  // Four perfect shuffles of the sixteen rows transpose them.
  const hn::Full128<uint8_t> d;
  hn::Vec<decltype(d)> v[kSide], next[kSide];
  for (int64_t r = 0; r < kSide; ++r) v[r] = hn::LoadU(d, rows[r] + first_col);
  for (int round = 0; round < 4; ++round) {
    for (int64_t r = 0; r < kSide / 2; ++r) {
      next[2 * r] = hn::InterleaveLower(d, v[r], v[r + kSide / 2]);
      next[2 * r + 1] = hn::InterleaveUpper(d, v[r], v[r + kSide / 2]);
    }
    for (int64_t r = 0; r < kSide; ++r) v[r] = next[r];
  }
  for (int64_t c = 0; c < kSide; ++c) hn::StoreU(v[c], d, dst + c * kHeight);
#endif
}

#if ISTHMUS_PLAIN_TARGET
using HardwareRounding = void;
using IntegerRounding = void;
bool has_avx512_bf16() { return false; }

template <class Rounding>
void bytes_to_bf16(const uint8_t* src, float shift, float scale, int64_t cols, uint16_t* dst) {
  for (int64_t c = 0; c < cols; ++c) {
    dst[c] = bf16_plain::to_bf16((static_cast<float>(src[c]) - shift) * scale);
  }
}
#else
template <class Rounding>
HWY_INLINE void bytes_to_bf16(const uint8_t* src, float shift, float scale, int64_t cols,
                              uint16_t* dst) {
  const FloatTag d;
  constexpr int64_t kLanes = hn::MaxLanes(FloatTag());
  const auto shifts = hn::Set(d, shift), scales = hn::Set(d, scale);
  const auto scaled = [&](FloatVec v) { return hn::Mul(hn::Sub(v, shifts), scales); };
  int64_t c = 0;
  for (; c + 2 * kLanes <= cols; c += 2 * kLanes) {
    const auto first = scaled(load_values(src + c));
    store_bf16(Rounding::row(first, scaled(load_values(src + c + kLanes))), dst + c);
  }
  for (; c < cols; c += kLanes) {
    const auto rest = static_cast<size_t>(cols - c < kLanes ? cols - c : kLanes);
    const auto last = scaled(load_values(src + c, rest));
    store_bf16_partial(Rounding::row(last, last), dst + c, rest);
  }
}
#endif

template <class Rounding>
void rows_by(const LoadCall& call, uint16_t* dst, int64_t dst_stride) {
  const auto* base = static_cast<const uint8_t*>(call.base);
  for (int64_t r = 0; r < call.rows; ++r) {
    uint16_t* row = dst + r * dst_stride;
    if (r >= call.num_items) {
      std::memset(row, 0, static_cast<size_t>(call.cols) * sizeof(uint16_t));
      continue;
    }
    prefetch_ahead(call, base, r);
    bytes_to_bf16<Rounding>(base + call.items[r] * call.base_stride, call.shift[0], call.scale[0],
                            call.cols, row);
  }
}

/// Up to kHeight items from the call's item `first` on.
template <class Rounding>
void columns_of(const LoadCall& call, int64_t first, uint16_t* dst, int64_t dst_stride) {
  const auto* base = static_cast<const uint8_t*>(call.base);
  const int64_t valid = call.num_items - first < kHeight ? call.num_items - first : kHeight;
  const uint8_t* rows[kHeight];
  for (int64_t r = 0; r < kHeight; ++r) {
    const int64_t item = first + (r < valid ? r : valid - 1);
    if (r < valid) prefetch_ahead(call, base, item);
    rows[r] = base + call.items[item] * call.base_stride;
  }
  HWY_ALIGN uint8_t bytes[kSide * kHeight];
  for (int64_t c = 0; c < call.cols; c += kSide) {
    const int64_t width = call.cols - c < kSide ? call.cols - c : kSide;
    if (width == kSide) {
      transpose_square(rows, c, bytes);
      transpose_square(rows + kSide, c, bytes + kSide);
    } else {
      for (int64_t r = 0; r < kHeight; ++r) {
        for (int64_t k = 0; k < width; ++k) bytes[k * kHeight + r] = rows[r][c + k];
      }
    }
    for (int64_t k = 0; k < width; ++k) {
      bytes_to_bf16<Rounding>(bytes + k * kHeight, call.shift[0], call.scale[0], valid,
                              dst + (c + k) * dst_stride);
    }
  }
}

template <class Rounding>
void columns_by(const LoadCall& call, uint16_t* dst, int64_t dst_stride) {
  for (int64_t r = 0; r < call.num_items; r += kHeight) {
    columns_of<Rounding>(call, r, dst + r, dst_stride);
  }
  if (call.rows <= call.num_items) return;
  const auto missing = static_cast<size_t>(call.rows - call.num_items) * sizeof(uint16_t);
  for (int64_t c = 0; c < call.cols; ++c) {
    std::memset(dst + c * dst_stride + call.num_items, 0, missing);
  }
}

void stored_rows(const LoadCall& call, uint16_t* dst, int64_t dst_stride) {
  const auto by = has_avx512_bf16() ? rows_by<HardwareRounding> : rows_by<IntegerRounding>;
  by(call, dst, dst_stride);
}
void stored_columns(const LoadCall& call, uint16_t* dst, int64_t dst_stride) {
  const auto by = has_avx512_bf16() ? columns_by<HardwareRounding> : columns_by<IntegerRounding>;
  by(call, dst, dst_stride);
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace isthmus
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace isthmus {

HWY_EXPORT(stored_rows);
HWY_EXPORT(stored_columns);

void stored_to_bf16(const LoadCall& call, uint16_t* dst, int64_t dst_stride) noexcept {
  HWY_DYNAMIC_DISPATCH(stored_rows)(call, dst, dst_stride);
}
void stored_to_bf16_transposed(const LoadCall& call, uint16_t* dst, int64_t dst_stride) noexcept {
  HWY_DYNAMIC_DISPATCH(stored_columns)(call, dst, dst_stride);
}

}  // namespace isthmus
#endif
