// SPDX-License-Identifier: Apache-2.0
// Data from a linear-Gaussian source, and what is exactly known of them in double: eigenvalues of
// the covariance, the best likelihood of probabilistic PCA, the density of a given linear decoder.
// Source: Tipping and Bishop, Probabilistic Principal Component Analysis, 1999.
#pragma once

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "isthmus/base/rng_key.h"
#include "isthmus/data/dataset.h"

namespace isthmus::truth {

inline const double kLog2Pi = std::log(2 * std::acos(-1.0));

/// Square, row by row.
struct Matrix {
  int64_t n = 0;
  std::vector<double> v;
  explicit Matrix(int64_t size) : n(size), v(static_cast<size_t>(size * size)) {}
  double& at(int64_t r, int64_t c) { return v[static_cast<size_t>(r * n + c)]; }
  double at(int64_t r, int64_t c) const { return v[static_cast<size_t>(r * n + c)]; }
};

/// `count` items of `dims` values: a mean, `rank` factors of falling strength, noise.
inline Dataset linear_gaussian_data(int64_t count, int64_t dims, int64_t rank, double noise) {
  const RngKey key = RngKey::from(11, "linear_gaussian");
  std::vector<float> w(static_cast<size_t>(rank * dims)), draws(static_cast<size_t>(rank + dims));
  fill_normal(key, 1000000, 0, 0, w.data(), rank * dims);
  Dataset data;
  data.source = "linear_gaussian";
  data.spec.kind = DataKind::kTable;
  data.spec.item_shape = {dims};
  data.spec.dtype = Dtype::kF32;
  data.values = Tensor(Dtype::kF32, {count, dims});
  for (int64_t i = 0; i < count; ++i) {
    fill_normal(key, static_cast<uint64_t>(i), 0, 0, draws.data(), rank + dims);
    for (int64_t d = 0; d < dims; ++d) {
      double x =
          0.3 * static_cast<double>(d) + noise * static_cast<double>(draws[size_t(rank + d)]);
      for (int64_t k = 0; k < rank; ++k) {
        const double strength = 1.0 / static_cast<double>(1 + k);
        x += strength * static_cast<double>(w[size_t(k * dims + d)] * draws[size_t(k)]);
      }
      data.values.values<float>()[size_t(i * dims + d)] = static_cast<float>(x);
    }
  }
  for (int64_t d = 0; d < dims; ++d) {
    data.spec.fields.push_back(
        {.name = "c" + std::to_string(d), .min = -20, .max = 20, .standard_deviation = 1});
  }
  return data;
}

inline std::vector<double> mean_of(const Dataset& data) {
  const int64_t n = data.values.shape()[0], dims = data.values.num_values() / n;
  std::vector<double> mean(static_cast<size_t>(dims));
  for (int64_t i = 0; i < n * dims; ++i) {
    mean[size_t(i % dims)] +=
        static_cast<double>(data.values.values<float>()[size_t(i)]) / static_cast<double>(n);
  }
  return mean;
}

inline Matrix covariance_of(const Dataset& data) {
  const int64_t n = data.values.shape()[0], dims = data.values.num_values() / n;
  const std::vector<double> mean = mean_of(data);
  const auto values = data.values.values<float>();
  Matrix c(dims);
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t r = 0; r < dims; ++r) {
      const double a = static_cast<double>(values[size_t(i * dims + r)]) - mean[size_t(r)];
      for (int64_t k = 0; k < dims; ++k) {
        c.at(r, k) += a * (static_cast<double>(values[size_t(i * dims + k)]) - mean[size_t(k)]) /
                      static_cast<double>(n);
      }
    }
  }
  return c;
}

/// Eigenvalues of a symmetric matrix, largest first, by Jacobi rotations.
std::vector<double> eigenvalues_of(Matrix a);
/// Nats per item: the most that any linear decoder with `rank` factors and one noise variance can
/// give to data of this covariance.
double best_ppca_log_likelihood(const std::vector<double>& eigenvalues, int64_t rank);
/// Mean over the items of log N(x; mean, covariance).
double mean_log_density(const Dataset& data, const std::vector<double>& mean, Matrix covariance);

}  // namespace isthmus::truth
