// SPDX-License-Identifier: Apache-2.0
// exp, log, log1p, expm1, tanh, sigmoid, softplus, erf and gelu of float32 vectors.
//
// Every multiply-add is written out, so compilers cannot change the bits. Largest errors in units
// of the last place, over a million values per function: exp, log and erf 1.3, log1p, expm1 and
// softplus 2, sigmoid and tanh 3, gelu 6. NaN gives NaN. Results below the smallest normal number
// may be zero. Coefficients: Remez fits, rounded to float32.
//
// Included inside Highway's per-target compilation (hence no #pragma once).
#if defined(ISTHMUS_VECTOR_MATH_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef ISTHMUS_VECTOR_MATH_H_
#undef ISTHMUS_VECTOR_MATH_H_
#else
#define ISTHMUS_VECTOR_MATH_H_
#endif

#include <cstdint>

#include "isthmus/cpu/kernels/vector_memory.h"

HWY_BEFORE_NAMESPACE();
namespace isthmus {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <class D>
using Ints = hn::RebindToSigned<D>;

inline constexpr float kLog2E = 1.44269504f;
inline constexpr float kRoundMagic = 12582912.0f;  // 1.5 * 2^23: adding it rounds to an integer
inline constexpr float kLn2High = 0.693359375f;    // few bits: n * high is exact
inline constexpr float kLn2Low = -2.12194440e-4f;  // ln 2 - high
inline constexpr float kExpLowest = -87.3365f;     // exp is a normal number above
inline constexpr float kExpHighest = 88.722839f;   // and finite below
inline constexpr float kSmallestNormal = 1.17549435e-38f;

/// Horner's rule, lowest power first.
template <class D, class V>
HWY_INLINE V polynomial(D d, V /*x*/, float last) {
  return hn::Set(d, last);
}
template <class D, class V, class... Rest>
HWY_INLINE V polynomial(D d, V x, float lowest, Rest... rest) {
  return hn::MulAdd(polynomial(d, x, rest...), x, hn::Set(d, lowest));
}

/// max(x, bound) and min(x, bound) that keep NaN.
template <class D, class V>
HWY_INLINE V at_least(D d, V x, float bound) {
#if ISTHMUS_PLAIN_TARGET
  return hn::IfThenElse(hn::Lt(x, hn::Set(d, bound)), hn::Set(d, bound), x);
#else
  return hn::Max(hn::Set(d, bound), x);  // a NaN in the second operand stays
#endif
}
template <class D, class V>
HWY_INLINE V at_most(D d, V x, float bound) {
#if ISTHMUS_PLAIN_TARGET
  return hn::IfThenElse(hn::Gt(x, hn::Set(d, bound)), hn::Set(d, bound), x);
#else
  return hn::Min(hn::Set(d, bound), x);
#endif
}

/// 1 / x without a division, for finite x that are neither 0 nor denormal; within 1.5 ulp.
template <class D, class V>
HWY_INLINE V fast_reciprocal(D d, V x) {
  const V one = hn::Set(d, 1.0f);
#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX2
  V r = hn::ApproximateReciprocal(x);  // 14 bits on AVX-512, 12 bits on AVX2
#if HWY_TARGET == HWY_AVX2
  r = hn::MulAdd(r, hn::NegMulAdd(x, r, one), r);
#endif
  return hn::MulAdd(r, hn::NegMulAdd(x, r, one), r);
#else
  return hn::Div(one, x);
#endif
}

/// x = n ln 2 + rest, |rest| <= ln 2 / 2; `shifted` holds n in the exponent's place, modulo 2^32.
template <class D>
struct ExpParts {
  hn::Vec<D> rest;
  hn::Vec<Ints<D>> shifted;
};
template <class D, class V>
HWY_INLINE ExpParts<D> split_exp(D d, V x) {
  const V magic = hn::Set(d, kRoundMagic);
  const V t = hn::MulAdd(x, hn::Set(d, kLog2E), magic);
  const V n = hn::Sub(t, magic);
  const V rest = hn::NegMulAdd(n, hn::Set(d, kLn2Low), hn::NegMulAdd(n, hn::Set(d, kLn2High), x));
  return {rest, hn::ShiftLeft<23>(hn::BitCast(Ints<D>(), t))};
}

/// exp(r) for |r| <= ln 2 / 2: relative error of the polynomial 4e-9.
template <class D, class V>
HWY_INLINE V exp_of_rest(D d, V r) {
  return polynomial(d, r, 1.0f, 1.0f, 4.999999404e-01f, 1.666651964e-01f, 4.166839272e-02f,
                    8.368780836e-03f, 1.381446607e-03f);
}

template <class D, class V>
HWY_INLINE V vector_exp(D d, V x) {
  const Ints<D> di;
  const auto parts = split_exp(d, at_most(d, at_least(d, x, kExpLowest), kExpHighest));
  const V p = exp_of_rest(d, parts.rest);
  V y = hn::BitCast(d, hn::Add(hn::BitCast(di, p), parts.shifted));
  y = hn::IfThenZeroElse(hn::Lt(x, hn::Set(d, kExpLowest)), y);
  y = hn::IfThenElse(hn::Gt(x, hn::Set(d, kExpHighest)), hn::Inf(d), y);
  return hn::IfThenElse(hn::IsNaN(x), x, y);
}

/// exp(x) for x <= 0: as vector_exp, but never below the smallest normal number.
template <class D, class V>
HWY_INLINE V exp_nonpositive(D d, V x) {
  const Ints<D> di;
  const auto parts = split_exp(d, at_least(d, x, kExpLowest));
  const V scale = hn::BitCast(d, hn::Add(parts.shifted, hn::Set(di, 127 << 23)));
  return hn::Mul(exp_of_rest(d, parts.rest), scale);
}

/// 2^n (1 + p) - 1 where x = n ln 2 + rest and p = exp(rest) - 1; x in [-40, 88.72].
template <class D, class V>
HWY_INLINE V expm1_bounded(D d, V x) {
  const Ints<D> di;
  const auto parts = split_exp(d, x);
  const V r = parts.rest;
  V p = polynomial(d, r, 0.5f, 1.666666567e-01f, 4.166635871e-02f, 8.333390579e-03f,
                   1.394072082e-03f, 1.984547416e-04f);
  p = hn::MulAdd(hn::Mul(r, r), p, r);
  // Half of everything: n may be 128.
  const V half_scale = hn::BitCast(d, hn::Add(parts.shifted, hn::Set(di, 126 << 23)));
  const V half = hn::MulAdd(p, half_scale, hn::Sub(half_scale, hn::Set(d, 0.5f)));
  return hn::Add(half, half);
}

template <class D, class V>
HWY_INLINE V vector_expm1(D d, V x) {
  const V y = expm1_bounded(d, at_most(d, at_least(d, x, -40.0f), kExpHighest));
  return hn::IfThenElse(hn::Gt(x, hn::Set(d, kExpHighest)), hn::Inf(d), y);
}

/// exponent * ln 2 + log(1 + f) for |f| <= 1/3.
template <class D, class V>
HWY_INLINE V log_of_parts(D d, V exponent, V f) {
  const V p = polynomial(d, f, -0.5f, 3.333320916e-01f, -2.499971390e-01f, 2.001079619e-01f,
                         -1.668244302e-01f, 1.400018483e-01f, -1.216536462e-01f, 1.401037276e-01f,
                         -1.295680553e-01f);
  const V low = hn::MulAdd(hn::Mul(f, f), p, hn::Mul(exponent, hn::Set(d, kLn2Low)));
  return hn::MulAdd(exponent, hn::Set(d, kLn2High), hn::Add(f, low));
}

inline constexpr int32_t kTwoThirdsBits = 0x3f2aaaab;  // 2/3 as float32

/// x = m 2^exponent with m in [2/3, 4/3), for normal positive x.
template <class D>
struct LogParts {
  hn::Vec<Ints<D>> exponent;
  hn::Vec<D> mantissa;
};
template <class D, class V>
HWY_INLINE LogParts<D> split_log(D d, V x) {
  const Ints<D> di;
  const auto bits = hn::BitCast(di, x);
  const auto exponent = hn::ShiftRight<23>(hn::Sub(bits, hn::Set(di, kTwoThirdsBits)));
  return {exponent, hn::BitCast(d, hn::Sub(bits, hn::ShiftLeft<23>(exponent)))};
}

/// log(x) for normal positive x.
template <class D, class V>
HWY_INLINE V log_of_normal(D d, V x) {
  const auto parts = split_log(d, x);
  return log_of_parts(d, hn::ConvertTo(d, parts.exponent),
                      hn::Sub(parts.mantissa, hn::Set(d, 1.0f)));
}

/// The value of a logarithm whose argument x is not in (0, inf): -inf at 0, NaN below, x else.
template <class D, class V>
HWY_INLINE V log_of_special(D d, V x) {
  const V zero = hn::Zero(d);
  const V negative = hn::IfThenElse(hn::Lt(x, zero), hn::NaN(d), x);
  return hn::IfThenElse(hn::Eq(x, zero), hn::Neg(hn::Inf(d)), negative);
}

template <class D, class V>
HWY_INLINE V vector_log(D d, V x) {
  const auto small = hn::Lt(x, hn::Set(d, kSmallestNormal));  // denormal: scaled by 2^23
  const V scaled = hn::IfThenElse(small, hn::Mul(x, hn::Set(d, 8388608.0f)), x);
  const auto parts = split_log(d, scaled);
  const V shift = hn::IfThenElseZero(small, hn::Set(d, -23.0f));
  const V exponent = hn::Add(hn::ConvertTo(d, parts.exponent), shift);
  const V y = log_of_parts(d, exponent, hn::Sub(parts.mantissa, hn::Set(d, 1.0f)));
  const auto ordinary = hn::And(hn::Gt(x, hn::Zero(d)), hn::Lt(x, hn::Inf(d)));
  return hn::IfThenElse(ordinary, y, log_of_special(d, x));
}

/// log(1 + x) for x in (-1, 2^24]: the exponent of 1 + x, applied to x itself, loses no bits of x.
template <class D, class V>
HWY_INLINE V log1p_bounded(D d, V x) {
  const Ints<D> di;
  const V one = hn::Set(d, 1.0f);
  const auto parts = split_log(d, hn::Add(one, x));
  const V scale = hn::BitCast(
      d, hn::Sub(hn::Set(di, 127 << 23), hn::ShiftLeft<23>(parts.exponent)));  // 2^-exponent
  const V f = hn::MulAdd(x, scale, hn::Sub(scale, one));
  return log_of_parts(d, hn::ConvertTo(d, parts.exponent), f);
}

template <class D, class V>
HWY_INLINE V vector_log1p(D d, V x) {
  const V one = hn::Set(d, 1.0f);
  const auto large = hn::Gt(x, hn::Set(d, 16777216.0f));
  const V y = hn::IfThenElse(large, log_of_normal(d, x), log1p_bounded(d, x));
  const auto ordinary = hn::And(hn::Gt(x, hn::Neg(one)), hn::Lt(x, hn::Inf(d)));
  return hn::IfThenElse(ordinary, y, log_of_special(d, hn::Add(x, one)));
}

template <class D, class V>
HWY_INLINE V vector_sigmoid(D d, V x) {
  const V below = hn::Neg(hn::Abs(x));
  V e = exp_nonpositive(d, below);
  e = hn::IfThenZeroElse(hn::Lt(below, hn::Set(d, kExpLowest)), e);
  const V r = fast_reciprocal(d, hn::Add(e, hn::Set(d, 1.0f)));
  return hn::IfThenElse(hn::Lt(x, hn::Zero(d)), hn::Mul(e, r), r);
}

/// log(1 + exp(-|x|)).
template <class D, class V>
HWY_INLINE V softplus_of_negative_size(D d, V x) {
  return log1p_bounded(d, exp_nonpositive(d, hn::Neg(hn::Abs(x))));
}

template <class D, class V>
HWY_INLINE V vector_softplus(D d, V x) {
  return hn::Add(at_least(d, x, 0.0f), softplus_of_negative_size(d, x));
}

template <class D, class V>
HWY_INLINE V vector_tanh(D d, V x) {
  const V size = hn::Abs(x);
  const V twice = at_least(d, hn::Mul(size, hn::Set(d, -2.0f)), -40.0f);
  const V m = expm1_bounded(d, twice);  // exp(-2 |x|) - 1
  const V t = hn::Mul(hn::Neg(m), fast_reciprocal(d, hn::Add(m, hn::Set(d, 2.0f))));
  return hn::CopySign(t, x);
}

/// exp(z^2) erfc(z) for z >= 0, by a polynomial in (z - 2) / (z + 2); exact enough up to z = 10.6.
template <class D, class V>
HWY_INLINE V scaled_erfc(D d, V z) {
  const V two = hn::Set(d, 2.0f);
  const V bounded = at_most(d, z, 10.6f);
  const V r = fast_reciprocal(d, hn::Add(bounded, two));
  const V t = hn::Add(r, r);
  const V q = hn::Mul(hn::Sub(bounded, two), r);
  return hn::Mul(
      t, polynomial(d, q, 5.107913613e-01f, -3.435803354e-01f, 1.397358775e-01f, -1.822094619e-02f,
                    -1.075272914e-02f, 3.238407662e-03f, 1.530936453e-03f, -4.175541690e-04f,
                    -2.963753068e-04f, 2.513278196e-05f, 3.563682185e-05f));
}

/// exp(-factor x^2), factor a power of two: the square is kept in two parts.
template <class D, class V>
HWY_INLINE V exp_of_square(D d, V x, float factor) {
  const V bounded = at_most(d, hn::Abs(x), 20.0f);
  const V scaled = hn::Mul(bounded, hn::Set(d, -factor));
  const V high = hn::Mul(bounded, scaled);
#if ISTHMUS_PLAIN_TARGET  // products are rounded: the low part by way of a 12-bit head
  const auto head_bits = hn::And(hn::BitCast(Ints<D>(), bounded), hn::Set(Ints<D>(), -4096));
  const V head = hn::BitCast(d, head_bits);
  const V rest = hn::Mul(hn::Sub(bounded, head), hn::Add(bounded, head));
  const V exact = hn::Mul(head, hn::Mul(head, hn::Set(d, -factor)));
  const V low = hn::Sub(hn::Sub(exact, high), hn::Mul(rest, hn::Set(d, factor)));
#else
  const V low = hn::MulSub(bounded, scaled, high);
#endif
  const V e = vector_exp(d, high);
  return hn::MulAdd(e, low, e);
}

template <class D, class V>
HWY_INLINE V vector_erf(D d, V x) {
  const V size = hn::Abs(x);
  const V u = hn::Mul(x, x);
  const V p = polynomial(d, u, 1.283791661e-01f, -3.761262596e-01f, 1.128358543e-01f,
                         -2.685381472e-02f, 5.188330542e-03f, -8.010202437e-04f, 7.853849820e-05f);
  const V near = hn::MulAdd(x, p, x);
  const V one = hn::Set(d, 1.0f);
  const V far = hn::NegMulAdd(exp_of_square(d, x, 1.0f), scaled_erfc(d, size), one);
  return hn::IfThenElse(hn::Gt(size, one), hn::CopySign(far, x), near);
}

/// x Phi(x), also exact where Phi is tiny.
template <class D, class V>
HWY_INLINE V vector_gelu(D d, V x) {
  const V z = hn::Mul(hn::Abs(x), hn::Set(d, 0.707106781f));
  const V half = hn::Set(d, 0.5f);
  const V tail = hn::Mul(hn::Mul(exp_of_square(d, x, 0.5f), scaled_erfc(d, z)), half);
  const V phi = hn::IfThenElse(hn::Lt(x, hn::Zero(d)), tail, hn::Sub(hn::Set(d, 1.0f), tail));
  return hn::Mul(x, phi);
}

}  // namespace HWY_NAMESPACE
}  // namespace isthmus
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
