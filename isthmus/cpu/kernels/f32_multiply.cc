// SPDX-License-Identifier: Apache-2.0
// Products of float32 operands (Goto and van de Geijn 2008): a block of B is packed into strips of
// two vectors that stay in L2, a few rows of A go through it, and their sums with one strip stay in
// registers over the whole depth of the block.
#include <algorithm>

#include "isthmus/cpu/kernels/kernels.h"
#include "isthmus/cpu/kernels/targets.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "isthmus/cpu/kernels/f32_multiply.cc"
#include "hwy/foreach_target.h"  // compiles the rest of this file per instruction set
#include "hwy/highway.h"
#include "isthmus/cpu/kernels/block_sums.h"

#ifndef ISTHMUS_F32_MULTIPLY_SIZES_  // once, whatever the instruction set
#define ISTHMUS_F32_MULTIPLY_SIZES_
namespace isthmus {
namespace {

// Of a packed block of B: it stays in L2, one of its strips in L1.
constexpr int64_t kDepth = 256, kColumns = 256;
constexpr int64_t kMostStrip = 32;
// Panels of a transposed A that are packed at once, so that its rows are read by whole lines.
constexpr int64_t kPanels = 8, kMostHeight = 16;
// Values along K that stand farther apart fall into the same sets of the L1 cache: A is packed.
constexpr int64_t kNear = 64;
// One line between strips and panels: their equal rows must not fall into the same sets either.
constexpr int64_t kGap = 16;
constexpr int64_t kPanelFloats = kPanels * (kDepth * kMostHeight + kGap);
// Packing B for so few rows would take longer than their product: they read so many rows of B side
// by side where they are.
constexpr int64_t kFewRows = 8, kFewDepth = 16;
// Rows of B no longer than this lie as close as packed ones: it is read where it is.
constexpr int64_t kNarrow = 32;

}  // namespace
}  // namespace isthmus
#endif

