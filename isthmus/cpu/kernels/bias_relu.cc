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

HWY_INLINE FloatVec activated(FloatVec product, FloatVec bias) {
  return at_least(FloatTag(), hn::Add(product, bias), 0.0f);
}

void bias_relu_row(const float* src, const float* bias, float* dst, size_t cols) {
  const FloatTag d;
  const size_t lanes = hn::Lanes(d);
  size_t c = 0;
  for (; c + lanes <= cols; c += lanes) {
    hn::StoreU(activated(hn::LoadU(d, src + c), hn::LoadU(d, bias + c)), d, dst + c);
  }
  if (c == cols) return;
  const size_t rest = cols - c;
  store_partial(activated(load_partial(d, src + c, rest), load_partial(d, bias + c, rest)), d,
                dst + c, rest);
}

void bias_relu_rows(const BiasReluCall& call) {
  for (int64_t r = 0; r < call.rows; ++r) {
    bias_relu_row(call.src + r * call.src_stride, call.bias, call.dst + r * call.dst_stride,
                  static_cast<size_t>(call.cols));
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
