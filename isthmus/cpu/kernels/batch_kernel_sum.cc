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

/// The sum over the scales C of k(r^2); 0 at infinity.
HWY_INLINE FloatVec kernel_of(const BatchCall& call, FloatVec squares) {
  const FloatTag d;
  auto sum = hn::Zero(d);
  for (float scale : call.scales) {
    const auto c = hn::Set(d, scale);
    const auto value = call.is_rbf ? vector_exp(d, hn::Mul(squares, hn::Set(d, -0.5f / scale)))
                                   : hn::Div(c, hn::Add(c, squares));
    sum = hn::Add(sum, value);
  }
  return sum;
}

/// The sum over the scales of -2 k'(r^2); 0 at infinity.
HWY_INLINE FloatVec slope_of(const BatchCall& call, FloatVec squares) {
  const FloatTag d;
  auto sum = hn::Zero(d);
  for (float scale : call.scales) {
    if (call.is_rbf) {
      const auto e = vector_exp(d, hn::Mul(squares, hn::Set(d, -0.5f / scale)));
      sum = hn::MulAdd(e, hn::Set(d, 1.0f / scale), sum);
    } else {
      const auto v = hn::Div(hn::Set(d, 1.0f), hn::Add(hn::Set(d, scale), squares));
      sum = hn::MulAdd(hn::Mul(v, v), hn::Set(d, 2 * scale), sum);
    }
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

void kernel_sum_gradients(const BatchCall& call) {
  const FloatTag d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const BatchCall::Input &x = call.in[0], &y = call.in[1], &dy = call.in[2];
  HWY_ALIGN float weights[kPairTile], factors[kPairTile];
  for (int64_t i = call.first; i < call.end; ++i) {
    std::fill_n(call.dst + i * call.dst_stride, 2 * call.cols, 0.0f);
  }
  const auto set_weights = [&](const PairTile& t) {
    for (int64_t j = 0; j < kPairTile; j += lanes) {
      const auto slope = slope_of(call, hn::LoadU(d, t.squares + j));
      hn::StoreU(hn::Mul(slope, hn::LoadU(d, factors + j)), d, weights + j);
    }
  };
  visit_pairs(call, x, y, [&](const PairTile& t) {
    std::fill_n(factors, kPairTile, dy.data[t.row * dy.stride]);
    set_weights(t);
    add_differences(call, x, y, t, weights, call.dst + t.row * call.dst_stride);
  });
  visit_pairs(call, y, x, [&](const PairTile& t) {
    if (t.row == call.first) load_factors(dy, t, factors);
    set_weights(t);
    add_differences(call, y, x, t, weights, call.dst + t.row * call.dst_stride + call.cols);
  });
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