HWY_BEFORE_NAMESPACE();
namespace isthmus {
namespace HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;

using FloatTag = hn::ScalableTag<float>;
constexpr int64_t kLanes = hn::MaxLanes(FloatTag());
constexpr int kVecs = 2;
constexpr int64_t kStrip = kVecs * kLanes;

// Rows of a block of C: enough sums in flight to hide the latency of the products, few enough to
// stay in registers (32, 16 and 16) beside the operands.
#if HWY_TARGET == HWY_AVX3
constexpr int kRows = 8;
#elif HWY_TARGET == HWY_AVX2
constexpr int kRows = 6;
#else
constexpr int kRows = 4;
#endif
static_assert(2 * kRows <= kMostHeight && kStrip <= kMostStrip);

struct Block {
  const float* a;
  int64_t a_stride_m, a_stride_k;
  const float* b;
  int64_t b_stride;  // from row to row of whole vectors
  BlockOfC c;
  int64_t depth;
  bool accumulate;
};

template <int kHeight, int kWidth>
void multiply_block(const Block& o) {
  const FloatTag d;
  FloatVec sums[kHeight][kWidth];
  begin_sums(o.c, o.accumulate, sums);
  const float* a = o.a;
  const float* b = o.b;
  for (int64_t k = 0; k < o.depth; ++k, a += o.a_stride_k, b += o.b_stride) {
    FloatVec columns[kWidth];
#pragma GCC unroll 16
    for (int v = 0; v < kWidth; ++v) columns[v] = hn::LoadU(d, b + v * kLanes);
#pragma GCC unroll 16
    for (int r = 0; r < kHeight; ++r) {
      const auto row = hn::Set(d, a[r * o.a_stride_m]);
#pragma GCC unroll 16
      for (int v = 0; v < kWidth; ++v) sums[r][v] = hn::MulAdd(row, columns[v], sums[r][v]);
    }
  }
  end_sums(o.c, sums);
}

template <int kHeight, int kWidth>
void multiply_height(int64_t height, const Block& o) {
  if (height == kHeight) return multiply_block<kHeight, kWidth>(o);
  if constexpr (kHeight > 1) multiply_height<kHeight - 1, kWidth>(height, o);
}

/// Columns [0, cols) of a strip; a narrow one is as high as two others.
void multiply_strip(int64_t height, int64_t cols, Block o) {
  if (cols <= kLanes) {
    o.c.last = static_cast<size_t>(cols);
    return multiply_height<2 * kRows, 1>(height, o);
  }
  o.c.last = static_cast<size_t>(cols - kLanes);
  multiply_height<kRows, kVecs>(height, o);
}

/// A rectangle of B into strips `stride` values apart, rows of a strip one behind the other.
void pack_strips(const F32MultiplyCall& call, const float* b, int64_t depth, int64_t cols,
                 float* dst, int64_t stride) {
  const FloatTag d;
  const int64_t whole = cols / kStrip * kStrip, rest = cols - whole;
  if (call.b_stride_n != 1) {
    for (int64_t col = 0; col < cols; col += kStrip, dst += stride) {
      const int64_t count = std::min(kStrip, cols - col);
      if (count < kStrip) std::fill_n(dst, depth * kStrip, 0.0f);
      transpose_f32(b + col * call.b_stride_n, call.b_stride_n, count, depth, dst, kStrip);
    }
    return;
  }
  // Strips in the inner loop: B is read along its rows, each of which may be a page of its own.
  for (int64_t k = 0; k < depth; ++k, b += call.b_stride_k, dst += kStrip) {
    float* to = dst;
    for (int64_t col = 0; col < whole; col += kStrip, to += stride) {
      for (int v = 0; v < kVecs; ++v) {
        hn::StoreU(hn::LoadU(d, b + col + v * kLanes), d, to + v * kLanes);
      }
    }
    if (rest == 0) continue;
    std::copy_n(b + whole, rest, to);
    std::fill_n(to + rest, kStrip - rest, 0.0f);
  }
}

/// Rows of a transposed A into panels of `height` rows, `stride` values apart, of which each row of
/// the panel is a value of A's K.
template <int kHeight>
void pack_panels(const F32MultiplyCall& call, const float* a, int64_t depth, int64_t rows,
                 float* dst, int64_t stride) {
  const int64_t whole = rows / kHeight * kHeight;
  for (int64_t k = 0; k < depth; ++k, a += call.a_stride_k, dst += kHeight) {
    float* to = dst;
    for (int64_t row = 0; row < whole; row += kHeight, to += stride) {
      std::memcpy(to, a + row, kHeight * sizeof(float));
    }
    for (int64_t row = whole; row < rows; ++row) to[row - whole] = a[row];
  }
}

/// A rectangle of B: columns from `col` on, rows from `k` on.
struct BlockOfB {
  int64_t col, k, cols, depth;
};

/// Whole strips of a B that is read where it is, `depth` of its rows side by side. Returns the
/// columns that are done.
int64_t multiply_in_place(const F32MultiplyCall& call, int64_t depth) {
  constexpr int kWide = 4;
  const int64_t end_col = call.n / kStrip * kStrip;
  Block o{.a_stride_m = call.a_stride_m, .a_stride_k = call.a_stride_k};
  o.b_stride = call.b_stride_k;
  o.c.stride = call.c_stride;
  o.c.last = kLanes;
  for (int64_t k = 0; k < call.k; k += depth) {
    o.depth = std::min(depth, call.k - k);
    o.accumulate = call.accumulate || k > 0;
    for (int64_t row = 0; row < call.m; row += kRows) {
      const int64_t height = std::min<int64_t>(kRows, call.m - row);
      o.a = call.a + row * call.a_stride_m + k * call.a_stride_k;
      o.b = call.b + k * call.b_stride_k;
      o.c.first = call.c + row * call.c_stride;
      int64_t col = 0;
      const auto strips = [&](int64_t width, auto multiply) {
        for (; col + width <= end_col; col += width, o.b += width, o.c.first += width) {
          multiply(height, o);
        }
      };
      if (2 * height <= kRows) strips(kWide * kLanes, multiply_height<kRows / 2, kWide>);
      strips(kStrip, multiply_height<kRows, kVecs>);
    }
  }
  return end_col;
}

/// All rows of A by a packed block of B, in panels of kHeight rows.
template <int kHeight>
void multiply_packed(const F32MultiplyCall& call, const BlockOfB& b, const float* strips,
                     int64_t stride) {
  const bool packs = call.a_stride_k > kNear;
  const int64_t panel = b.depth * kHeight + kGap;
  Block o{.b_stride = kStrip, .c = {.stride = call.c_stride}, .depth = b.depth};
  o.a_stride_m = packs ? 1 : call.a_stride_m;
  o.a_stride_k = packs ? kHeight : call.a_stride_k;
  o.accumulate = call.accumulate || b.k > 0;
  for (int64_t row = 0; row < call.m; row += kHeight) {
    o.a = call.a + row * call.a_stride_m + b.k * call.a_stride_k;
    if (packs) {
      const int64_t in_panels = row % (kPanels * kHeight);
      if (in_panels == 0) {
        const int64_t rows = std::min(kPanels * kHeight, call.m - row);
        pack_panels<kHeight>(call, o.a, b.depth, rows, call.scratch, panel);
      }
      o.a = call.scratch + in_panels / kHeight * panel;
    }
    const int64_t rows = std::min<int64_t>(kHeight, call.m - row);
    for (int64_t at = 0; at < b.cols; at += kStrip) {
      o.b = strips + at / kStrip * stride;
      o.c.first = call.c + row * call.c_stride + b.col + at;
      multiply_strip(rows, std::min(kStrip, b.cols - at), o);
    }
  }
}

void multiply(const F32MultiplyCall& call) {
  int64_t first_col = 0;
  if (call.b_stride_n == 1) {
    if (call.m <= kFewRows) {
      first_col = multiply_in_place(call, kFewDepth);
    } else if (call.b_stride_k <= kNarrow && call.a_stride_k <= kNear) {
      first_col = multiply_in_place(call, kDepth);
    }
  }
  float* const strips = call.scratch + kPanelFloats;
  for (int64_t k = 0; k < call.k; k += kDepth) {  // a row of B is finished while its page is known
    for (int64_t col = first_col; col < call.n; col += kColumns) {
      const BlockOfB b = {col, k, std::min(kColumns, call.n - col), std::min(kDepth, call.k - k)};
      const int64_t stride = b.depth * kStrip + kGap;
      const float* from = call.b + k * call.b_stride_k + col * call.b_stride_n;
      pack_strips(call, from, b.depth, b.cols, strips, stride);
      if (call.n <= kLanes) {  // half as many sums to a row, so twice as many rows
        multiply_packed<2 * kRows>(call, b, strips, stride);
      } else {
        multiply_packed<kRows>(call, b, strips, stride);
      }
    }
  }
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace isthmus
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace isthmus {

HWY_EXPORT(multiply);

void f32_multiply(const F32MultiplyCall& call) noexcept { HWY_DYNAMIC_DISPATCH(multiply)(call); }

int64_t f32_multiply_scratch(int64_t n, int64_t k) noexcept {
  const int64_t depth = std::min(k, kDepth), cols = std::min(n, kColumns);
  return kPanelFloats + depth * (cols + kMostStrip) + kGap * (cols + 1);
}

}  // namespace isthmus
#endif
