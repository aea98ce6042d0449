// SPDX-License-Identifier: Apache-2.0
// From stored data to float32 rows: gather by item, convert bytes, shift and scale. The first
// kernel of every step; the data room knows what the numbers mean.
#include "isthmus/cpu/kernels/kernels.h"
#include "isthmus/cpu/kernels/targets.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "isthmus/cpu/kernels/load.cc"
#include "hwy/foreach_target.h"  // compiles the rest of this file per instruction set
#include "hwy/highway.h"
#include "isthmus/cpu/kernels/stored_rows.h"

HWY_BEFORE_NAMESPACE();
namespace isthmus {
namespace HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;
using FloatTag = hn::ScalableTag<float>;
template <class T>
void load_uniform_row(const T* src, float shift, float scale, float* dst, size_t cols) {
  const FloatTag d;
  const size_t lanes = hn::Lanes(d);
  const auto shifts = hn::Set(d, shift), scales = hn::Set(d, scale);
  size_t c = 0;
  for (; c + lanes <= cols; c += lanes) {
    hn::StoreU(hn::Mul(hn::Sub(load_values(src + c), shifts), scales), d, dst + c);
  }
  if (c == cols) return;
  const auto x = load_values(src + c, cols - c);
  store_partial(hn::Mul(hn::Sub(x, shifts), scales), d, dst + c, cols - c);
}

template <class T>
void load_row(const T* src, const float* shift, const float* scale, float* dst, size_t cols) {
  const FloatTag d;
  const size_t lanes = hn::Lanes(d);
  size_t c = 0;
  for (; c + lanes <= cols; c += lanes) {
    const auto x = hn::Sub(load_values(src + c), hn::LoadU(d, shift + c));
    hn::StoreU(hn::Mul(x, hn::LoadU(d, scale + c)), d, dst + c);
  }
  if (c == cols) return;
  const size_t rest = cols - c;
  const auto x = hn::Sub(load_values(src + c, rest), load_partial(d, shift + c, rest));
  store_partial(hn::Mul(x, load_partial(d, scale + c, rest)), d, dst + c, rest);
}

template <class T>
void load_items(const LoadCall& call) {
  const T* base = static_cast<const T*>(call.base);
  const size_t cols = static_cast<size_t>(call.cols);
  for (int64_t r = 0; r < call.rows; ++r) {
    float* dst = call.dst + r * call.dst_stride;
    if (r >= call.num_items) {
      std::memset(dst, 0, cols * sizeof(float));
      continue;
    }
    prefetch_ahead(call, base, r);
    const T* src = base + call.items[r] * call.base_stride;
    if (call.uniform) {
      load_uniform_row(src, call.shift[0], call.scale[0], dst, cols);
    } else {
      load_row(src, call.shift, call.scale, dst, cols);
    }
  }
}

void load_all(const LoadCall& call) {
  if (call.is_u8) {
    load_items<uint8_t>(call);
  } else {
    load_items<float>(call);
  }
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace isthmus
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace isthmus {

HWY_EXPORT(load_all);
void load_rows(const LoadCall& call) noexcept { HWY_DYNAMIC_DISPATCH(load_all)(call); }

}  // namespace isthmus
#endif
