// SPDX-License-Identifier: Apache-2.0
// The mixture of the normals of all rows, and its gradients: see graph/ops/pair_logsumexp.cc. The
// log-sum-exp keeps a largest term and a sum per row. Errors grow with the distance q = |z - m|^2
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

/// For each row the largest exponent so far, and the sum of the exponentials beside it.
void add_exponentials(const PairGroup& group, float half_inverse, float* largest, float* sums) {
  const FloatTag d;
  const int64_t lanes = vector_lanes();
  const auto factor = hn::Set(d, -half_inverse);
  for (int64_t i = 0; i < kPairRows; i += lanes) {
    const auto exponent = [&](int64_t j) {
      return hn::Mul(hn::LoadU(d, group.squares + j * kPairRows + i), factor);
    };
    const auto before = hn::LoadU(d, largest + i);
    auto top = before;
    for (int64_t j = 0; j < kPairGroup; ++j) top = hn::Max(top, exponent(j));
    auto sum = hn::Mul(hn::LoadU(d, sums + i), exp_nonpositive(d, hn::Sub(before, top)));
    for (int64_t j = 0; j < kPairGroup; ++j) {
      sum = hn::Add(sum, exp_nonpositive(d, hn::Sub(exponent(j), top)));
    }
    hn::StoreU(top, d, largest + i);
    hn::StoreU(sum, d, sums + i);
  }
}

void pair_logsumexps(const BatchCall& call) {
  const Mixture mixture = mixture_of(call);
  if (mixture.count == 0) return fill_rows(call, 1);
  HWY_ALIGN float largest[kPairRows], sums[kPairRows] = {};
  std::fill_n(largest, kPairRows, kNoTerm);
  PairTask(call, call.in[0], call.in[1]).visit([&](const PairGroup& group) {
    add_exponentials(group, mixture.half_inverse(), largest, sums);
  });
  for (int64_t i = call.first; i < call.end; ++i) {
    const auto r = static_cast<size_t>(i - call.first);
    const double value = static_cast<double>(largest[r]) + own_log(static_cast<double>(sums[r]));
    call.dst[i * call.dst_stride] = static_cast<float>(value + mixture.log_constant);
  }
}

/// What belongs to a row of z, by row of the task or of the group.
struct RowFactors {
  HWY_ALIGN float exponents[kPairRows], factors[kPairRows];
};

void load_factors(const BatchCall& call, const Mixture& mixture, int64_t first, int64_t end,
                  RowFactors& to) {
  const BatchCall::Input &out = call.in[3], &dy = call.in[4];
  to = {};
  for (int64_t i = first; i < end; ++i) {
    const double value = static_cast<double>(out.data[i * out.stride]);
    to.exponents[i - first] = static_cast<float>(mixture.log_constant - value);
    to.factors[i - first] = dy.data[i * dy.stride] * static_cast<float>(mixture.inverse);
  }
}

/// weights = factor exp(exponent - |z - m|^2 / (2 v)), below 1e-37 factor where a pair is left out.
/// The factors are
/// those of the rows of the task, or with kOfGroup of the rows of the group.
template <bool kOfGroup>
void set_weights(const PairGroup& group, const Mixture& mixture, const RowFactors& of,
                 float* weights) {
  const FloatTag d;
  const int64_t lanes = vector_lanes();
  const auto minus = hn::Set(d, -mixture.half_inverse());
  for (int64_t j = 0; j < kPairGroup; ++j) {
    for (int64_t i = 0; i < kPairRows; i += lanes) {
      const auto load = [&](const float* values) {
        return kOfGroup ? hn::Set(d, values[j]) : hn::LoadU(d, values + i);
      };
      const int64_t at = j * kPairRows + i;
      const auto exponent = hn::MulAdd(hn::LoadU(d, group.squares + at), minus, load(of.exponents));
      hn::StoreU(hn::Mul(exp_nonpositive(d, exponent), load(of.factors)), d, weights + at);
    }
  }
}

/// Adds for each row the sum of weights (|z - m|^2 / (2 v) - Z / 2).
void add_log_var_parts(const PairGroup& group, const Mixture& mixture, float half_size,
                       const float* weights, float* sums) {
  const FloatTag d;
  const auto half = hn::Set(d, mixture.half_inverse()), size = hn::Set(d, half_size);
  for (int64_t i = 0; i < kPairRows; i += vector_lanes()) {
    auto sum = hn::LoadU(d, sums + i);
    for (int64_t j = 0; j < kPairGroup; ++j) {
      const auto r2 = hn::LoadU(d, group.squares + j * kPairRows + i);
      const auto q = hn::Mul(hn::IfThenElseZero(hn::Lt(r2, hn::Inf(d)), r2), half);
      sum = hn::MulAdd(hn::LoadU(d, weights + j * kPairRows + i), hn::Sub(q, size), sum);
    }
    hn::StoreU(sum, d, sums + i);
  }
}

void pair_logsumexp_gradients(const BatchCall& call) {
  const BatchCall::Input &z = call.in[0], &m = call.in[1];
  const Mixture mixture = mixture_of(call);
  fill_rows(call, 2 * call.cols + 1);
  if (mixture.count == 0) return;
  HWY_ALIGN float weights[kPairGroup * kPairRows], of_log_var[kPairRows] = {};
  const float half_size = 0.5f * static_cast<float>(call.cols);
  RowFactors factors;
  load_factors(call, mixture, call.first, call.end, factors);
  PairTask of_z(call, z, m);
  of_z.visit([&](const PairGroup& group) {
    set_weights<false>(group, mixture, factors, weights);
    of_z.add_differences(group, weights);
    add_log_var_parts(group, mixture, half_size, weights, of_log_var);
  });
  of_z.finish(call.dst);
  for (int64_t i = call.first; i < call.end; ++i) {
    call.dst[i * call.dst_stride + 2 * call.cols] =
        of_log_var[i - call.first] / static_cast<float>(mixture.inverse);
  }
  PairTask of_m(call, m, z);
  of_m.visit([&](const PairGroup& group) {
    load_factors(call, mixture, group.first, group.first + group.count, factors);
    set_weights<true>(group, mixture, factors, weights);
    of_m.add_differences(group, weights);
  });
  of_m.finish(call.dst + call.cols);
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
