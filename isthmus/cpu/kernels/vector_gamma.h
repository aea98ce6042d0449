// SPDX-License-Identifier: Apache-2.0
// log Gamma, its derivatives and their differences of float32 vectors, through float64: near their
// zeros, and where a difference would cancel, float32 has too few bits. The formulas are those of
// base/gamma_functions.h; on the table of testing/gamma_table.h every result is the rounded value.
//
// Where an argument lies below 8 the recurrence leads to 8: its eight steps are one fraction.
// Included inside Highway's per-target compilation (hence no #pragma once).
#if defined(ISTHMUS_VECTOR_GAMMA_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef ISTHMUS_VECTOR_GAMMA_H_
#undef ISTHMUS_VECTOR_GAMMA_H_
#else
#define ISTHMUS_VECTOR_GAMMA_H_
#endif

#include "isthmus/base/gamma_functions.h"
#include "isthmus/cpu/kernels/vector_math.h"

HWY_BEFORE_NAMESPACE();
namespace isthmus {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

HWY_INLINE DoubleVec wide(double value) { return hn::Set(DoubleTag(), value); }

template <size_t kCount>
HWY_INLINE DoubleVec series(const std::array<double, kCount>& c, DoubleVec x) {
  DoubleVec sum = wide(c[kCount - 1]);
  for (size_t k = kCount - 1; k-- > 0;) sum = hn::MulAdd(sum, x, wide(c[k]));
  return sum;
}

/// exponent * ln 2 + log(1 + f) for 1 + f in [sqrt(1/2), sqrt(2)).
HWY_INLINE DoubleVec wide_log_of_parts(DoubleVec exponent, DoubleVec f) {
  const DoubleVec s = hn::Div(f, hn::Add(f, wide(2.0)));
  const DoubleVec u = hn::Mul(s, s);
  DoubleVec p = wide(2.0 / 21);
  for (int k = 19; k >= 3; k -= 2) p = hn::MulAdd(p, u, wide(2.0 / k));
  const DoubleVec rest = hn::Mul(s, hn::NegMulAdd(u, p, f));  // f - log(1 + f)
  const DoubleVec low = hn::MulAdd(exponent, wide(0x1.a39ef35793c76p-33), hn::Sub(f, rest));
  return hn::MulAdd(exponent, wide(0x1.62e42fee00000p-1), low);
}

struct DoubleLogParts {
  DoubleVec exponent, mantissa;
};
/// x = mantissa 2^exponent, mantissa in [sqrt(1/2), sqrt(2)), for normal positive x.
HWY_INLINE DoubleLogParts split_double_log(DoubleVec x) {
  const DoubleTag d;
  const hn::RebindToUnsigned<DoubleTag> du;
  const auto bits = hn::BitCast(du, x);
  // 2^52 + the biased exponent, by its bits.
  const auto biased =
      hn::BitCast(d, hn::Or(hn::ShiftRight<52>(bits), hn::Set(du, 0x4330000000000000u)));
  const DoubleVec exponent = hn::Sub(biased, wide(4503599627370496.0 + 1023));
  const auto fraction = hn::And(bits, hn::Set(du, 0x000fffffffffffffu));
  const DoubleVec m = hn::BitCast(d, hn::Or(fraction, hn::Set(du, 0x3ff0000000000000u)));
  const auto above = hn::Gt(m, wide(1.4142135623730951));
  return {hn::IfThenElse(above, hn::Add(exponent, wide(1.0)), exponent),
          hn::IfThenElse(above, hn::Mul(m, wide(0.5)), m)};
}

HWY_INLINE DoubleVec wide_log(DoubleVec x) {
  const DoubleLogParts p = split_double_log(x);
  return wide_log_of_parts(p.exponent, hn::Sub(p.mantissa, wide(1.0)));
}

/// log(1 + x) for x >= 0.
HWY_INLINE DoubleVec wide_log1p(DoubleVec x) {
  const DoubleLogParts p = split_double_log(hn::Add(x, wide(1.0)));
  const auto small = hn::Lt(x, wide(0.41));
  return wide_log_of_parts(hn::IfThenElse(small, wide(0.0), p.exponent),
                           hn::IfThenElse(small, x, hn::Sub(p.mantissa, wide(1.0))));
}

HWY_INLINE DoubleVec stirling_rest(DoubleVec x) {
  const DoubleVec v = hn::Div(wide(1.0), x);
  return hn::Mul(v, series(kStirling, hn::Mul(v, v)));
}
HWY_INLINE DoubleVec digamma_rest(DoubleVec x) {
  const DoubleVec v = hn::Div(wide(1.0), x);
  const DoubleVec u = hn::Mul(v, v);
  return hn::MulAdd(u, series(kDigamma, u), hn::Mul(v, wide(0.5)));
}

HWY_INLINE DoubleVec wide_lgamma(DoubleVec x) {
  const DoubleVec one = wide(1.0);
  const auto below_one = hn::Lt(x, one), near = hn::Lt(x, wide(3.0));
  // Near: (t - 1) (t - 2) P(t - 2) with t = x or x + 1.
  const DoubleVec y = hn::Sub(x, hn::IfThenElse(below_one, one, wide(2.0)));
  const DoubleVec t = hn::IfThenElse(below_one, x, hn::Sub(x, one));  // t - 1
  const DoubleVec by_series = hn::Mul(hn::Mul(t, y), series(kLogGammaNear, y));
  // Far: five steps lead from 3 to 8.
  const auto low = hn::Lt(x, wide(kStirlingFrom));
  const DoubleVec z = hn::IfThenElse(low, hn::Add(x, wide(5.0)), x);
  DoubleVec product = x;
  for (int i = 1; i < 5; ++i) product = hn::Mul(product, hn::Add(x, wide(i)));
  const DoubleVec log = wide_log(hn::IfThenElse(below_one, x, z));
  DoubleVec far = hn::MulAdd(hn::Sub(z, wide(0.5)), hn::Sub(log, one), wide(kHalfLog2Pi - 0.5));
  far = hn::Add(far, stirling_rest(z));
  far = hn::IfThenElse(low, hn::Sub(far, wide_log(product)), far);
  const DoubleVec first = hn::IfThenElse(below_one, hn::Sub(by_series, log), by_series);
  return hn::IfThenElse(near, first, far);
}

/// The sum over i < 8 of 1 / f(x + i) for positive f, as one fraction.
template <class F>
HWY_INLINE DoubleVec sum_of_inverses(F f) {
  DoubleVec above = wide(1.0), below = f(0);
  for (int i = 1; i < kStirlingFrom; ++i) {
    const DoubleVec v = f(i);
    above = hn::MulAdd(above, v, below);
    below = hn::Mul(below, v);
  }
  return hn::Div(above, below);
}

HWY_INLINE DoubleVec wide_digamma(DoubleVec x) {
  const auto low = hn::Lt(x, wide(kStirlingFrom));
  const DoubleVec z = hn::IfThenElse(low, hn::Add(x, wide(kStirlingFrom)), x);
  const DoubleVec from = hn::IfThenElse(low, x, wide(1.0));
  const DoubleVec steps = sum_of_inverses([&](int i) { return hn::Add(from, wide(i)); });
  const DoubleVec far = hn::Sub(wide_log(z), digamma_rest(z));
  return hn::IfThenElse(low, hn::Sub(far, steps), far);
}

HWY_INLINE DoubleVec wide_trigamma(DoubleVec x) {
  const auto low = hn::Lt(x, wide(kStirlingFrom));
  const DoubleVec z = hn::IfThenElse(low, hn::Add(x, wide(kStirlingFrom)), x);
  const DoubleVec from = hn::IfThenElse(low, x, wide(1.0));
  const DoubleVec steps = sum_of_inverses([&](int i) {
    const DoubleVec v = hn::Add(from, wide(i));
    return hn::Mul(v, v);
  });
  const DoubleVec v = hn::Div(wide(1.0), z);
  const DoubleVec p = hn::MulAdd(v, series(kTrigamma, hn::Mul(v, v)), wide(0.5));
  const DoubleVec far = hn::MulAdd(hn::Mul(v, v), p, v);
  return hn::IfThenElse(low, hn::Add(far, steps), far);
}

HWY_INLINE DoubleVec wide_lgamma_difference(DoubleVec x, DoubleVec r) {
  const auto low = hn::Lt(r, wide(kStirlingFrom));
  const DoubleVec z = hn::IfThenElse(low, hn::Add(r, wide(kStirlingFrom)), r);
  const DoubleVec from = hn::IfThenElse(low, r, wide(1.0));
  DoubleVec above = hn::Add(x, from), below = from;
  for (int i = 1; i < kStirlingFrom; ++i) {
    const DoubleVec v = hn::Add(from, wide(i));
    above = hn::Mul(above, hn::Add(x, v));
    below = hn::Mul(below, v);
  }
  const DoubleVec steps = wide_log(hn::Div(above, below));
  const DoubleVec sum = hn::Add(x, z);
  const DoubleVec growth = hn::Mul(hn::Sub(z, wide(0.5)), wide_log1p(hn::Div(x, z)));
  DoubleVec far = hn::MulAdd(x, hn::Sub(wide_log(sum), wide(1.0)), growth);
  far = hn::Add(far, hn::Sub(stirling_rest(sum), stirling_rest(z)));
  return hn::IfThenElse(low, hn::Sub(far, steps), far);
}

HWY_INLINE DoubleVec wide_digamma_difference(DoubleVec x, DoubleVec r) {
  const auto low = hn::Lt(r, wide(kStirlingFrom));
  const DoubleVec z = hn::IfThenElse(low, hn::Add(r, wide(kStirlingFrom)), r);
  const DoubleVec from = hn::IfThenElse(low, r, wide(1.0));
  // 1 / (v (x + v) / (x + 1)): the factor keeps the products of large counts small.
  const DoubleVec scale = hn::Div(wide(1.0), hn::Add(x, wide(1.0)));
  const DoubleVec steps = sum_of_inverses([&](int i) {
    const DoubleVec v = hn::Add(from, wide(i));
    return hn::Mul(v, hn::Mul(hn::Add(x, v), scale));
  });
  const DoubleVec rest = hn::Sub(digamma_rest(z), digamma_rest(hn::Add(x, z)));
  const DoubleVec far = hn::Add(wide_log1p(hn::Div(x, z)), rest);
  return hn::IfThenElse(low, hn::MulAdd(hn::Mul(x, scale), steps, far), far);
}

/// f of the float64 halves of x; `at_zero` at 0, `at_infinity` there, NaN below 0.
template <class D, class V, class F>
HWY_INLINE V gamma_like(D d, V x, V at_zero, V at_infinity, F f) {
  const V zero = hn::Zero(d);
  const auto ordinary = hn::And(hn::Gt(x, zero), hn::Lt(x, hn::Inf(d)));
  const auto parts = to_double(hn::IfThenElse(ordinary, x, hn::Set(d, 1.0f)));
  const V y = to_float({f(parts.low), f(parts.high)});
  V special = hn::IfThenElse(hn::Eq(x, zero), at_zero, hn::NaN(d));
  special = hn::IfThenElse(hn::Eq(x, hn::Inf(d)), at_infinity, special);
  return hn::IfThenElse(ordinary, y, special);
}

/// f of the float64 halves of x >= 0 and r > 0; NaN elsewhere.
template <class D, class V, class F>
HWY_INLINE V gamma_difference(D d, V x, V r, F f) {
  const V zero = hn::Zero(d);
  const auto inside = hn::And(hn::Ge(x, zero), hn::Gt(r, zero));
  const auto xs = to_double(hn::IfThenElseZero(inside, x));
  const auto rs = to_double(hn::IfThenElse(inside, r, hn::Set(d, 1.0f)));
  const V y = to_float({f(xs.low, rs.low), f(xs.high, rs.high)});
  return hn::IfThenElse(inside, y, hn::NaN(d));
}

}  // namespace HWY_NAMESPACE
}  // namespace isthmus
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
