// SPDX-License-Identifier: Apache-2.0
// Two words of linear algebra on dense arrays, in double, each with one fixed order of additions:
// eight partial sums that a compiler may keep in vector registers, added in order at the end.
#pragma once

#include <array>
#include <cstddef>

namespace isthmus {

inline double dot(const double* a, const double* b, size_t count) {
  constexpr size_t kLanes = 8;
  std::array<double, kLanes> lanes{};
  size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    for (size_t l = 0; l < kLanes; ++l) lanes[l] += a[i + l] * b[i + l];
  }
  double sum = 0;
  for (double lane : lanes) sum += lane;
  for (; i < count; ++i) sum += a[i] * b[i];
  return sum;
}

/// a += factor * b
inline void add_scaled(double* a, const double* b, double factor, size_t count) {
  for (size_t i = 0; i < count; ++i) a[i] += factor * b[i];
}

}  // namespace isthmus
