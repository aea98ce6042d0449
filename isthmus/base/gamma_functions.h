// SPDX-License-Identifier: Apache-2.0
// log Gamma and its derivatives in float64, for x > 0, by our own log and exp: no libm, so the bits
// are the same everywhere.
//
// Stirling's series from 8 on; below, the recurrence leads there. log Gamma on [1, 3] is
// (x - 1) (x - 2) times a polynomial in x - 2, so it stays exact beside its zeros. Errors, over
// 1e-6 .. 1e6 against 60 digits: log_gamma, digamma and trigamma 2e-14 relative (digamma: of
// max(|value|, 0.1), it has a zero at 1.4616); the differences 1e-13 of max(|value|, 0.01).
#pragma once

#include <array>

namespace isthmus {

/// log Gamma(x) = (x - 1) (x - 2) P(x - 2) for 1 <= x <= 3, lowest power first; relative error
/// 1.3e-17. Interpolated at Chebyshev nodes.
inline constexpr std::array<double, 28> kLogGammaNear = {
    0.42278433509846713,     -0.10031730167435392,    0.03296500062115691,
    -0.012384192193371805,   0.004998641164627129,    -0.0021081308339216706,
    0.0009153769240386907,   -0.0004057073983775151,  0.0001825526153982638,
    -8.309511477709561e-05,  3.816907658276081e-05,   -1.7661767658452517e-05,
    8.221234475942905e-06,   -3.846858091533014e-06,  1.8113906873056685e-06,
    -8.54560908975883e-07,   3.958940459367468e-07,   -1.878442644643758e-07,
    1.042041826608264e-07,   -4.9827532071170234e-08, 5.910565853507869e-09,
    -2.7296358592514825e-09, 1.6194359237484174e-08,  -7.842557720538356e-09,
    -4.312495770350818e-09,  2.0986002157033107e-09,  1.5746606982777302e-09,
    -7.639292345836201e-10};
/// log Gamma(x) = (x - 1/2) log x - x + log(2 pi) / 2 + S(1 / x^2) / x, lowest power first.
inline constexpr std::array<double, 8> kStirling = {1.0 / 12,    -1.0 / 360,      1.0 / 1260,
                                                    -1.0 / 1680, 1.0 / 1188,      -691.0 / 360360,
                                                    1.0 / 156,   -3617.0 / 122400};
/// digamma(x) = log x - 1 / (2 x) - D(1 / x^2) / x^2, lowest power first.
inline constexpr std::array<double, 8> kDigamma = {1.0 / 12,   -1.0 / 120,    1.0 / 252,
                                                   -1.0 / 240, 1.0 / 132,     -691.0 / 32760,
                                                   1.0 / 12,   -3617.0 / 8160};
/// trigamma(x) = 1 / x + 1 / (2 x^2) + T(1 / x^2) / x^3, lowest power first: Bernoulli numbers.
inline constexpr std::array<double, 8> kTrigamma = {
    1.0 / 6, -1.0 / 30, 1.0 / 42, -1.0 / 30, 5.0 / 66, -691.0 / 2730, 7.0 / 6, -3617.0 / 510};
inline constexpr double kHalfLog2Pi = 0.91893853320467274;
inline constexpr int kStirlingFrom = 8;  // the series hold from here on

/// log(x) within 1 unit of the last place or so; -inf at 0, NaN below.
double own_log(double x);
/// log(1 + x) for x >= 0, also where x is tiny.
double own_log1p(double x);
/// exp(x), 0 below -708 and infinity above 709.
double own_exp(double x);

/// Infinity at 0, NaN below.
double log_gamma(double x);
/// The derivative of log_gamma; -inf at 0, NaN below.
double digamma(double x);
/// The derivative of digamma; infinity at 0, NaN below.
double trigamma(double x);

/// log Gamma(x + r) - log Gamma(r) for x >= 0, r > 0, without the cancellation of the two: the
/// logarithms of r .. r + x - 1 for a count x of at most 16, else a difference of Stirling's terms.
double log_gamma_difference(double x, double r);
/// digamma(x + r) - digamma(r), likewise: the sum of 1 / (r + i).
double digamma_difference(double x, double r);

}  // namespace isthmus
