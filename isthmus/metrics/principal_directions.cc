// SPDX-License-Identifier: Apache-2.0
// Principal directions from blocks of rows, in double, in a fixed order.
#include "isthmus/metrics/principal_directions.h"

#include <cmath>

#include "isthmus/base/error.h"
#include "isthmus/base/rng_key.h"
#include "isthmus/metrics/symmetric_eigen.h"
#include "isthmus/metrics/vectors.h"

namespace isthmus {
namespace {

constexpr int64_t kSpareVectors = 10;
constexpr int kMostPasses = 300;
constexpr double kStandsStill = 1e-13;  // of the total of the variances

size_t width_of(const RowSource& rows) { return static_cast<size_t>(rows.width); }

void centre(std::span<const float> row, const std::vector<double>& mean, double* out) {
  for (size_t j = 0; j < row.size(); ++j) out[j] = row[j] - mean[j];
}

/// Scales to length 1; a vector of nothing but rounding becomes zero.
void normalize(double* v, size_t count, double least) {
  const double length = std::sqrt(dot(v, v, count));
  for (size_t i = 0; i < count; ++i) v[i] = length > least ? v[i] / length : 0.0;
}

/// Gram-Schmidt, twice: the rows of (k, n) become orthonormal.
void orthonormalize(std::vector<double>& rows, size_t k, size_t n) {
  for (size_t i = 0; i < k; ++i) {
    double* v = rows.data() + i * n;
    const double before = std::sqrt(dot(v, v, n));
    for (int twice = 0; twice < 2; ++twice) {
      for (size_t j = 0; j < i; ++j) {
        const double* u = rows.data() + j * n;
        add_scaled(v, u, -dot(v, u, n), n);
      }
    }
    normalize(v, n, 1e-12 * before);
  }
}

/// (k, n) -> (n, k)
std::vector<double> transposed(const std::vector<double>& rows, size_t k, size_t n) {
  std::vector<double> out(rows.size());
  for (size_t i = 0; i < k; ++i) {
    for (size_t j = 0; j < n; ++j) out[j * k + i] = rows[i * n + j];
  }
  return out;
}

/// Covariance times each of the rows of `basis` (k, D), in one pass over the data: both inner loops
/// run over the k vectors.
std::vector<double> times_covariance(const RowSource& rows, const std::vector<double>& mean,
                                     const std::vector<double>& basis, size_t k) {
  const size_t d = width_of(rows);
  const std::vector<double> columns = transposed(basis, k, d);  // (D, k)
  std::vector<double> sums(d * k), centred(d), coordinates(k);
  rows.for_each_row([&](std::span<const float> row, int64_t) {
    centre(row, mean, centred.data());
    std::fill(coordinates.begin(), coordinates.end(), 0.0);
    for (size_t j = 0; j < d; ++j) {
      add_scaled(coordinates.data(), columns.data() + j * k, centred[j], k);
    }
    for (size_t j = 0; j < d; ++j) {
      add_scaled(sums.data() + j * k, coordinates.data(), centred[j], k);
    }
  });
  for (double& v : sums) v /= static_cast<double>(rows.count);
  return transposed(sums, d, k);
}

/// Rayleigh and Ritz: the best eigenvectors within the span of the orthonormal rows of `basis`.
/// `images` are their products with the matrix. Both are turned.
std::vector<double> turn_to_eigenvectors(std::vector<double>& basis, std::vector<double>& images,
                                         size_t k, size_t d) {
  std::vector<double> small(k * k);
  for (size_t i = 0; i < k; ++i) {
    for (size_t j = 0; j <= i; ++j) {
      small[i * k + j] = dot(basis.data() + i * d, images.data() + j * d, d);
    }
  }
  const SymmetricEigen eigen = symmetric_eigen(std::move(small), k);
  for (std::vector<double>* set : {&basis, &images}) {
    std::vector<double> turned(k * d);
    for (size_t i = 0; i < k; ++i) {
      for (size_t j = 0; j < k; ++j) {
        add_scaled(turned.data() + i * d, set->data() + j * d, eigen.vectors[i * k + j], d);
      }
    }
    *set = std::move(turned);
  }
  return eigen.values;
}

/// An eigenvector may point either way: its largest entry (the first of equal ones) is positive.
void fix_sign(double* v, size_t count) {
  size_t largest = 0;
  for (size_t i = 1; i < count; ++i) {
    if (std::fabs(v[i]) > std::fabs(v[largest])) largest = i;
  }
  if (v[largest] >= 0) return;
  for (size_t i = 0; i < count; ++i) v[i] = -v[i];
}

PrincipalDirections leading(std::vector<double> values, std::vector<double> vectors, size_t q,
                            size_t d) {
  values.resize(q);
  for (double& v : values) v = std::max(v, 0.0);
  vectors.resize(q * d);
  for (size_t i = 0; i < q; ++i) fix_sign(vectors.data() + i * d, d);
  return {std::move(values), std::move(vectors)};
}

/// Whether the D x D matrix is the one that is diagonalized; else that of the rows; else neither.
bool by_columns(int64_t count, int64_t width) {
  return width <= kExactSide && (width <= count || count > kExactSide);
}

}  // namespace

PrincipalDirections directions_by_columns(const RowSource& rows, const std::vector<double>& mean,
                                          int64_t q) {
  const size_t d = width_of(rows);
  constexpr size_t kTogether = 32;  // rows per visit of the matrix
  std::vector<double> matrix(d * d), block(kTogether * d);
  size_t held = 0;
  const auto flush = [&] {
    for (size_t i = 0; i < d; ++i) {
      for (size_t r = 0; r < held; ++r) {
        add_scaled(matrix.data() + i * d, block.data() + r * d, block[r * d + i], i + 1);
      }
    }
    held = 0;
  };
  rows.for_each_row([&](std::span<const float> row, int64_t) {
    centre(row, mean, block.data() + held * d);
    if (++held == kTogether) flush();
  });
  flush();
  for (double& v : matrix) v /= static_cast<double>(rows.count);
  SymmetricEigen eigen = symmetric_eigen(std::move(matrix), d);
  return leading(std::move(eigen.values), std::move(eigen.vectors), static_cast<size_t>(q), d);
}

PrincipalDirections directions_by_rows(const RowSource& rows, const std::vector<double>& mean,
                                       int64_t q) {
  const size_t n = static_cast<size_t>(rows.count), d = width_of(rows);
  std::vector<double> all(n * d), products(n * n);
  rows.for_each_row([&](std::span<const float> row, int64_t number) {
    centre(row, mean, all.data() + static_cast<size_t>(number) * d);
  });
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = 0; j <= i; ++j) {
      products[i * n + j] = dot(all.data() + i * d, all.data() + j * d, d) / static_cast<double>(n);
    }
  }
  const SymmetricEigen eigen = symmetric_eigen(std::move(products), n);
  const size_t k = static_cast<size_t>(q);
  std::vector<double> vectors(k * d);
  const double largest = std::max(eigen.values[0], 0.0);
  for (size_t i = 0; i < k; ++i) {
    double* v = vectors.data() + i * d;
    for (size_t r = 0; r < n; ++r) {
      add_scaled(v, all.data() + r * d, eigen.vectors[i * n + r], d);
    }
    normalize(v, d, 1e-7 * std::sqrt(largest * static_cast<double>(n)));
  }
  return leading(eigen.values, std::move(vectors), k, d);
}

