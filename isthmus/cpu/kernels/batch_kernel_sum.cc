// SPDX-License-Identifier: Apache-2.0
// Sums of kernels over all pairs of rows, and their gradient: see graph/ops/kernel_sum.cc.
//
// imq: with S the least of the scales C, c = C / S and t = S / (S + r), in (0, 1],
//   C / (C + r) = c t / (1 + (c - 1) t),
// so the sum over all scales is t P(t) / Q(t), and that of 2 C / (C + r)^2 is t^2 N(t) / Q(t)^2:
// two reciprocals for all scales. No coefficient is negative, so Horner's rule cancels nothing.
#include <algorithm>
#include <vector>

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

constexpr float kFarthest = 1e18f;  // beyond, r counts as this: t stays a normal number

/// The polynomial of each t, lowest power first.
HWY_INLINE void horner(const float* coefficients, int count, const Together& t, Together& out) {
  const FloatTag d;
  for (FloatVec& y : out) y = hn::Set(d, coefficients[count - 1]);
  for (int k = count - 2; k >= 0; --k) {
    const auto c = hn::Set(d, coefficients[k]);
    for (int u = 0; u < kTogether; ++u) out[u] = hn::MulAdd(out[u], t[u], c);
  }
}

template <bool kValues, bool kSlopes>
HWY_INLINE void add_fraction(const ImqFraction& f, const Together& squares, Together& values,
                             Together& slopes) {
  const FloatTag d;
  const auto least = hn::Set(d, f.least);
  Together t, quotient, sum;
  for (int u = 0; u < kTogether; ++u) {
    const auto r = at_most(d, squares[u], kFarthest);
    t[u] = hn::Mul(least, fast_reciprocal(d, hn::Add(least, r)));
  }
  horner(f.below.data(), f.count, t, quotient);
  for (int u = 0; u < kTogether; ++u) quotient[u] = hn::Mul(t[u], fast_reciprocal(d, quotient[u]));
  if constexpr (kValues) {
    horner(f.values.data(), f.count, t, sum);
    for (int u = 0; u < kTogether; ++u) values[u] = hn::MulAdd(sum[u], quotient[u], values[u]);
  }
  if constexpr (kSlopes) {
    horner(f.slopes.data(), 2 * f.count - 1, t, sum);
    for (int u = 0; u < kTogether; ++u) {
      slopes[u] = hn::MulAdd(hn::Mul(sum[u], quotient[u]), quotient[u], slopes[u]);
    }
  }
}

template <bool kValues, bool kSlopes>
HWY_INLINE void add_exponential(float scale, const Together& squares, Together& values,
                                Together& slopes) {
  const FloatTag d;
  for (int u = 0; u < kTogether; ++u) {
    const auto e = vector_exp(d, hn::Mul(squares[u], hn::Set(d, -0.5f / scale)));
    if constexpr (kValues) values[u] = hn::Add(values[u], e);
    if constexpr (kSlopes) slopes[u] = hn::MulAdd(e, hn::Set(d, 1.0f / scale), slopes[u]);
  }
}

/// The sums over the scales of k(r^2) and of -2 k'(r^2); 0 at infinity.
template <bool kValues, bool kSlopes>
HWY_INLINE void kernels_of(const BatchCall& call, const float* squares, Together& values,
                           Together& slopes) {
  const FloatTag d;
  Together r2;
  load_together(squares, r2);
  for (int u = 0; u < kTogether; ++u) values[u] = slopes[u] = hn::Zero(d);
  if (call.is_rbf) {
    for (float scale : call.scales) {
      add_exponential<kValues, kSlopes>(scale, r2, values, slopes);
    }
    return;
  }
  for (const ImqFraction& f : call.fractions) {
    add_fraction<kValues, kSlopes>(f, r2, values, slopes);
  }
  for (int u = 0; u < kTogether; ++u) {
    const auto counts = hn::Lt(r2[u], hn::Inf(d));
    values[u] = hn::IfThenElseZero(counts, values[u]);
    slopes[u] = hn::IfThenElseZero(counts, slopes[u]);
  }
}

/// For each row i of the task the sum of the kernels, to sums[i], and for each pair its slope times
/// (dy of the row of a, own[i], and with of_b dy of that of b), to weights.
template <bool kValues, bool kSlopes>
void sum_group(const BatchCall& call, const PairGroup& group, const float* own, bool of_b,
               float* sums, float* weights) {
  const FloatTag d;
  const BatchCall::Input& dy = call.in[2];
  for (int64_t i = 0; i < call.end - call.first; i += rows_together()) {
    Together sum, before, values, slopes, own_factors;
    for (FloatVec& s : sum) s = hn::Zero(d);
    if constexpr (kValues) load_together(sums + i, before);
    if constexpr (kSlopes) load_together(own + i, own_factors);
    for (int64_t j = 0; j < kPairGroup; ++j) {
      kernels_of<kValues, kSlopes>(call, group.squares + j * kPairRows + i, values, slopes);
      const bool found = of_b && j < group.count;
      const auto factor = hn::Set(d, found ? dy.data[(group.first + j) * dy.stride] : 0.0f);
      for (int u = 0; u < kTogether; ++u) {
        if constexpr (kValues) sum[u] = hn::Add(sum[u], values[u]);
        if constexpr (kSlopes) {
          hn::StoreU(hn::Mul(slopes[u], hn::Add(own_factors[u], factor)), d,
                     weights + j * kPairRows + i + u * vector_lanes());
        }
      }
    }
    if constexpr (kValues) {
      for (int u = 0; u < kTogether; ++u)
        hn::StoreU(hn::Add(before[u], sum[u]), d, sums + i + u * vector_lanes());
    }
  }
}

