// SPDX-License-Identifier: Apache-2.0
// Sums of kernels over all pairs of rows, and their gradient: see graph/ops/kernel_sum.cc.
#include "isthmus/cpu/kernels/targets.h"
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "isthmus/cpu/kernels/batch_kernel_sum.cc"
#include "hwy/foreach_target.h"  // compiles the rest of this file per instruction set
#include "hwy/highway.h"
#include "isthmus/cpu/kernels/batch_pairs.h"

HWY_BEFORE_NAMESPACE();
namespace isthmus {
namespace HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;

// Two scales of imq share a reciprocal: 1 / (C + r) and 1 / (D + r) are (D + r) and (C + r) times
// that of the product, which stays finite up to this r = r^2 of the kernel.
constexpr float kFarthest = 1e18f;

/// Squared distances as the reciprocals can take them.
HWY_INLINE FloatVec bounded(FloatVec squares) { return at_most(FloatTag(), squares, kFarthest); }
/// 0 where a pair is left out.
HWY_INLINE FloatVec zero_at_infinity(FloatVec squares, FloatVec values) {
  return hn::IfThenElseZero(hn::Lt(squares, hn::Inf(FloatTag())), values);
}

/// The sum over the scales C of C / (C + r).
HWY_INLINE FloatVec imq_of(std::span<const float> scales, FloatVec squares) {
  const FloatTag d;
  const auto r = bounded(squares);
  auto sum = hn::Zero(d);
  size_t s = 0;
  for (; s + 2 <= scales.size(); s += 2) {
    const float both = scales[s] + scales[s + 1], product = scales[s] * scales[s + 1];
    const auto below = hn::MulAdd(hn::Add(r, hn::Set(d, both)), r, hn::Set(d, product));
    const auto above = hn::MulAdd(r, hn::Set(d, both), hn::Set(d, 2 * product));
    sum = hn::MulAdd(above, fast_reciprocal(d, below), sum);
  }
  if (s < scales.size()) {
    const auto c = hn::Set(d, scales[s]);
    sum = hn::MulAdd(c, fast_reciprocal(d, hn::Add(c, r)), sum);
  }
  return zero_at_infinity(squares, sum);
}

/// The sum over the scales C of 2 C / (C + r)^2.
HWY_INLINE FloatVec imq_slope_of(std::span<const float> scales, FloatVec squares) {
  const FloatTag d;
  const auto r = bounded(squares);
  auto sum = hn::Zero(d);
  size_t s = 0;
  for (; s + 2 <= scales.size(); s += 2) {
    const auto c = hn::Set(d, scales[s]), e = hn::Set(d, scales[s + 1]);
    const auto cr = hn::Add(c, r), er = hn::Add(e, r);
    const auto inverse = fast_reciprocal(d, hn::Mul(cr, er));
    const auto v = hn::Mul(er, inverse), w = hn::Mul(cr, inverse);
    sum = hn::MulAdd(hn::Mul(v, v), hn::Add(c, c), sum);
    sum = hn::MulAdd(hn::Mul(w, w), hn::Add(e, e), sum);
  }
  if (s < scales.size()) {
    const auto c = hn::Set(d, scales[s]);
    const auto v = fast_reciprocal(d, hn::Add(c, r));
    sum = hn::MulAdd(hn::Mul(v, v), hn::Add(c, c), sum);
  }
  return zero_at_infinity(squares, sum);
}

/// The sum over the scales C of k(r^2); 0 at infinity.
HWY_INLINE FloatVec kernel_of(const BatchCall& call, FloatVec squares) {
  const FloatTag d;
  if (!call.is_rbf) return imq_of(call.scales, squares);
  auto sum = hn::Zero(d);
  for (float scale : call.scales) {
    sum = hn::Add(sum, vector_exp(d, hn::Mul(squares, hn::Set(d, -0.5f / scale))));
  }
  return sum;
}

/// The sum over the scales of -2 k'(r^2); 0 at infinity.
HWY_INLINE FloatVec slope_of(const BatchCall& call, FloatVec squares) {
  const FloatTag d;
  if (!call.is_rbf) return imq_slope_of(call.scales, squares);
  auto sum = hn::Zero(d);
  for (float scale : call.scales) {
    const auto e = vector_exp(d, hn::Mul(squares, hn::Set(d, -0.5f / scale)));
    sum = hn::MulAdd(e, hn::Set(d, 1.0f / scale), sum);
  }
  return sum;
}

void kernel_sums(const BatchCall& call) {
  const FloatTag d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  float* sums = call.scratch + kPairTile * call.cols;
  std::fill(sums, sums + (call.end - call.first) * lanes, 0.0f);
  visit_pairs(call, call.in[0], call.in[1], [&](const PairTile& t) {
    float* at = sums + (t.row - call.first) * lanes;
    auto sum = hn::LoadU(d, at);
    for (int64_t j = 0; j < t.count; j += lanes) {
      sum = hn::Add(sum, kernel_of(call, hn::LoadU(d, t.squares + j)));
    }
    hn::StoreU(sum, d, at);
  });
  for (int64_t i = call.first; i < call.end; ++i) {
    const auto sum = hn::LoadU(d, sums + (i - call.first) * lanes);
    call.dst[i * call.dst_stride] = hn::GetLane(hn::SumOfLanes(d, sum));
  }
}

/// Rows of `a` against all rows of `b`: the sums of (dy of the row of a, if `of_a`, and dy of that
/// of b, if `of_b`) s(a, b) (b - a).
void add_gradients(const BatchCall& call, const BatchCall::Input& a, const BatchCall::Input& b,
                   bool of_a, bool of_b) {
  const FloatTag d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const BatchCall::Input& dy = call.in[2];
  HWY_ALIGN float weights[kPairTile], factors[kPairTile] = {};
  DifferenceSums sums(call);
  visit_pairs(call, a, b, [&](const PairTile& t) {
    if (of_b && t.row == call.first) load_factors(dy, t, factors);
    const auto own = hn::Set(d, of_a ? dy.data[t.row * dy.stride] : 0.0f);
    for (int64_t j = 0; j < kPairTile; j += lanes) {
      const auto slope = slope_of(call, hn::LoadU(d, t.squares + j));
      hn::StoreU(hn::Mul(slope, hn::Add(hn::LoadU(d, factors + j), own)), d, weights + j);
    }
    sums.add(a.data + t.row * a.stride, t.values, weights, t.row);
  });
  for (int64_t i = call.first; i < call.end; ++i) sums.finish(i, call.dst + i * call.dst_stride);
}

void kernel_sum_gradients(const BatchCall& call) {
  const BatchCall::Input &x = call.in[0], &y = call.in[1];
  for (int64_t i = call.first; i < call.end; ++i) {
    std::fill_n(call.dst + i * call.dst_stride, call.cols, 0.0f);
  }
  if (call.of_first && call.of_second && x.data == y.data) {
    return add_gradients(call, x, y, true, true);
  }
  if (call.of_first) add_gradients(call, x, y, true, false);
  if (call.of_second) add_gradients(call, y, x, false, true);
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace isthmus
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace isthmus {

HWY_EXPORT(kernel_sums);
HWY_EXPORT(kernel_sum_gradients);

void batch_kernel_sum(const BatchCall& call) noexcept { HWY_DYNAMIC_DISPATCH(kernel_sums)(call); }
void batch_kernel_sum_gradient(const BatchCall& call) noexcept {
  HWY_DYNAMIC_DISPATCH(kernel_sum_gradients)(call);
}

}  // namespace isthmus
#endif
