// SPDX-License-Identifier: Apache-2.0
// The sums of one block of a product, which live in registers while the operands pass.
//
// Included inside Highway's per-target compilation (hence no #pragma once). The loops over rows and
// vectors must vanish, or the sums would live in memory.
#if defined(ISTHMUS_BLOCK_SUMS_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef ISTHMUS_BLOCK_SUMS_H_
#undef ISTHMUS_BLOCK_SUMS_H_
#else
#define ISTHMUS_BLOCK_SUMS_H_
#endif

#include "isthmus/cpu/kernels/vector_memory.h"

HWY_BEFORE_NAMESPACE();
namespace isthmus {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// Where a block of C lies: rows `stride` values apart, of whose last vector `last` values exist.
struct BlockOfC {
  float* first;
  int64_t stride;
  size_t last;
};

template <bool kWhole, int kHeight, int kWidth>
HWY_INLINE void load_sums(const BlockOfC& c, FloatVec (&sums)[kHeight][kWidth]) {
  const hn::ScalableTag<float> d;
  constexpr int64_t lanes = hn::MaxLanes(d);
#pragma GCC unroll 16
  for (int r = 0; r < kHeight; ++r) {
    const float* row = c.first + r * c.stride;
#pragma GCC unroll 16
    for (int v = 0; v < kWidth; ++v) {
      const bool is_part = !kWhole && v + 1 == kWidth;
      sums[r][v] =
          is_part ? load_partial(d, row + v * lanes, c.last) : hn::LoadU(d, row + v * lanes);
    }
  }
}

template <bool kWhole, int kHeight, int kWidth>
HWY_INLINE void store_sums(const BlockOfC& c, const FloatVec (&sums)[kHeight][kWidth]) {
  const hn::ScalableTag<float> d;
  constexpr int64_t lanes = hn::MaxLanes(d);
#pragma GCC unroll 16
  for (int r = 0; r < kHeight; ++r) {
    float* row = c.first + r * c.stride;
#pragma GCC unroll 16
    for (int v = 0; v < kWidth; ++v) {
      if (!kWhole && v + 1 == kWidth) {
        store_partial(sums[r][v], d, row + v * lanes, c.last);
      } else {
        hn::StoreU(sums[r][v], d, row + v * lanes);
      }
    }
  }
}

/// Zeros, or what C holds.
template <int kHeight, int kWidth>
HWY_INLINE void begin_sums(const BlockOfC& c, bool accumulate, FloatVec (&sums)[kHeight][kWidth]) {
  const hn::ScalableTag<float> d;
  if (!accumulate) {
#pragma GCC unroll 16
    for (int r = 0; r < kHeight; ++r) {
#pragma GCC unroll 16
      for (int v = 0; v < kWidth; ++v) sums[r][v] = hn::Zero(d);
    }
  } else if (c.last == hn::MaxLanes(d)) {
    load_sums<true>(c, sums);
  } else {
    load_sums<false>(c, sums);
  }
}

template <int kHeight, int kWidth>
HWY_INLINE void end_sums(const BlockOfC& c, const FloatVec (&sums)[kHeight][kWidth]) {
  if (c.last == hn::MaxLanes(hn::ScalableTag<float>())) {
    store_sums<true>(c, sums);
  } else {
    store_sums<false>(c, sums);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace isthmus
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
