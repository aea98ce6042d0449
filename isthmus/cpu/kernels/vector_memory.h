// SPDX-License-Identifier: Apache-2.0
// Loads and stores of a part of a vector, and float32 -> float64 halves, for each instruction set.
//
// A tail goes through the same vector code as the rest: missing lanes are loaded as zero, and not
// stored. Included by kernel files inside Highway's per-target compilation (hence no #pragma once).
#if defined(ISTHMUS_VECTOR_MEMORY_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef ISTHMUS_VECTOR_MEMORY_H_
#undef ISTHMUS_VECTOR_MEMORY_H_
#else
#define ISTHMUS_VECTOR_MEMORY_H_
#endif

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "hwy/highway.h"

// Masked loads that never touch the lanes they leave out.
#undef ISTHMUS_SAFE_MASKS
#if HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_AVX3
#define ISTHMUS_SAFE_MASKS 1
#else
#define ISTHMUS_SAFE_MASKS 0
#endif

// Targets without shuffles worth using: plain loops stand in for layouts.
#undef ISTHMUS_PLAIN_TARGET
#if HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_EMU128
#define ISTHMUS_PLAIN_TARGET 1
#else
#define ISTHMUS_PLAIN_TARGET 0
#endif

HWY_BEFORE_NAMESPACE();
namespace isthmus {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// The first `count` lanes from `p`, zeros behind them.
template <class D, class T = hn::TFromD<D>>
HWY_INLINE hn::Vec<D> load_partial(D d, const T* p, size_t count) {
#if ISTHMUS_SAFE_MASKS
  return hn::MaskedLoad(hn::FirstN(d, count), d, p);
#else
  HWY_ALIGN T lanes[hn::MaxLanes(D())] = {};
  std::memcpy(lanes, p, count * sizeof(T));
  return hn::Load(d, lanes);
#endif
}

/// Stores the first `count` lanes only.
template <class D, class T = hn::TFromD<D>>
HWY_INLINE void store_partial(hn::Vec<D> v, D d, T* p, size_t count) {
#if ISTHMUS_SAFE_MASKS
  hn::BlendedStore(v, hn::FirstN(d, count), d, p);
#else
  HWY_ALIGN T lanes[hn::MaxLanes(D())];
  hn::Store(v, d, lanes);
  std::memcpy(p, lanes, count * sizeof(T));
#endif
}

#if HWY_TARGET == HWY_SCALAR
using DoubleTag = hn::Rebind<double, hn::ScalableTag<float>>;
#else
using DoubleTag = hn::Rebind<double, hn::Half<hn::ScalableTag<float>>>;
#endif
using DoubleVec = hn::Vec<DoubleTag>;
using FloatVec = hn::Vec<hn::ScalableTag<float>>;

/// Two float64 vectors that hold the lanes of one float32 vector (on one-lane targets the second
/// is unused and zero).
struct DoublePair {
  DoubleVec low, high;
};

HWY_INLINE DoublePair to_double(FloatVec v) {
  const DoubleTag dd;
#if HWY_TARGET == HWY_SCALAR
  return {hn::PromoteTo(dd, v), hn::Zero(dd)};
#else
  const hn::Half<hn::ScalableTag<float>> dh;
  return {hn::PromoteTo(dd, hn::LowerHalf(dh, v)), hn::PromoteTo(dd, hn::UpperHalf(dh, v))};
#endif
}

HWY_INLINE FloatVec to_float(DoublePair v) {
#if HWY_TARGET == HWY_SCALAR
  return hn::DemoteTo(hn::ScalableTag<float>(), v.low);
#else
  const hn::ScalableTag<float> d;
  const hn::Half<hn::ScalableTag<float>> dh;
  return hn::Combine(d, hn::DemoteTo(dh, v.high), hn::DemoteTo(dh, v.low));
#endif
}

}  // namespace HWY_NAMESPACE
}  // namespace isthmus
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
