// SPDX-License-Identifier: Apache-2.0
// What a model has to beat: the best density of the same family whose columns are independent, that
// is, the best decoder that ignores its latents. A trained model below it has learned less than
// nothing.
//
//   const IndependentColumns columns(train, {.family = ColumnFamily::kGaussian});
//   MetricResult r = columns.log_prob(validation);  // nats per item, higher is better
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "isthmus/metrics/metric.h"
#include "isthmus/metrics/row_source.h"
#include "isthmus/prob/likelihood.h"

namespace isthmus {

/// How many widths a Gaussian has: one per column, one for all, or one that is given.
enum class ColumnSigma : uint8_t { kPerColumn, kShared, kFixed };

struct ColumnsSetup {
  ColumnFamily family = ColumnFamily::kGaussian;
  ColumnSigma sigma = ColumnSigma::kPerColumn;
  double fixed_sigma = 1;           // of kFixed
  std::vector<double> sigma_floor;  // least sigma: none, one for all, or one per column
};

class IndependentColumns {
 public:
  /// Maximum likelihood on `train`. Gaussian: sigma^2 = max(variance, floor^2), and never below
  /// 1e-12. Bernoulli and continuous Bernoulli: the parameter whose mean is the column's, kept
  /// 1 / (2 N) away from 0 and 1.
  IndependentColumns(const RowSource& train, const ColumnsSetup& setup);
  /// Mean over items of log p, in nats, with its standard error.
  MetricResult log_prob(const RowSource& rows) const;

  const std::vector<double>& mean() const { return mean_; }      // (D), of a Gaussian
  const std::vector<double>& sigma() const { return sigma_; }    // (D), of a Gaussian
  const std::vector<double>& logits() const { return logits_; }  // (D), of the others

 private:
  void fit_gaussian(const ColumnFacts& facts, const ColumnsSetup& setup);
  void fit_logits(const ColumnFacts& facts, int64_t count, ColumnFamily family);

  bool gaussian_ = true;
  std::vector<double> mean_, sigma_;  // Gaussian
  std::vector<double> logits_;        // log p = constant + sum of logits * x
  double constant_ = 0;
};

/// Log normalizer A(t) = log((exp t - 1) / t) of the continuous Bernoulli and its derivative, the
/// mean; the t of a mean in (0, 1).
double continuous_bernoulli_normalizer(double logit);
double continuous_bernoulli_mean(double logit);
double continuous_bernoulli_logit(double mean);

}  // namespace isthmus
