// SPDX-License-Identifier: Apache-2.0
// The mixture of the normals of all rows, and its gradients: see graph/ops/pair_logsumexp.cc. The
// log-sum-exp keeps a largest term and a sum per lane. Errors grow with the distance q = |z - m|^2
// / (2 v) to the nearest row: about 1e-7 q, absolute in the value, relative in the gradients.
#include "isthmus/base/gamma_functions.h"
#include "isthmus/cpu/kernels/targets.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "isthmus/cpu/kernels/batch_pair_logsumexp.cc"
#include "hwy/foreach_target.h"  // compiles the rest of this file per instruction set
#include "hwy/highway.h"
#include "isthmus/cpu/kernels/batch_pairs.h"

HWY_BEFORE_NAMESPACE();
namespace isthmus {
namespace HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;

constexpr float kNoTerm = -1e30f;  // below every exponent

/// What all pairs share.
struct Mixture {
  int64_t count = 0;        // terms of each sum
  double inverse = 0;       // exp(-log_var)
  double log_constant = 0;  // -log count - Z / 2 (log 2 pi + log_var)
  float half_inverse() const { return static_cast<float>(0.5 * inverse); }
};
Mixture mixture_of(const BatchCall& call) {
  const double log_var = static_cast<double>(*call.in[2].data);
  const int64_t count = call.batch_rows - (call.exclude_self ? 1 : 0);
  const double half = 0.5 * static_cast<double>(call.cols);
  return {count, own_exp(-log_var),
          -own_log(static_cast<double>(count)) - half * (2 * kHalfLog2Pi + log_var)};
}

void fill_rows(const BatchCall& call, int64_t cols) {
  for (int64_t i = call.first; i < call.end; ++i) {
    std::fill_n(call.dst + i * call.dst_stride, cols, 0.0f);
  }
}

void pair_logsumexps(const BatchCall& call) {
  const FloatTag d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const Mixture mixture = mixture_of(call);
  if (mixture.count == 0) return fill_rows(call, 1);
  float* const largest = call.scratch + kPairTile * call.cols;
  float* const sums = largest + kPairRows * lanes;
  const int64_t rows = call.end - call.first;
  std::fill_n(largest, rows * lanes, kNoTerm);
  std::fill_n(sums, rows * lanes, 0.0f);
  const auto factor = hn::Set(d, -mixture.half_inverse());
  visit_pairs(call, call.in[0], call.in[1], [&](const PairTile& t) {
    const int64_t at = (t.row - call.first) * lanes;
    const auto before = hn::LoadU(d, largest + at);
    auto top = before;
    for (int64_t j = 0; j < t.count; j += lanes) {
      top = hn::Max(top, hn::Mul(hn::LoadU(d, t.squares + j), factor));
    }
    auto sum = hn::Mul(hn::LoadU(d, sums + at), vector_exp(d, hn::Sub(before, top)));
    for (int64_t j = 0; j < t.count; j += lanes) {
      const auto s = hn::Mul(hn::LoadU(d, t.squares + j), factor);
      sum = hn::Add(sum, vector_exp(d, hn::Sub(s, top)));
    }
    hn::StoreU(top, d, largest + at);
    hn::StoreU(sum, d, sums + at);
  });
  for (int64_t r = 0; r < rows; ++r) {
    const auto top = hn::LoadU(d, largest + r * lanes), sum = hn::LoadU(d, sums + r * lanes);
    const auto most = hn::MaxOfLanes(d, top);
    const auto scaled = hn::Mul(sum, vector_exp(d, hn::Sub(top, most)));
    const double total = static_cast<double>(hn::GetLane(hn::SumOfLanes(d, scaled)));
    const double value = static_cast<double>(hn::GetLane(most)) + own_log(total);
    call.dst[(call.first + r) * call.dst_stride] = static_cast<float>(value + mixture.log_constant);
  }
}

/// weights[j] = factors[j] exp(exponents[j] - |z - m|^2 / (2 v)); 0 where a row is left out.
HWY_INLINE void set_weights(const PairTile& t, float half_inverse, const float* exponents,
                            const float* factors, float* weights) {
  const FloatTag d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const auto minus = hn::Set(d, -half_inverse);
  for (int64_t j = 0; j < kPairTile; j += lanes) {
    const auto exponent =
        hn::MulAdd(hn::LoadU(d, t.squares + j), minus, hn::LoadU(d, exponents + j));
    hn::StoreU(hn::Mul(vector_exp(d, exponent), hn::LoadU(d, factors + j)), d, weights + j);
  }
}

/// The sum of weights[j] (|z - m|^2 / (2 v) - Z / 2).
HWY_INLINE float log_var_part(const PairTile& t, float half_inverse, float half_size,
                              const float* weights) {
  const FloatTag d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  auto sum = hn::Zero(d);
  for (int64_t j = 0; j < kPairTile; j += lanes) {
    const auto r2 = hn::LoadU(d, t.squares + j);
    const auto q =
        hn::Mul(hn::IfThenElseZero(hn::Lt(r2, hn::Inf(d)), r2), hn::Set(d, half_inverse));
    sum = hn::MulAdd(hn::LoadU(d, weights + j), hn::Sub(q, hn::Set(d, half_size)), sum);
  }
  return hn::GetLane(hn::SumOfLanes(d, sum));
}

void pair_logsumexp_gradients(const BatchCall& call) {
  const BatchCall::Input &z = call.in[0], &m = call.in[1], &out = call.in[3], &dy = call.in[4];
  const Mixture mixture = mixture_of(call);
  fill_rows(call, 2 * call.cols + 1);
  if (mixture.count == 0) return;
  HWY_ALIGN float weights[kPairTile], factors[kPairTile], exponents[kPairTile];
  const float half = mixture.half_inverse(), inverse = static_cast<float>(mixture.inverse);
  const float half_size = 0.5f * static_cast<float>(call.cols);
  const auto exponent_of = [&](float value) {
    return static_cast<float>(mixture.log_constant - static_cast<double>(value));
  };
  DifferenceSums of_z(call);
  visit_pairs(call, z, m, [&](const PairTile& t) {
    float* dst = call.dst + t.row * call.dst_stride;
    std::fill_n(factors, kPairTile, dy.data[t.row * dy.stride] * inverse);
    std::fill_n(exponents, kPairTile, exponent_of(out.data[t.row * out.stride]));
    set_weights(t, half, exponents, factors, weights);
    of_z.add(z.data + t.row * z.stride, t.values, weights, t.row);
    dst[2 * call.cols] += log_var_part(t, half, half_size, weights) / inverse;
  });
  for (int64_t i = call.first; i < call.end; ++i) of_z.finish(i, call.dst + i * call.dst_stride);
  DifferenceSums of_m(call);
  visit_pairs(call, m, z, [&](const PairTile& t) {
    if (t.row == call.first) {
      load_factors(dy, t, factors);
      load_factors(out, t, exponents);
      for (float& f : factors) f *= inverse;
      for (float& e : exponents) e = exponent_of(e);
    }
    set_weights(t, half, exponents, factors, weights);
    of_m.add(m.data + t.row * m.stride, t.values, weights, t.row);
  });
  for (int64_t i = call.first; i < call.end; ++i) {
    of_m.finish(i, call.dst + i * call.dst_stride + call.cols);
  }
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace isthmus
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace isthmus {

HWY_EXPORT(pair_logsumexps);
HWY_EXPORT(pair_logsumexp_gradients);

void batch_pair_logsumexp(const BatchCall& call) noexcept {
  HWY_DYNAMIC_DISPATCH(pair_logsumexps)(call);
}
void batch_pair_logsumexp_gradient(const BatchCall& call) noexcept {
  HWY_DYNAMIC_DISPATCH(pair_logsumexp_gradients)(call);
}

}  // namespace isthmus
#endif
