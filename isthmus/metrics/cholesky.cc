// SPDX-License-Identifier: Apache-2.0
// Both by rows that are added to rows: long loops over neighbours in memory.
#include "isthmus/metrics/cholesky.h"

#include <algorithm>
#include <cmath>

namespace isthmus {

std::optional<std::vector<double>> cholesky(std::vector<double> matrix, size_t n) {
  for (size_t k = 0; k < n; ++k) {
    double* row = matrix.data() + k * n;
    std::fill(row, row + k, 0.0);
    if (!(row[k] > 0) || !std::isfinite(row[k])) return std::nullopt;
    const double root = std::sqrt(row[k]);
    for (size_t j = k; j < n; ++j) row[j] /= root;
    for (size_t i = k + 1; i < n; ++i) {
      double* below = matrix.data() + i * n;
      const double factor = row[i];
      for (size_t j = i; j < n; ++j) below[j] -= factor * row[j];
    }
  }
  return matrix;
}

std::vector<double> inverse_upper(const std::vector<double>& upper, size_t n) {
  std::vector<double> inverse(n * n, 0.0);
  for (size_t i = n; i-- > 0;) {
    double* row = inverse.data() + i * n;
    for (size_t k = i + 1; k < n; ++k) {
      const double factor = upper[i * n + k];
      const double* other = inverse.data() + k * n;
      for (size_t j = k; j < n; ++j) row[j] -= factor * other[j];
    }
    const double diagonal = upper[i * n + i];
    for (size_t j = i + 1; j < n; ++j) row[j] /= diagonal;
    row[i] = 1 / diagonal;
  }
  return inverse;
}

}  // namespace isthmus