PrincipalDirections directions_by_iteration(const RowSource& rows, const std::vector<double>& mean,
                                            int64_t q) {
  const size_t d = width_of(rows);
  const size_t k = std::min(d, static_cast<size_t>(q + kSpareVectors));
  const RngKey key = RngKey::from(0, "pca");
  std::vector<float> noise(d);
  std::vector<double> basis(k * d);
  for (size_t i = 0; i < k; ++i) {
    fill_normal(key, i, 0, 0, noise.data(), static_cast<int64_t>(d));
    std::copy(noise.begin(), noise.end(), basis.begin() + static_cast<ptrdiff_t>(i * d));
  }
  orthonormalize(basis, k, d);
  std::vector<double> values;
  double last = -1;
  for (int pass = 0; pass < kMostPasses; ++pass) {
    std::vector<double> images = times_covariance(rows, mean, basis, k);
    values = turn_to_eigenvectors(basis, images, k, d);
    double sum = 0;
    for (size_t i = 0; i < static_cast<size_t>(q); ++i) sum += values[i];
    if (std::fabs(sum - last) <= kStandsStill * sum) break;
    last = sum;
    basis = std::move(images);
    orthonormalize(basis, k, d);
  }
  return leading(std::move(values), std::move(basis), static_cast<size_t>(q), d);
}

PrincipalDirections principal_directions(const RowSource& rows, const std::vector<double>& mean,
                                         int64_t q) {
  if (by_columns(rows.count, rows.width)) return directions_by_columns(rows, mean, q);
  if (rows.count <= kExactSide) return directions_by_rows(rows, mean, q);
  return directions_by_iteration(rows, mean, q);
}

uint64_t principal_directions_bytes(int64_t count, int64_t width, int64_t q) {
  constexpr uint64_t kMatrices = 3;  // the matrix, its rotations, its vectors
  constexpr uint64_t kBases = 6;     // basis, images, both turned and transposed
  const auto n = static_cast<uint64_t>(count), d = static_cast<uint64_t>(width);
  uint64_t values = kBases * static_cast<uint64_t>(q + kSpareVectors) * d;
  if (by_columns(count, width)) {
    values = kMatrices * d * d;
  } else if (count <= kExactSide) {
    values = n * d + kMatrices * n * n + static_cast<uint64_t>(q) * d;
  }
  return values * sizeof(double);
}

}  // namespace isthmus
