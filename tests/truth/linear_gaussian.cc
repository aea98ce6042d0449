// SPDX-License-Identifier: Apache-2.0
#include "linear_gaussian.h"

#include <algorithm>

namespace isthmus::truth {

std::vector<double> eigenvalues_of(Matrix a) {
  for (int sweep = 0; sweep < 60; ++sweep) {
    double off = 0;
    for (int64_t p = 0; p < a.n; ++p) {
      for (int64_t q = p + 1; q < a.n; ++q) {
        off += a.at(p, q) * a.at(p, q);
        if (a.at(p, q) == 0) continue;
        const double theta = (a.at(q, q) - a.at(p, p)) / (2 * a.at(p, q));
        const double t =
            std::copysign(1 / (std::fabs(theta) + std::sqrt(theta * theta + 1)), theta);
        const double c = 1 / std::sqrt(t * t + 1), s = t * c;
        for (int64_t k = 0; k < a.n; ++k) {
          const double x = a.at(k, p), y = a.at(k, q);
          a.at(k, p) = c * x - s * y;
          a.at(k, q) = s * x + c * y;
        }
        for (int64_t k = 0; k < a.n; ++k) {
          const double x = a.at(p, k), y = a.at(q, k);
          a.at(p, k) = c * x - s * y;
          a.at(q, k) = s * x + c * y;
        }
      }
    }
    if (off < 1e-24) break;
  }
  std::vector<double> values;
  for (int64_t k = 0; k < a.n; ++k) values.push_back(a.at(k, k));
  std::sort(values.rbegin(), values.rend());
  return values;
}

double best_ppca_log_likelihood(const std::vector<double>& eigenvalues, int64_t rank) {
  const auto dims = static_cast<int64_t>(eigenvalues.size());
  double logs = 0, rest = 0;
  for (int64_t k = 0; k < dims; ++k) {
    (k < rank ? logs : rest) +=
        k < rank ? std::log(eigenvalues[size_t(k)]) : eigenvalues[size_t(k)];
  }
  const auto free = static_cast<double>(dims - rank);
  return -0.5 * (static_cast<double>(dims) * (kLog2Pi + 1) + logs + free * std::log(rest / free));
}

double mean_log_density(const Dataset& data, const std::vector<double>& mean, Matrix covariance) {
  const int64_t n = data.values.shape()[0], dims = covariance.n;
  Matrix& l = covariance;  // Cholesky factor in the lower triangle
  double log_det = 0;
  for (int64_t j = 0; j < dims; ++j) {
    for (int64_t k = 0; k < j; ++k) l.at(j, j) -= l.at(j, k) * l.at(j, k);
    l.at(j, j) = std::sqrt(l.at(j, j));
    log_det += 2 * std::log(l.at(j, j));
    for (int64_t i = j + 1; i < dims; ++i) {
      for (int64_t k = 0; k < j; ++k) l.at(i, j) -= l.at(i, k) * l.at(j, k);
      l.at(i, j) /= l.at(j, j);
    }
  }
  double squares = 0;
  std::vector<double> y(static_cast<size_t>(dims));
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t r = 0; r < dims; ++r) {
      double v =
          static_cast<double>(data.values.values<float>()[size_t(i * dims + r)]) - mean[size_t(r)];
      for (int64_t k = 0; k < r; ++k) v -= l.at(r, k) * y[size_t(k)];
      y[size_t(r)] = v / l.at(r, r);
      squares += y[size_t(r)] * y[size_t(r)] / static_cast<double>(n);
    }
  }
  return -0.5 * (static_cast<double>(dims) * kLog2Pi + log_det + squares);
}

}  // namespace isthmus::truth
