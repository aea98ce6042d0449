// SPDX-License-Identifier: Apache-2.0
// pow of float32 vectors through float64: b log a needs more bits than float32 has.
// Included inside Highway's per-target compilation (hence no #pragma once).
#if defined(ISTHMUS_VECTOR_POW_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef ISTHMUS_VECTOR_POW_H_
#undef ISTHMUS_VECTOR_POW_H_
#else
#define ISTHMUS_VECTOR_POW_H_
#endif

#include "isthmus/cpu/kernels/vector_math.h"

HWY_BEFORE_NAMESPACE();
namespace isthmus {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// b * (exponent ln 2 + log(1 + f)), |f| <= 1/3, by the series of the inverse hyperbolic tangent.
HWY_INLINE DoubleVec scaled_log(DoubleVec b, DoubleVec exponent, DoubleVec f) {
  const DoubleTag d;
  const auto s = hn::Div(f, hn::Add(f, hn::Set(d, 2.0)));
  const auto u = hn::Mul(s, s);
  auto p = hn::Set(d, 2.0 / 15);
  for (const double c : {2.0 / 13, 2.0 / 11, 2.0 / 9, 2.0 / 7, 2.0 / 5, 2.0 / 3, 2.0}) {
    p = hn::MulAdd(p, u, hn::Set(d, c));
  }
  const auto log = hn::MulAdd(exponent, hn::Set(d, 0.69314718055994531), hn::Mul(s, p));
  return hn::Mul(b, log);
}

/// y = n ln 2 + rest with n whole.
struct DoubleExpParts {
  DoubleVec n, rest;
};
HWY_INLINE DoubleExpParts split_exp_double(DoubleVec y) {
  const DoubleTag d;
  const auto magic = hn::Set(d, 6755399441055744.0);  // 1.5 * 2^52: adding it rounds
  const auto n = hn::Sub(hn::MulAdd(y, hn::Set(d, 1.4426950408889634), magic), magic);
  return {n, hn::NegMulAdd(n, hn::Set(d, 0.69314718055994531), y)};
}

/// exp(b log size) for size >= 0 (0 and infinity included).
template <class D, class V>
HWY_INLINE V pow_of_size(D d, V size, V b) {
  const Ints<D> di;
  const auto denormal = hn::Lt(size, hn::Set(d, kSmallestNormal));
  const V scaled = hn::IfThenElse(denormal, hn::Mul(size, hn::Set(d, 8388608.0f)), size);
  const auto parts = split_log(d, scaled);
  const V shift = hn::IfThenElseZero(denormal, hn::Set(d, -23.0f));
  const auto e = to_double(hn::Add(hn::ConvertTo(d, parts.exponent), shift));
  const auto f = to_double(hn::Sub(parts.mantissa, hn::Set(d, 1.0f)));
  const auto bb = to_double(b);
  const DoublePair y = {scaled_log(bb.low, e.low, f.low), scaled_log(bb.high, e.high, f.high)};
  const auto low = split_exp_double(y.low), high = split_exp_double(y.high);
  // At 0 and infinity only the sign of b * log matters.
  const auto edge = hn::Or(hn::Eq(size, hn::Zero(d)), hn::Eq(size, hn::Inf(d)));
  const V at_edge =
      hn::Mul(b, hn::IfThenElse(hn::Eq(size, hn::Zero(d)), hn::Neg(hn::Inf(d)), hn::Inf(d)));
  const V size_log = hn::IfThenElse(edge, at_edge, to_float(y));
  const V n = at_most(d, at_least(d, to_float({low.n, high.n}), -126.0f), 128.0f);
  const V rest = at_most(d, at_least(d, to_float({low.rest, high.rest}), -0.35f), 0.35f);
  const auto t = hn::BitCast(di, hn::Add(n, hn::Set(d, kRoundMagic)));
  const V p = exp_of_rest(d, rest);
  V value = hn::BitCast(d, hn::Add(hn::BitCast(di, p), hn::ShiftLeft<23>(t)));
  value = hn::IfThenZeroElse(hn::Lt(size_log, hn::Set(d, kExpLowest)), value);
  value = hn::IfThenElse(hn::Gt(size_log, hn::Set(d, kExpHighest)), hn::Inf(d), value);
  return hn::IfThenElse(hn::IsNaN(size_log), hn::NaN(d), value);
}

/// a to the power b, with the special values of std::pow: pow(a, 0) and pow(1, b) are 1; a negative
/// base needs a whole exponent.
template <class D, class V>
HWY_INLINE V vector_pow(D d, V a, V b) {
  const V one = hn::Set(d, 1.0f), zero = hn::Zero(d);
  const V size = hn::Abs(a);
  V value = hn::IfThenElse(hn::Eq(size, one), one, pow_of_size(d, size, b));
  const auto huge = hn::Gt(hn::Abs(b), hn::Set(d, 8388608.0f));
  const auto very_huge = hn::Gt(hn::Abs(b), hn::Set(d, 16777216.0f));
  const auto whole = hn::Or(huge, hn::Eq(hn::Round(b), b));
  const V half = hn::Mul(b, hn::Set(d, 0.5f));
  const auto odd = hn::AndNot(very_huge, hn::And(whole, hn::Ne(hn::Round(half), half)));
  const V with_sign = hn::IfThenElse(odd, hn::CopySign(value, a), value);
  const auto finite_below = hn::And(hn::Lt(a, zero), hn::Gt(a, hn::Neg(hn::Inf(d))));
  value = hn::IfThenElse(hn::AndNot(whole, finite_below), hn::NaN(d), with_sign);
  const auto is_one = hn::Or(hn::Eq(b, zero), hn::Eq(a, one));
  return hn::IfThenElse(is_one, one, value);
}

}  // namespace HWY_NAMESPACE
}  // namespace isthmus
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
