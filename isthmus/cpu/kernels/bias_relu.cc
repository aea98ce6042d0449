// SPDX-License-Identifier: Apache-2.0
// Bias, ReLU and the mask of its gradient in one walk over a row: what follows the product of a
// hidden layer.
#include "isthmus/cpu/kernels/kernels.h"
#include "isthmus/cpu/kernels/targets.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "isthmus/cpu/kernels/bias_relu.cc"
#include "hwy/foreach_target.h"  // compiles the rest of this file per instruction set
#include "hwy/highway.h"
#include "isthmus/cpu/kernels/vector_math.h"

HWY_BEFORE_NAMESPACE();
namespace isthmus {
namespace HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;
using FloatTag = hn::ScalableTag<float>;

struct Activated {
  FloatVec value, mask;
};

HWY_INLINE Activated activated(FloatVec product, FloatVec bias) {
  const FloatTag d;
  const auto t = hn::Add(product, bias);
  return {at_least(d, t, 0.0f), hn::IfThenElseZero(hn::Gt(t, hn::Zero(d)), hn::Set(d, 1.0f))};
}

template <bool kMask>
void bias_relu_row(const float* src, const float* bias, float* dst, float* mask, size_t cols) {
  const FloatTag d;
  const size_t lanes = hn::Lanes(d);
  size_t c = 0;
  for (; c + lanes <= cols; c += lanes) {
    const Activated a = activated(hn::LoadU(d, src + c), hn::LoadU(d, bias + c));
    hn::StoreU(a.value, d, dst + c);
    if (kMask) hn::StoreU(a.mask, d, mask + c);
  }
  if (c == cols) return;
  const size_t rest = cols - c;
  const Activated a = activated(load_partial(d, src + c, rest), load_partial(d, bias + c, rest));
  store_partial(a.value, d, dst + c, rest);
  if (kMask) store_partial(a.mask, d, mask + c, rest);
}

void bias_relu_rows(const BiasReluCall& call) {
  const auto row = call.mask != nullptr ? bias_relu_row<true> : bias_relu_row<false>;
  for (int64_t r = 0; r < call.rows; ++r) {
    row(call.src + r * call.src_stride, call.bias, call.dst + r * call.dst_stride,
        call.mask + r * call.mask_stride, static_cast<size_t>(call.cols));
  }
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace isthmus
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace isthmus {

HWY_EXPORT(bias_relu_rows);
void bias_relu(const BiasReluCall& call) noexcept { HWY_DYNAMIC_DISPATCH(bias_relu_rows)(call); }

}  // namespace isthmus
#endif
