// SPDX-License-Identifier: Apache-2.0
// Projection on principal directions and the density of probabilistic PCA. The inverse of its
// covariance needs no D x D array: within the directions the variances are known, outside all are
// sigma^2.
#include "isthmus/metrics/pca.h"

#include <cmath>

#include "isthmus/base/error.h"
#include "isthmus/metrics/principal_directions.h"
#include "isthmus/metrics/vectors.h"

namespace isthmus {
namespace {

constexpr double kLog2Pi = 1.8378770664093454836;
constexpr double kLeastVariance = 1e-12;

}  // namespace

Pca::Pca(const RowSource& train, const PcaSetup& setup) {
  ISTHMUS_CHECK(train.count > 0 && train.width > 0 && setup.components > 0, "rows and components");
  ColumnFacts facts = column_facts(train);
  mean_ = std::move(facts.mean);
  double total = 0;
  for (double v : facts.variance) total += v;
  const int64_t most = std::min(train.width, std::max<int64_t>(1, train.count - 1));
  PrincipalDirections found = principal_directions(train, mean_, std::min(setup.components, most));
  variances_ = std::move(found.variances);
  directions_ = std::move(found.directions);
  set_sigma(total, setup.sigma_floor);
}

void Pca::set_sigma(double total_variance, double floor) {
  double rest = total_variance;
  for (double v : variances_) rest -= v;
  const size_t left = mean_.size() - variances_.size();
  const double variance = left > 0 ? std::max(rest, 0.0) / static_cast<double>(left) : 0.0;
  sigma_ = std::sqrt(std::max({variance, floor * floor, kLeastVariance}));
}

void Pca::split(std::span<const float> row, std::vector<double>& coordinates,
                std::vector<double>& rest) const {
  const size_t d = mean_.size();
  rest.resize(d);
  coordinates.assign(variances_.size(), 0.0);
  for (size_t j = 0; j < d; ++j) rest[j] = row[j] - mean_[j];
  for (size_t i = 0; i < coordinates.size(); ++i) {
    const double* direction = directions_.data() + i * d;
    const double coordinate = dot(direction, rest.data(), d);
    add_scaled(rest.data(), direction, -coordinate, d);
    coordinates[i] = coordinate;
  }
}

ReconstructionError Pca::reconstruction_error(const RowSource& rows) const {
  const size_t d = mean_.size();
  ReconstructionError error{std::vector<double>(d)};
  std::vector<double> coordinates, rest;
  rows.for_each_row([&](std::span<const float> row, int64_t) {
    split(row, coordinates, rest);
    for (size_t j = 0; j < d; ++j) error.column[j] += rest[j] * rest[j];
  });
  for (double& v : error.column) {
    v /= static_cast<double>(std::max<int64_t>(1, rows.count));
    error.total += v / static_cast<double>(d);
  }
  return error;
}

MetricResult Pca::log_prob(const RowSource& rows) const {
  const double noise = sigma_ * sigma_;
  double constant = -0.5 * kLog2Pi * static_cast<double>(mean_.size());
  constant -= 0.5 * std::log(noise) * static_cast<double>(mean_.size() - variances_.size());
  std::vector<double> inverse;
  for (double v : variances_) {
    inverse.push_back(1 / std::max(v, noise));
    constant += 0.5 * std::log(inverse.back());
  }
  ItemMean items;
  std::vector<double> coordinates, rest;
  rows.for_each_row([&](std::span<const float> row, int64_t) {
    split(row, coordinates, rest);
    double distance = 0;
    for (double r : rest) distance += r * r / noise;
    for (size_t i = 0; i < coordinates.size(); ++i) {
      distance += coordinates[i] * coordinates[i] * inverse[i];
    }
    items.add(constant - 0.5 * distance);
  });
  MetricResult result{items.mean()};
  if (items.count() > 1) result.standard_error = items.standard_error();
  return result;
}

}  // namespace isthmus
