// SPDX-License-Identifier: Apache-2.0
// Draws of discrete and skewed distributions by inversion: one uniform, one value, increasing in
// the uniform. Float64 by our own log and exp, so the bits are the same everywhere. Not for loops
// over pixels in training: a draw costs tens of nanoseconds to microseconds.
#pragma once

namespace isthmus {

/// Poisson: the smallest k with P(X <= k) >= u, for 0 < u < 1 and rate >= 0 (taken as 2^24 above
/// it: larger counts are no whole float32). The probabilities are summed outwards from the mode,
/// within 1e-12 of exact; about 10 sqrt(rate) additions. NaN for arguments outside.
double poisson_quantile(double rate, double u);

/// Gamma with rate 1: the x with P(X <= x) = u, for 0 < u < 1 and shape > 0; relative error below
/// 1e-9, from shape 1e6 on by Wilson and Hilferty (1931) within 1e-7. Zero where x is below
/// 1e-300. NaN for arguments outside.
double gamma_quantile(double shape, double u);

/// Standard normal; |error| below 2e-9 (Acklam). NaN outside (0, 1).
double normal_quantile(double u);

/// P(X <= x) of the Gamma distribution with rate 1; error below 1e-12 for shapes up to 1e3, 1e-9 up
/// to 1e6.
double gamma_cdf(double shape, double x);

}  // namespace isthmus
