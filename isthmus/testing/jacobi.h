// SPDX-License-Identifier: Apache-2.0
// Linear algebra for tests, by methods that the product does not use: eigenvectors by Jacobi
// rotations, a normal density by elimination. Small, obvious, double. Not part of the product.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <numeric>
#include <string>
#include <vector>

#include "isthmus/testing/leaf_values.h"

namespace isthmus {

using Matrix = std::vector<std::vector<double>>;

inline Matrix square(size_t n) { return Matrix(n, std::vector<double>(n)); }

/// Items of `width` values that vary differently in different directions.
inline std::vector<float> items(int64_t count, int64_t width) {
  std::vector<float> values;
  for (int64_t i = 0; i < count; ++i) {
    const std::vector<double> z = normal_values("item " + std::to_string(i), width);
    for (int64_t j = 0; j < width; ++j) {
      const double own = z[size_t(j)] * (0.3 + 0.4 * double(j));
      const double shared = z[0] * (j % 2 == 0 ? 1.5 : -0.7);
      values.push_back(static_cast<float>(0.5 * double(j) + own + shared));
    }
  }
  return values;
}

inline std::vector<double> mean_of(const std::vector<float>& x, size_t d) {
  std::vector<double> mean(d);
  for (size_t i = 0; i < x.size(); ++i) mean[i % d] += x[i] / (double(x.size()) / double(d));
  return mean;
}

/// Over N, not N - 1.
inline Matrix covariance_of(const std::vector<float>& x, size_t d) {
  const std::vector<double> mean = mean_of(x, d);
  const size_t n = x.size() / d;
  Matrix c = square(d);
  for (size_t i = 0; i < n; ++i) {
    for (size_t a = 0; a < d; ++a) {
      for (size_t b = 0; b < d; ++b) {
        c[a][b] += (x[i * d + a] - mean[a]) * (x[i * d + b] - mean[b]) / double(n);
      }
    }
  }
  return c;
}

struct Eigen {
  std::vector<double> values;  // largest first
  Matrix vectors;              // by row, largest entry positive
};

/// Cyclic Jacobi rotations (1846): nothing in common with the solver of the product.
inline Eigen jacobi(Matrix a) {
  const size_t n = a.size();
  Matrix v = square(n);
  for (size_t i = 0; i < n; ++i) v[i][i] = 1;
  for (int sweep = 0; sweep < 60; ++sweep) {
    for (size_t p = 0; p < n; ++p) {
      for (size_t q = p + 1; q < n; ++q) {
        const double angle = 0.5 * std::atan2(2 * a[p][q], a[q][q] - a[p][p]);
        const double c = std::cos(angle), s = std::sin(angle);
        for (size_t k = 0; k < n; ++k) {
          const double x = a[k][p], y = a[k][q];
          a[k][p] = c * x - s * y;
          a[k][q] = s * x + c * y;
        }
        for (size_t k = 0; k < n; ++k) {
          const double x = a[p][k], y = a[q][k], t = v[p][k], u = v[q][k];
          a[p][k] = c * x - s * y;
          a[q][k] = s * x + c * y;
          v[p][k] = c * t - s * u;
          v[q][k] = s * t + c * u;
        }
      }
    }
  }
  std::vector<size_t> order(n);
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::sort(order, [&](size_t i, size_t j) { return a[i][i] > a[j][j]; });
  Eigen eigen;
  for (size_t i : order) {
    eigen.values.push_back(a[i][i]);
    const auto largest =
        std::ranges::max_element(v[i], {}, [](double entry) { return std::fabs(entry); });
    const double sign = *largest < 0 ? -1 : 1;
    for (double& entry : v[i]) entry *= sign;
    eigen.vectors.push_back(v[i]);
  }
  return eigen;
}

/// Log density of N(0, covariance) at r.
inline double log_normal(const Matrix& covariance, std::vector<double> r) {
  // Gauss: the determinant from the pivots, the solution beside it.
  Matrix a = covariance;
  std::vector<double> solved = r;
  double log_det = 0;
  const size_t n = r.size();
  for (size_t i = 0; i < n; ++i) {
    log_det += std::log(a[i][i]);
    for (size_t k = 0; k < n; ++k) {
      if (k == i) continue;
      const double factor = a[k][i] / a[i][i];
      for (size_t j = i; j < n; ++j) a[k][j] -= factor * a[i][j];
      solved[k] -= factor * solved[i];
    }
  }
  double distance = 0;
  for (size_t i = 0; i < n; ++i) distance += r[i] * solved[i] / a[i][i];
  return -0.5 * (double(n) * std::log(2 * std::numbers::pi) + log_det + distance);
}

}  // namespace isthmus
