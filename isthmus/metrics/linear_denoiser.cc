// SPDX-License-Identifier: Apache-2.0
// Gain and variance of the noise from pairs of rows, then one factor for each component.
#include "isthmus/metrics/linear_denoiser.h"

#include <algorithm>
#include <cmath>

#include "isthmus/base/error.h"
#include "isthmus/metrics/pca.h"
#include "isthmus/metrics/principal_directions.h"
#include "isthmus/metrics/vectors.h"

namespace isthmus {
namespace {

constexpr int64_t kManyComponents = 256;  // where there are too many for all

int64_t components_of(const RowSource& clean) {
  const int64_t all = std::min(clean.width, std::max<int64_t>(1, clean.count - 1));
  return all <= kExactSide ? all : kManyComponents;
}

}  // namespace

LinearDenoiser::LinearDenoiser(const RowSource& clean, const RowSource& noisy) {
  ISTHMUS_CHECK(clean.count == noisy.count && clean.width == noisy.width, "pairs of rows");
  const Pca pca(clean, {.components = components_of(clean)});
  mean_ = pca.mean();
  directions_ = pca.directions();
  noisy_mean_ = column_facts(noisy).mean;
  measure_noise(clean, noisy);
  for (const double variance : pca.variances()) factors_.push_back(shrinkage(variance));
  rest_ = shrinkage(pca.sigma() * pca.sigma());
}

void LinearDenoiser::measure_noise(const RowSource& clean, const RowSource& noisy) {
  const size_t d = mean_.size();
  std::vector<float> other(d);
  double products = 0, squares = 0, noisy_squares = 0;
  clean.for_each_row([&](std::span<const float> row, int64_t i) {
    noisy.read(i, 1, other);
    for (size_t j = 0; j < d; ++j) {
      const double x = row[j] - mean_[j], y = other[j] - noisy_mean_[j];
      products += x * y;
      squares += x * x;
      noisy_squares += y * y;
    }
  });
  gain_ = squares > 0 ? products / squares : 1;
  // Least squares: the residual's sum is that of y less what the gain explains.
  const double residual = std::max(0.0, noisy_squares - gain_ * products);
  sigma_ = std::sqrt(residual / (static_cast<double>(clean.count) * static_cast<double>(d)));
}

double LinearDenoiser::shrinkage(double variance) const {
  const double whole = gain_ * gain_ * variance + sigma_ * sigma_;
  return whole > 0 ? gain_ * variance / whole : 0;
}

void LinearDenoiser::denoise(std::span<const float> noisy, std::span<float> out) const {
  const size_t d = mean_.size();
  std::vector<double> rest(d), result = mean_;
  for (size_t j = 0; j < d; ++j) rest[j] = noisy[j] - noisy_mean_[j];
  for (size_t i = 0; i < factors_.size(); ++i) {
    const double* direction = directions_.data() + i * d;
    const double coordinate = dot(direction, rest.data(), d);
    add_scaled(rest.data(), direction, -coordinate, d);
    add_scaled(result.data(), direction, factors_[i] * coordinate, d);
  }
  for (size_t j = 0; j < d; ++j) out[j] = static_cast<float>(result[j] + rest_ * rest[j]);
}

}  // namespace isthmus
