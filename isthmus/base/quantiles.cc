// SPDX-License-Identifier: Apache-2.0
// Inverse distribution functions, one value at a time.
#include "isthmus/base/quantiles.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "isthmus/base/gamma_functions.h"

namespace isthmus {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kHighestRate = 16'777'216;     // 2^24
constexpr double kNegligible = 1e-18;           // a term that changes no sum
constexpr double kWilsonHilfertyFrom = 1e6;     // shapes
constexpr double kSmallestLogGammaDraw = -690;  // log of 1e-300

/// n^n e^-n / Gamma(n + 1) times (x / n)^n e^(n - x), x > 0: the Poisson probability of n at rate
/// x, and x / n times the Gamma density. From 8 on by Stirling, where the large terms have
/// cancelled.
double poisson_mass(double n, double x) {
  if (n < kStirlingFrom) return own_exp(n * own_log(x) - x - log_gamma(n + 1));
  double rest = 0;
  for (size_t k = kStirling.size(); k-- > 0;) rest = rest / (n * n) + kStirling[k];
  const double excess = (x - n) / n;
  const double log_ratio = excess < 0 ? own_log(x / n) : own_log1p(excess);
  return own_exp(n * (log_ratio - excess) - rest / n) / std::sqrt(2 * std::numbers::pi * n);
}

/// x^a e^-x / Gamma(a + 1) (1 + x / (a + 1) + x^2 / ((a + 1) (a + 2)) + ...), for x < a + 1.
double lower_series(double a, double x) {
  double term = 1, sum = 1;
  for (double n = a + 1; term > sum * 1e-17; n += 1) {
    term *= x / n;
    sum += term;
  }
  return poisson_mass(a, x) * sum;
}

/// The upper tail by Lentz's continued fraction, for x >= a + 1.
double upper_fraction(double a, double x) {
  constexpr double kTiny = 1e-300;
  double b = x + 1 - a, c = 1 / kTiny, d = 1 / b, h = d;
  for (int k = 1; k < 100'000; ++k) {
    const double factor = -k * (k - a);
    b += 2;
    d = 1 / (factor * d + b);
    c = b + factor / c;
    const double change = c * d;
    h *= change;
    if (std::fabs(change - 1) < 1e-16) break;
  }
  return poisson_mass(a, x) * a * h;
}

/// Cornish-Fisher's cube: a (1 - 1 / (9 a) + z / (3 sqrt a))^3.
double wilson_hilferty(double a, double u) {
  const double s = 1 - 1 / (9 * a) + normal_quantile(u) / (3 * std::sqrt(a));
  return a * s * s * s;
}

/// log x where to start: the cube, or for small shapes and values x^a / Gamma(a + 1) = u.
double first_guess(double a, double u) {
  const double small = (own_log(u) + log_gamma(a + 1)) / a;
  const double cube = wilson_hilferty(a, u);
  return small < own_log(0.2 * (a + 1)) || !(cube > 0) ? small : own_log(cube);
}

}  // namespace

double normal_quantile(double u) {
  if (!(u > 0 && u < 1)) return kNan;
  const double q = u - 0.5;
  if (std::fabs(q) <= 0.47575) {
    const double r = q * q;
    const double above =
        (((((-39.69683028665376 * r + 220.9460984245205) * r - 275.9285104469687) * r +
           138.3577518672690) *
              r -
          30.66479806614716) *
             r +
         2.506628277459239);
    const double below =
        ((((-54.47609879822406 * r + 161.5858368580409) * r - 155.6989798598866) * r +
          66.80131188771972) *
             r -
         13.28068155288572) *
            r +
        1;
    return q * above / below;
  }
  const double r = std::sqrt(-2 * own_log(q < 0 ? u : 1 - u));
  const double above =
      ((((-0.007784894002430293 * r - 0.3223964580411365) * r - 2.400758277161838) * r -
        2.549732539343734) *
           r +
       4.374664141464968) *
          r +
      2.938163982698783;
  const double below =
      (((0.007784695709041462 * r + 0.3224671290700398) * r + 2.445134137142996) * r +
       3.754408661907416) *
          r +
      1;
  return q < 0 ? above / below : -above / below;
}

double gamma_cdf(double shape, double x) {
  if (!(x > 0)) return 0;
  return x < shape + 1 ? lower_series(shape, x) : 1 - upper_fraction(shape, x);
}

double gamma_quantile(double shape, double u) {
  if (!(shape > 0 && u > 0 && u < 1)) return kNan;
  if (shape >= kWilsonHilfertyFrom) return wilson_hilferty(shape, u);
  double t = first_guess(shape, u);  // log x
  if (t < kSmallestLogGammaDraw) return 0;
  double low = -1e300, high = 1e300;
  for (int k = 0; k < 100; ++k) {
    const double x = own_exp(t), error = gamma_cdf(shape, x) - u;
    (error > 0 ? high : low) = t;
    double next = t - error / (shape * poisson_mass(shape, x));
    // Newton's step, unless it leaves what is known: then half way, or a unit where nothing is.
    if (!(next > low && next < high)) {
      next = low < -1e299 ? t - 1 : high > 1e299 ? t + 1 : 0.5 * (low + high);
    }
    const bool done = std::fabs(next - t) < 1e-12;
    t = next;
    if (done) break;
  }
  return t < kSmallestLogGammaDraw ? 0 : own_exp(t);
}

double poisson_quantile(double rate, double u) {
  if (!(rate >= 0 && u > 0 && u < 1)) return kNan;
  if (rate == 0) return 0;
  rate = std::min(rate, kHighestRate);
  const double mode = std::floor(rate);
  const double peak = poisson_mass(mode, rate);
  double below = 0, k = mode;  // P(X < mode)
  for (double p = peak; k > 0 && p > kNegligible;) {
    p *= k / rate;
    below += p;
    k -= 1;
  }
  double p = peak;
  k = mode;
  if (below >= u) {
    while (k > 0 && below >= u) {  // below = P(X < k) >= u: k is too large
      p *= k / rate;
      k -= 1;
      below -= p;
    }
    return k;
  }
  for (double sum = below + p; sum < u && p > kNegligible; sum += p) {
    k += 1;
    p *= rate / k;
  }
  return k;
}

}  // namespace isthmus
