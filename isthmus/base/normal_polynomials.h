// SPDX-License-Identifier: Apache-2.0
// The recipe that turns two uniforms into two standard normals (Box-Muller), for every device.
//
// The scalar functions below ARE the recipe: each line is one IEEE float32 operation (+ - * sqrt or
// an explicit fma) or one integer operation. A kernel that repeats the same operations in the same
// order gets the same bits; a kernel that contracts or reorders anything does not. No operand or
// result is ever denormal, so flush-to-zero changes nothing.
//
// Accuracy over all 2^23 uniforms: log relative 1e-7, sin and cos absolute 9e-8 (measured by
// rng_key_test). Coefficients: log from Cephes logf (S. Moshier), sin and cos of pi/2 * r
// interpolated at Chebyshev nodes of [-1/2, 1/2] in r^2.
#pragma once

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>

namespace isthmus {

/// log(1 + f) = f - f^2 / 2 + f^3 * P(f), highest power first.
inline constexpr std::array<float, 9> kLogCoefficients = {
    7.0376836292e-2f,  -1.1514610310e-1f, 1.1676998740e-1f,  -1.2420140846e-1f, 1.4249322787e-1f,
    -1.6668057665e-1f, 2.0000714765e-1f,  -2.4999993993e-1f, 3.3333331174e-1f};
inline constexpr uint32_t kSqrtHalfBits = 0x3f3504f3;  // sqrt(1/2) as float32
inline constexpr float kLn2High = 0.693359375f;        // few bits: exponent * high is exact
inline constexpr float kLn2Low = -2.12194440e-4f;

/// sin(pi/2 r) = r * S(r^2), highest power first.
inline constexpr std::array<float, 4> kSinCoefficients = {-0x1.2d9b40p-8f, 0x1.465ec4p-4f,
                                                          -0x1.4abbbap-1f, 0x1.921fb6p+0f};
/// cos(pi/2 r) = 1 + r^2 * C(r^2), highest power first.
inline constexpr std::array<float, 4> kCosCoefficients = {0x1.db6492p-11f, -0x1.55cb98p-6f,
                                                          0x1.03c1eap-2f, -0x1.3bd3ccp+0f};

/// log(x) for normal x > 0.
inline float recipe_log(float x) {
  const uint32_t bits = std::bit_cast<uint32_t>(x);
  const int32_t exponent = static_cast<int32_t>(bits - kSqrtHalfBits) >> 23;  // arithmetic shift
  // x = m * 2^exponent with m in [sqrt(1/2), sqrt(2)).
  const float m = std::bit_cast<float>(bits - (static_cast<uint32_t>(exponent) << 23));
  const float e = static_cast<float>(exponent);
  const float f = m - 1.0f;
  float p = kLogCoefficients[0];
  for (size_t i = 1; i < kLogCoefficients.size(); ++i) p = std::fma(p, f, kLogCoefficients[i]);
  const float f2 = f * f;
  const float f3 = f2 * f;
  float y = f3 * p;
  y = std::fma(e, kLn2Low, y);
  y = std::fma(-0.5f, f2, y);
  const float z = f + y;
  return std::fma(e, kLn2High, z);
}

struct SinCos {
  float sin = 0, cos = 0;
};
/// sin(2 pi u) and cos(2 pi u) for u in (0, 1).
inline SinCos recipe_sin_cos(float u) {
  const float t = u * 4.0f;                                // exact
  const int32_t quarter = static_cast<int32_t>(t + 0.5f);  // truncation; 0 .. 4
  const float r = t - static_cast<float>(quarter);         // exact; [-1/2, 1/2]
  const float z = r * r;
  float s = kSinCoefficients[0];
  float c = kCosCoefficients[0];
  for (size_t i = 1; i < kSinCoefficients.size(); ++i) {
    s = std::fma(s, z, kSinCoefficients[i]);
    c = std::fma(c, z, kCosCoefficients[i]);
  }
  s = r * s;
  c = std::fma(c, z, 1.0f);
  // A quarter turn swaps the two; the signs are set by exclusive or.
  const uint32_t q = static_cast<uint32_t>(quarter);
  const bool odd = (q & 1) != 0;
  const uint32_t sin_bits = std::bit_cast<uint32_t>(odd ? c : s) ^ ((q & 2) << 30);
  const uint32_t cos_bits = std::bit_cast<uint32_t>(odd ? s : c) ^ (((q + 1) & 2) << 30);
  return {std::bit_cast<float>(sin_bits), std::bit_cast<float>(cos_bits)};
}

/// Two independent standard normals from two uniforms in (0, 1).
inline std::array<float, 2> recipe_normal_pair(float u1, float u2) {
  const float radius = std::sqrt(-2.0f * recipe_log(u1));
  const SinCos turn = recipe_sin_cos(u2);
  return {radius * turn.cos, radius * turn.sin};
}

}  // namespace isthmus
