// SPDX-License-Identifier: Apache-2.0
// The Adam update of a run of parameters. Called behind each weight-gradient tile while gradient,
// moments and weights are in cache; bias corrections and the rate come as scalars of the step.
#include "isthmus/cpu/kernels/kernels.h"
#include "isthmus/cpu/kernels/targets.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "isthmus/cpu/kernels/adam.cc"
#include "hwy/foreach_target.h"  // compiles the rest of this file per instruction set
#include "hwy/highway.h"
#include "isthmus/cpu/kernels/vector_math.h"

HWY_BEFORE_NAMESPACE();
namespace isthmus {
namespace HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;
using FloatTag = hn::ScalableTag<float>;

/// The scalars of a step, spread over vectors.
struct AdamConstants {
  FloatVec beta1, rest1, beta2, rest2, step, correction2, epsilon, decay;
};

AdamConstants constants_of(const AdamCall& call) {
  const FloatTag d;
  return {.beta1 = hn::Set(d, 1.0f - call.rest1),
          .rest1 = hn::Set(d, call.rest1),
          .beta2 = hn::Set(d, 1.0f - call.rest2),
          .rest2 = hn::Set(d, call.rest2),
          .step = hn::Set(d, call.rate * call.correction1),
          .correction2 = hn::Set(d, call.correction2),
          .epsilon = hn::Set(d, call.epsilon),
          .decay = hn::Set(d, call.decay)};
}

/// sqrt(x) for x >= 0; zero and denormals count as the smallest normal number.
HWY_INLINE FloatVec root_of(FloatVec x) {
  const FloatTag d;
#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX2
  const auto bounded = at_least(d, x, kSmallestNormal);
  const auto r = hn::ApproximateReciprocalSqrt(bounded);
  const auto root = hn::Mul(bounded, r);
  // root (3 - x r^2) / 2 = root + root/2 (1 - root r)
  const auto error = hn::NegMulAdd(root, r, hn::Set(d, 1.0f));
  return hn::MulAdd(hn::Mul(root, hn::Set(d, 0.5f)), error, root);
#else
  return hn::Sqrt(at_least(d, x, kSmallestNormal));
#endif
}

struct AdamState {
  FloatVec m, v, w;
};

HWY_INLINE AdamState updated(const AdamConstants& k, FloatVec g, AdamState s) {
  const FloatTag d;
  s.m = hn::MulAdd(k.beta1, s.m, hn::Mul(k.rest1, g));
  s.v = hn::MulAdd(k.beta2, s.v, hn::Mul(k.rest2, hn::Mul(g, g)));
  const auto size = hn::Add(root_of(hn::Mul(s.v, k.correction2)), k.epsilon);
  const auto kept = hn::NegMulAdd(k.decay, s.w, s.w);
  s.w = hn::NegMulAdd(hn::Mul(k.step, s.m), fast_reciprocal(d, size), kept);
  return s;
}

/// `ahead` values further on lies a row to come: rows of a tile are too short for the processor to
/// foresee the next one. 0: no row follows.
void adam_row(const AdamConstants& k, const float* gradient, float* m, float* v, float* w,
              int64_t count, int64_t ahead) {
  const FloatTag d;
  const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
  int64_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    __builtin_prefetch(m + i + ahead);
    __builtin_prefetch(v + i + ahead);
    __builtin_prefetch(w + i + ahead);
    const AdamState s = updated(k, hn::LoadU(d, gradient + i),
                                {hn::LoadU(d, m + i), hn::LoadU(d, v + i), hn::LoadU(d, w + i)});
    hn::StoreU(s.m, d, m + i);
    hn::StoreU(s.v, d, v + i);
    hn::StoreU(s.w, d, w + i);
  }
  if (i == count) return;
  const size_t rest = static_cast<size_t>(count - i);
  const AdamState s = updated(
      k, load_partial(d, gradient + i, rest),
      {load_partial(d, m + i, rest), load_partial(d, v + i, rest), load_partial(d, w + i, rest)});
  store_partial(s.m, d, m + i, rest);
  store_partial(s.v, d, v + i, rest);
  store_partial(s.w, d, w + i, rest);
}

void adam_rows(const AdamCall& call) {
  const AdamConstants k = constants_of(call);
  const bool dense = call.gradient_stride == call.cols && call.stride == call.cols;
  const int64_t rows = dense ? 1 : call.rows, cols = dense ? call.rows * call.cols : call.cols;
  for (int64_t r = 0; r < rows; ++r) {
    const int64_t at = r * call.stride;
    adam_row(k, call.gradient + r * call.gradient_stride, call.m + at, call.v + at, call.w + at,
             cols, dense ? 0 : 2 * call.stride);
  }
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace isthmus
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace isthmus {

HWY_EXPORT(adam_rows);
void adam_update(const AdamCall& call) noexcept { HWY_DYNAMIC_DISPATCH(adam_rows)(call); }

}  // namespace isthmus
#endif
