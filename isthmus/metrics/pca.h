// SPDX-License-Identifier: Apache-2.0
// Principal components as a reference: what a linear code of the same size reaches. As a plain
// projection (squared error) and as probabilistic PCA, whose density has a closed form:
//   x ~ N(mean, W W^T + sigma^2 I), W W^T + sigma^2 I = U diag(lambda) U^T + sigma^2 (I - U U^T),
// with sigma^2 the mean of the variances left out. Source: Tipping & Bishop 1999, eq. 8 to 10.
//
//   const Pca pca(train, {.components = 8});
//   pca.log_prob(validation).value;              // nats per item
//   pca.reconstruction_error(validation).total;  // mean squared error
#pragma once

#include <cstdint>
#include <vector>

#include "isthmus/metrics/metric.h"
#include "isthmus/metrics/row_source.h"

namespace isthmus {

struct PcaSetup {
  int64_t components = 2;  // q; at most min(D, N - 1) are used
  double sigma_floor = 0;  // least sigma of the probabilistic model
};

struct ReconstructionError {
  std::vector<double> column;  // (D) mean squared error
  double total = 0;            // their mean
};

class Pca {
 public:
  /// Exact where columns or rows are few (1,024); else by subspace iteration from a keyed start,
  /// with passes over the rows. No D x D array beyond that size. Same input, same bits.
  Pca(const RowSource& train, const PcaSetup& setup);

  int64_t components() const { return static_cast<int64_t>(variances_.size()); }
  const std::vector<double>& variances() const { return variances_; }  // largest first
  double sigma() const { return sigma_; }
  const std::vector<double>& mean() const { return mean_; }
  /// (q, D), unit rows, the largest entry of each positive.
  const std::vector<double>& directions() const { return directions_; }

  ReconstructionError reconstruction_error(const RowSource& rows) const;
  MetricResult log_prob(const RowSource& rows) const;

 private:
  /// Coordinates (q) of a row and what they leave of it (D); subtracted one by one, so that the
  /// rest of a row within the directions is not rounding.
  void split(std::span<const float> row, std::vector<double>& coordinates,
             std::vector<double>& rest) const;
  void set_sigma(double total_variance, double floor);

  std::vector<double> mean_, variances_, directions_;
  double sigma_ = 0;
};

}  // namespace isthmus
