// SPDX-License-Identifier: Apache-2.0
// Bernoulli log-likelihood by logits together with its gradient: the last thing of the forward pass
// and the first of the backward pass, in one walk over a row.
//
// With e = exp(-|t|) and d = 1 + e: sigmoid(t) is 1/d or e/d, and softplus(t) = max(t, 0) + log d.
// The logs of a row are taken of products of d, which lies in (1, 2]: 64 factors cannot overflow.
#include "isthmus/cpu/kernels/kernels.h"
#include "isthmus/cpu/kernels/targets.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "isthmus/cpu/kernels/bernoulli.cc"
#include "hwy/foreach_target.h"  // compiles the rest of this file per instruction set
#include "hwy/highway.h"
#include "isthmus/cpu/kernels/stored_rows.h"
#include "isthmus/cpu/kernels/vector_math.h"

HWY_BEFORE_NAMESPACE();
namespace isthmus {
namespace HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;
using FloatTag = hn::ScalableTag<float>;

constexpr size_t kFactors = 64;

struct Terms {
  FloatVec slope;     // [t >= 0] - x: times t it is max(t, 0) - x t
  FloatVec factor;    // 1 + exp(-|t|)
  FloatVec gradient;  // scale * (sigmoid(t) - x)
};

/// exp(-|t|), relative error 2e-7. One constant for ln 2 is enough where products are not rounded,
/// and the exponent is added as an integer: a NaN keeps at least the loss a NaN.
HWY_INLINE FloatVec exp_of_negative_size(FloatVec t) {
  const FloatTag d;
#if ISTHMUS_PLAIN_TARGET
  return exp_nonpositive(d, hn::Neg(hn::Abs(t)));
#else
  const Ints<FloatTag> di;
  const auto magic = hn::Set(d, kRoundMagic);
  const auto x = at_least(d, hn::Or(t, hn::SignBit(d)), kExpLowest);
  const auto shifted = hn::MulAdd(x, hn::Set(d, kLog2E), magic);
  const auto r = hn::NegMulAdd(hn::Sub(shifted, magic), hn::Set(d, 0.693147182f), x);
  const auto p = polynomial(d, r, 1.0f, 1.0f, 4.999922812e-01f, 1.666711718e-01f, 4.189054295e-02f,
                            8.312445134e-03f);
  const auto exponent = hn::ShiftLeft<23>(hn::BitCast(di, shifted));
  return hn::BitCast(d, hn::Add(hn::BitCast(di, p), exponent));
#endif
}

HWY_INLINE Terms terms_of(FloatVec t, FloatVec x, FloatVec scale) {
  const FloatTag d;
  const auto e = exp_of_negative_size(t);
  const auto factor = hn::Add(e, hn::Set(d, 1.0f));
  const auto r = fast_reciprocal(d, factor);
  const auto negative = hn::Lt(t, hn::Zero(d));
  const auto sigmoid = hn::IfThenElse(negative, hn::Mul(e, r), r);
  const auto step = hn::IfThenZeroElse(negative, hn::Set(d, 1.0f));
  return {hn::Sub(step, x), factor, hn::Mul(hn::Sub(sigmoid, x), scale)};
}

struct FloatRow {
  const float* x;
  HWY_INLINE FloatVec at(size_t c) const { return load_values(x + c); }
  HWY_INLINE FloatVec at(size_t c, size_t count) const { return load_values(x + c, count); }
};

/// The values of load_rows, bit by bit.
struct ByteRow {
  const uint8_t* x;
  FloatVec shift, scale;
  HWY_INLINE FloatVec at(size_t c) const { return scaled(load_values(x + c)); }
  HWY_INLINE FloatVec at(size_t c, size_t count) const { return scaled(load_values(x + c, count)); }
  HWY_INLINE FloatVec scaled(FloatVec v) const { return hn::Mul(hn::Sub(v, shift), scale); }
};

/// `bias` is added to the logits if `kBias`.
template <bool kBias, class X>
float bernoulli_row(const float* logits, const float* bias, const X& x, float scale,
                    float* gradient, size_t cols) {
  const FloatTag d;
  const size_t lanes = hn::Lanes(d);
  const auto scales = hn::Set(d, scale);
  auto sum = hn::Zero(d);
  size_t c = 0;
  while (c < cols) {
    auto part = hn::Zero(d), product = hn::Set(d, 1.0f);
    const size_t end = cols - c > kFactors * lanes ? c + kFactors * lanes : cols;
    for (; c + lanes <= end; c += lanes) {
      auto t = hn::LoadU(d, logits + c);
      if (kBias) t = hn::Add(t, hn::LoadU(d, bias + c));
      const Terms k = terms_of(t, x.at(c), scales);
      part = hn::MulAdd(t, k.slope, part);
      product = hn::Mul(product, k.factor);
      hn::StoreU(k.gradient, d, gradient + c);
    }
    if (c < end) {
      const size_t rest = end - c;
      auto t = load_partial(d, logits + c, rest);
      if (kBias) t = hn::Add(t, load_partial(d, bias + c, rest));
      const Terms k = terms_of(t, x.at(c, rest), scales);
      part = hn::MulAdd(t, k.slope, part);  // missing logits are zero
      product = hn::IfThenElse(hn::FirstN(d, rest), hn::Mul(product, k.factor), product);
      store_partial(k.gradient, d, gradient + c, rest);
      c = end;
    }
    sum = hn::Add(sum, hn::Add(part, log_of_normal(d, product)));
  }
  return hn::GetLane(hn::SumOfLanes(d, sum));
}

template <class X>
float bernoulli_row_of(const BernoulliCall& call, int64_t r, const X& x) {
  const auto row = call.bias != nullptr ? bernoulli_row<true, X> : bernoulli_row<false, X>;
  return row(call.logits + r * call.logits_stride, call.bias, x, call.scale,
             call.gradient + r * call.gradient_stride, static_cast<size_t>(call.cols));
}

void bernoulli_rows(const BernoulliCall& call) {
  for (int64_t r = 0; r < call.rows; ++r) {
    call.log_prob[r] = -bernoulli_row_of(call, r, FloatRow{call.x + r * call.x_stride});
  }
}

void bernoulli_stored(const BernoulliCall& call, const LoadCall& x) {
  const FloatTag d;
  const auto* base = static_cast<const uint8_t*>(x.base);
  for (int64_t r = 0; r < call.rows; ++r) {
    prefetch_ahead(x, base, r);
    ByteRow row{base, hn::Zero(d), hn::Zero(d)};  // beyond the items: zeros
    if (r < x.num_items) {
      row = {base + x.items[r] * x.base_stride, hn::Set(d, x.shift[0]), hn::Set(d, x.scale[0])};
    }
    call.log_prob[r] = -bernoulli_row_of(call, r, row);
  }
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace isthmus
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace isthmus {

HWY_EXPORT(bernoulli_rows);
HWY_EXPORT(bernoulli_stored);
void bernoulli_log_prob_and_gradient(const BernoulliCall& call) noexcept {
  HWY_DYNAMIC_DISPATCH(bernoulli_rows)(call);
}
void bernoulli_log_prob_and_gradient(const BernoulliCall& call, const LoadCall& x) noexcept {
  HWY_DYNAMIC_DISPATCH(bernoulli_stored)(call, x);
}

}  // namespace isthmus
#endif
