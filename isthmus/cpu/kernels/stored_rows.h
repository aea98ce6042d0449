// SPDX-License-Identifier: Apache-2.0
// Reading rows of stored data, uint8 or float32, as float32 vectors.
// Included inside Highway's per-target compilation (hence no #pragma once).
#if defined(ISTHMUS_STORED_ROWS_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef ISTHMUS_STORED_ROWS_H_
#undef ISTHMUS_STORED_ROWS_H_
#else
#define ISTHMUS_STORED_ROWS_H_
#endif

#include "hwy/cache_control.h"
#include "isthmus/cpu/kernels/kernels.h"
#include "isthmus/cpu/kernels/vector_memory.h"

HWY_BEFORE_NAMESPACE();
namespace isthmus {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;
using ByteTag = hn::Rebind<uint8_t, hn::ScalableTag<float>>;

HWY_INLINE FloatVec float_of(hn::Vec<ByteTag> bytes) {
  const hn::ScalableTag<float> d;
  return hn::ConvertTo(d, hn::PromoteTo(hn::Rebind<int32_t, decltype(d)>(), bytes));
}
HWY_INLINE FloatVec load_values(const float* p) { return hn::LoadU(hn::ScalableTag<float>(), p); }
HWY_INLINE FloatVec load_values(const uint8_t* p) { return float_of(hn::LoadU(ByteTag(), p)); }
/// The first `count` values, zeros behind them.
HWY_INLINE FloatVec load_values(const float* p, size_t count) {
  return load_partial(hn::ScalableTag<float>(), p, count);
}
HWY_INLINE FloatVec load_values(const uint8_t* p, size_t count) {
  HWY_ALIGN uint8_t bytes[hn::MaxLanes(ByteTag())] = {};
  for (size_t i = 0; i < count && i < sizeof(bytes); ++i) bytes[i] = p[i];
  return float_of(hn::Load(ByteTag(), bytes));
}

/// With row `r` of a call: asks for the row that is due later.
template <class T>
HWY_INLINE void prefetch_ahead(const LoadCall& call, const T* base, int64_t r) {
  constexpr int64_t kPerLine = 64 / static_cast<int64_t>(sizeof(T));
  if (call.rows_ahead <= 0 || r + call.rows_ahead >= call.num_items + call.items_after) return;
  const T* row = base + call.items[r + call.rows_ahead] * call.base_stride;
  for (int64_t c = 0; c < call.prefetch_cols; c += kPerLine) hwy::Prefetch(row + c);
}

}  // namespace HWY_NAMESPACE
}  // namespace isthmus
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
