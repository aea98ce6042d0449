// SPDX-License-Identifier: Apache-2.0
// The gamma functions one value at a time. It computes no vectors: kernels repeat these formulas.
#include "isthmus/base/gamma_functions.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

namespace isthmus {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kLn2High = 0x1.62e42fee00000p-1;  // few bits: exponent * high is exact
constexpr double kLn2Low = 0x1.a39ef35793c76p-33;
constexpr int kMostTerms = 16;  // counts up to this are summed one by one

template <class Coefficients>
double polynomial(const Coefficients& c, double x) {
  double sum = 0;
  for (size_t k = c.size(); k-- > 0;) sum = sum * x + c[k];
  return sum;
}

/// exponent * ln 2 + log(1 + f) for 1 + f in [sqrt(1/2), sqrt(2)): 2 atanh(f / (2 + f)).
double log_of_parts(double exponent, double f) {
  const double s = f / (2 + f), u = s * s;
  double p = 0;
  for (int k = 21; k >= 3; k -= 2) p = p * u + 2.0 / k;
  // 2 s = f - s f, and s f is small: f carries the digits.
  return exponent * kLn2High + (f - (s * (f - u * p) - exponent * kLn2Low));
}

struct Parts {
  double exponent, mantissa;
};
Parts split(double x) {
  int exponent = 0;
  double mantissa = std::frexp(x, &exponent);  // [1/2, 1), exact
  if (mantissa < 0.70710678118654752) {
    mantissa *= 2;
    --exponent;
  }
  return {static_cast<double>(exponent), mantissa};
}

/// What log Gamma adds to (x - 1/2) log x - x + log(2 pi) / 2.
double stirling_rest(double x) { return polynomial(kStirling, 1 / (x * x)) / x; }
/// What digamma subtracts from log x.
double digamma_rest(double x) { return 0.5 / x + polynomial(kDigamma, 1 / (x * x)) / (x * x); }

bool is_few(double x) { return x <= kMostTerms && x == std::floor(x); }

/// x log(1 + x / r) and so on for r >= 8: every term has the sign of the sum, but for x itself.
double stirling_difference(double x, double r) {
  return (r - 0.5) * own_log1p(x / r) + x * (own_log(x + r) - 1) +
         (stirling_rest(x + r) - stirling_rest(r));
}

}  // namespace

double own_log(double x) {
  if (!(x > 0)) return x == 0 ? -kInfinity : kNan;
  if (x == kInfinity) return x;
  const Parts p = split(x);
  return log_of_parts(p.exponent, p.mantissa - 1);
}

double own_log1p(double x) {
  if (x < 0.41) return log_of_parts(0, x);
  return own_log(1 + x);
}

double own_exp(double x) {
  if (std::isnan(x)) return x;
  if (x < -708) return 0;
  if (x > 709) return kInfinity;
  const double n = std::floor(x * 1.4426950408889634 + 0.5);
  const double r = (x - n * kLn2High) - n * kLn2Low;
  double sum = 1;
  for (int k = 14; k >= 1; --k) sum = 1 + sum * r / k;
  return std::ldexp(sum, static_cast<int>(n));
}

double log_gamma(double x) {
  if (!(x > 0)) return x == 0 ? kInfinity : kNan;
  if (x < 1) return x * (x - 1) * polynomial(kLogGammaNear, x - 1) - own_log(x);
  if (x < 3) return (x - 1) * (x - 2) * polynomial(kLogGammaNear, x - 2);
  if (x == kInfinity) return x;
  double product = 1;
  for (; x < kStirlingFrom; x += 1) product *= x;
  return (x - 0.5) * (own_log(x) - 1) - 0.5 + kHalfLog2Pi + stirling_rest(x) - own_log(product);
}

double digamma(double x) {
  if (!(x > 0)) return x == 0 ? -kInfinity : kNan;
  if (x == kInfinity) return x;
  double sum = 0;
  for (; x < kStirlingFrom; x += 1) sum += 1 / x;
  return own_log(x) - digamma_rest(x) - sum;
}

double trigamma(double x) {
  if (!(x > 0)) return x == 0 ? kInfinity : kNan;
  double sum = 0;
  for (; x < kStirlingFrom; x += 1) sum += 1 / (x * x);
  const double u = 1 / x;
  return sum + u + u * u * (0.5 + u * polynomial(kTrigamma, u * u));
}

double log_gamma_difference(double x, double r) {
  if (!(x >= 0 && r > 0)) return kNan;
  double below = 0;
  if (is_few(x)) {
    for (int i = 0; i < static_cast<int>(x); ++i) below += own_log(r + i);
    return below;
  }
  for (; r < kStirlingFrom; r += 1) below += own_log1p(x / r);
  return stirling_difference(x, r) - below;
}

double digamma_difference(double x, double r) {
  if (!(x >= 0 && r > 0)) return kNan;
  double sum = 0;
  if (is_few(x)) {
    for (int i = 0; i < static_cast<int>(x); ++i) sum += 1 / (r + i);
    return sum;
  }
  for (; r < kStirlingFrom; r += 1) sum += x / (r * (x + r));
  return sum + own_log1p(x / r) + (digamma_rest(r) - digamma_rest(x + r));
}

}  // namespace isthmus