void store_sums(const BatchCall& call, const float* sums, float* dst, int64_t stride) {
  for (int64_t i = call.first; i < call.end; ++i) dst[i * stride] = sums[i - call.first];
}

void kernel_sums(const BatchCall& call) {
  HWY_ALIGN float sums[kPairRows] = {};
  PairTask(call, call.in[0], call.in[1]).visit([&](const PairGroup& group) {
    sum_group<true, false>(call, group, nullptr, false, sums, nullptr);
  });
  if (call.halved) {
    // Each kernel of a row with itself is 1.
    const float own = call.exclude_self ? 0.0f : static_cast<float>(call.scales.size());
    for (float& sum : sums) sum = 2 * sum + own;
  }
  store_sums(call, sums, call.dst, call.dst_stride);
}

/// Rows of `a` against all rows of `b`: the sums of (dy of the row of a, if `of_a`, and dy of that
/// of b, if `of_b`) s(a, b) (b - a); with kValues the sums of the kernels as well.
template <bool kValues>
void add_gradients(const BatchCall& call, const BatchCall::Input& a, const BatchCall::Input& b,
                   bool of_a, bool of_b) {
  HWY_ALIGN float own[kPairRows] = {}, sums[kPairRows] = {}, weights[kPairGroup * kPairRows];
  if (of_a) load_own(call, call.in[2], own);
  PairTask task(call, a, b);
  task.visit([&](const PairGroup& group) {
    sum_group<kValues, true>(call, group, own, of_b, sums, weights);
    task.add_differences(group, weights);
  });
  task.finish(call.dst);
  if constexpr (kValues) store_sums(call, sums, call.sums, call.sums_stride);
}

void kernel_sum_gradients(const BatchCall& call) {
  const BatchCall::Input &x = call.in[0], &y = call.in[1];
  for (int64_t i = call.first; i < call.end; ++i) {
    std::fill_n(call.dst + i * call.dst_stride, call.cols, 0.0f);
  }
  const bool of_all = call.of_first && call.of_second && x.data == y.data;
  const auto of_x = call.sums == nullptr ? add_gradients<false> : add_gradients<true>;
  if (call.of_first || call.sums != nullptr) of_x(call, x, y, call.of_first, of_all);
  if (call.of_second && !of_all) add_gradients<false>(call, y, x, false, true);
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace isthmus
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace isthmus {

namespace {

using Polynomial = std::vector<double>;  // lowest power first

Polynomial times(const Polynomial& a, const Polynomial& b) {
  Polynomial out(a.size() + b.size() - 1);
  for (size_t i = 0; i < a.size(); ++i) {
    for (size_t j = 0; j < b.size(); ++j) out[i + j] += a[i] * b[j];
  }
  return out;
}

ImqFraction fraction_of(std::span<const double> scales) {
  const double least = scales[0];
  ImqFraction f{.least = static_cast<float>(least), .count = static_cast<int>(scales.size())};
  const auto product_without = [&](size_t left_out) {
    Polynomial product = {1};
    for (size_t j = 1; j < scales.size(); ++j) {  // the factor of the least is 1
      if (j != left_out) product = times(product, {1, scales[j] / least - 1});
    }
    return product;
  };
  const auto add = [](const Polynomial& from, double factor, auto& to) {
    for (size_t k = 0; k < from.size(); ++k) to[k] += static_cast<float>(factor * from[k]);
  };
  add(product_without(0), 1, f.below);
  for (size_t i = 0; i < scales.size(); ++i) {
    const Polynomial others = product_without(i);
    add(others, scales[i] / least, f.values);
    add(times(others, others), 2 * scales[i] / (least * least), f.slopes);
  }
  return f;
}

}  // namespace

std::vector<ImqFraction> imq_fractions(std::vector<double> scales) {
  constexpr double kLargest = 1e34;  // of the coefficients, which are at most 2 Q(1)^2 / S
  std::sort(scales.begin(), scales.end());
  std::vector<ImqFraction> fractions;
  for (size_t first = 0, end = 0; first < scales.size(); first = end) {
    const double least = scales[first];
    double product = 1;  // Q(1)
    for (; end < scales.size() && end - first < kMostScales; ++end) {
      product *= scales[end] / least;
      if (end > first && product * product > kLargest * std::min(1.0, least)) break;
    }
    fractions.push_back(fraction_of(std::span(scales).subspan(first, end - first)));
  }
  return fractions;
}

HWY_EXPORT(kernel_sums);
HWY_EXPORT(kernel_sum_gradients);

void batch_kernel_sum(const BatchCall& call) noexcept { HWY_DYNAMIC_DISPATCH(kernel_sums)(call); }
void batch_kernel_sum_gradient(const BatchCall& call) noexcept {
  HWY_DYNAMIC_DISPATCH(kernel_sum_gradients)(call);
}

}  // namespace isthmus
#endif
