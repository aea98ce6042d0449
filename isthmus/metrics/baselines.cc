// SPDX-License-Identifier: Apache-2.0
// Independent columns fitted by maximum likelihood, in double, over blocks of rows in order: the
// same bits for any number of threads. Train compares a finished model with it; the report shows
// it.
#include "isthmus/metrics/baselines.h"

#include <cmath>

#include "isthmus/base/error.h"

namespace isthmus {
namespace {

constexpr double kLog2Pi = 1.8378770664093454836;
constexpr double kLeastVariance = 1e-12;  // of a column that holds one value
constexpr double kSmallLogit = 1e-2;      // below it the series of A(t) is exact to 1e-14

double floor_of(const std::vector<double>& floors, size_t column) {
  return floors.empty() ? 0.0 : floors[floors.size() == 1 ? 0 : column];
}

double mean_of(const std::vector<double>& values) {
  double sum = 0;
  for (double v : values) sum += v;
  return sum / static_cast<double>(values.size());
}

}  // namespace

double continuous_bernoulli_normalizer(double t) {
  if (std::fabs(t) < kSmallLogit) return t / 2 + t * t / 24 - t * t * t * t / 2880;
  // By A(t) = A(-t) + t only exp of negative numbers is taken.
  const double s = std::fabs(t);
  return std::log(-std::expm1(-s) / s) + (t > 0 ? t : 0.0);
}

double continuous_bernoulli_mean(double t) {
  if (std::fabs(t) < kSmallLogit) return 0.5 + t / 12 - t * t * t / 720;
  const double s = std::fabs(t);
  const double mean = 1 / -std::expm1(-s) - 1 / s;  // of +s
  return t > 0 ? mean : 1 - mean;
}

double continuous_bernoulli_logit(double mean) {
  // The mean at +-t is about 1 - 1 / t and 1 / t: the bracket holds for every mean a double can be.
  const double distance = std::min(mean, 1 - mean);
  double low = -2 / distance - 2, high = 2 / distance + 2;
  constexpr int kHalvings = 200;
  for (int i = 0; i < kHalvings; ++i) {
    const double middle = 0.5 * (low + high);
    if (middle == low || middle == high) break;
    (continuous_bernoulli_mean(middle) < mean ? low : high) = middle;
  }
  return 0.5 * (low + high);
}

IndependentColumns::IndependentColumns(const RowSource& train, const ColumnsSetup& setup)
    : gaussian_(setup.family == ColumnFamily::kGaussian) {
  ISTHMUS_CHECK(train.count > 0 && train.width > 0, "a baseline needs rows");
  ISTHMUS_CHECK(setup.family != ColumnFamily::kNone, "a baseline has a family");
  ISTHMUS_CHECK(
      setup.sigma_floor.size() <= 1 || setup.sigma_floor.size() == static_cast<size_t>(train.width),
      "a floor per column");
  const ColumnFacts facts = column_facts(train);
  if (gaussian_) {
    fit_gaussian(facts, setup);
  } else {
    fit_logits(facts, train.count, setup.family);
  }
}

void IndependentColumns::fit_gaussian(const ColumnFacts& facts, const ColumnsSetup& setup) {
  mean_ = facts.mean;
  const double shared = mean_of(facts.variance);
  for (size_t j = 0; j < mean_.size(); ++j) {
    const double floor = floor_of(setup.sigma_floor, j);
    double variance = setup.sigma == ColumnSigma::kShared ? shared : facts.variance[j];
    variance = std::max({variance, floor * floor, kLeastVariance});
    if (setup.sigma == ColumnSigma::kFixed) variance = setup.fixed_sigma * setup.fixed_sigma;
    sigma_.push_back(std::sqrt(variance));
    constant_ -= 0.5 * (kLog2Pi + std::log(variance));
  }
}

void IndependentColumns::fit_logits(const ColumnFacts& facts, int64_t count, ColumnFamily family) {
  const double margin = 0.5 / static_cast<double>(count);
  for (double column_mean : facts.mean) {
    const double p = std::clamp(column_mean, margin, 1 - margin);
    if (family == ColumnFamily::kBernoulli) {
      logits_.push_back(std::log(p) - std::log1p(-p));
      constant_ += std::log1p(-p);
    } else {
      logits_.push_back(continuous_bernoulli_logit(p));
      constant_ -= continuous_bernoulli_normalizer(logits_.back());
    }
  }
}

MetricResult IndependentColumns::log_prob(const RowSource& rows) const {
  ItemMean items;
  rows.for_each_row([&](std::span<const float> row, int64_t) {
    double sum = 0;
    for (size_t j = 0; j < row.size(); ++j) {
      if (gaussian_) {
        const double delta = (row[j] - mean_[j]) / sigma_[j];
        sum -= 0.5 * delta * delta;
      } else {
        sum += logits_[j] * row[j];
      }
    }
    items.add(constant_ + sum);
  });
  MetricResult result{items.mean()};
  if (items.count() > 1) result.standard_error = items.standard_error();
  return result;
}

}  // namespace isthmus
