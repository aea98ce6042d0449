// SPDX-License-Identifier: Apache-2.0
// All pairs, a row at a time: distances are sums of squared differences, which do not cancel.
#include "isthmus/metrics/manifold.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "isthmus/base/error.h"
#include "isthmus/base/rng_key.h"

namespace isthmus {
namespace {

constexpr int64_t kPrecision = 3, kDensity = 5;
constexpr int kResamples = 200;

/// Squared distance to the k-th nearest other row of the same set, for two k.
struct Radii {
  std::vector<float> precision, density;
};
Radii radii_of(const RowDistances& among, std::span<const float> rows, size_t width) {
  Radii radii;
  std::vector<float> d(among.count());
  for (size_t i = 0; i < among.count(); ++i) {
    among.to(rows.subspan(i * width, width), d);
    std::swap(d[i], d.back());  // itself
    const auto kth = [&](int64_t k) {
      const auto at = d.begin() + (k - 1);
      std::nth_element(d.begin(), at, d.end() - 1);
      return *at;
    };
    radii.density.push_back(kth(kDensity));
    radii.precision.push_back(kth(kPrecision));
  }
  return radii;
}

Share mean_of(const std::vector<double>& values) {
  const double n = static_cast<double>(values.size());
  double mean = 0, squares = 0;
  for (const double v : values) mean += v / n;
  for (const double v : values) squares += (v - mean) * (v - mean);
  return {mean, std::sqrt(squares / (n * std::max(n - 1, 1.0)))};
}

struct Nearest {
  std::vector<double> distance;
  std::vector<int64_t> row;
};
Nearest nearest_rows(const RowDistances& to, std::span<const float> rows, size_t width) {
  Nearest nearest;
  std::vector<float> d(to.count());
  for (size_t i = 0; i < rows.size() / width; ++i) {
    to.to(rows.subspan(i * width, width), d);
    const auto at = std::min_element(d.begin(), d.end());
    nearest.distance.push_back(std::sqrt(static_cast<double>(*at)));
    nearest.row.push_back(at - d.begin());
  }
  return nearest;
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1) return *middle;
  return (*middle + *std::max_element(values.begin(), middle)) / 2;
}

/// The same values drawn anew, with replacement.
std::vector<double> resampled(const std::vector<double>& values, RngKey key, int draw) {
  std::vector<float> u(values.size());
  fill_uniform(key, static_cast<uint64_t>(draw), 0, 0, u.data(), static_cast<int64_t>(u.size()));
  std::vector<double> out;
  for (const float v : u) {
    const auto at =
        static_cast<size_t>(static_cast<double>(v) * static_cast<double>(values.size()));
    out.push_back(values[std::min(at, values.size() - 1)]);
  }
  return out;
}

}  // namespace

RowDistances::RowDistances(std::span<const float> rows, int64_t width)
    : count_(rows.size() / static_cast<size_t>(width)),
      width_(static_cast<size_t>(width)),
      columns_(rows.size()) {
  for (size_t r = 0; r < count_; ++r) {
    for (size_t c = 0; c < width_; ++c) columns_[c * count_ + r] = rows[r * width_ + c];
  }
}

void RowDistances::to(std::span<const float> row, std::span<float> out) const {
  constexpr size_t kBlock = 1024;  // of sums that stay in L1
  for (size_t first = 0; first < count_; first += kBlock) {
    const size_t rows = std::min(kBlock, count_ - first);
    float* sums = out.data() + first;
    std::fill(sums, sums + rows, 0.0f);
    for (size_t c = 0; c < width_; ++c) {
      const float v = row[c];
      const float* column = &columns_[c * count_ + first];
      for (size_t r = 0; r < rows; ++r) {
        const float delta = column[r] - v;
        sums[r] += delta * delta;
      }
    }
  }
}

ManifoldScores manifold_scores(std::span<const float> real, std::span<const float> generated,
                               int64_t width) {
  const auto w = static_cast<size_t>(width);
  const size_t least = std::min(real.size(), generated.size()) / w;
  if (least <= static_cast<size_t>(kDensity)) {
    throw Error(ErrorCode::kTooFewItems,
                "precision and coverage look at the " + std::to_string(kDensity) +
                    " nearest items: " + std::to_string(least) + " are too few",
                "draw more samples, or give more data");
  }
  const RowDistances to_real(real, width), to_generated(generated, width);
  const Radii real_radii = radii_of(to_real, real, w),
              generated_radii = radii_of(to_generated, generated, w);
  std::vector<double> precision, recall, density, covered(to_real.count());
  std::vector<float> d(to_real.count());
  for (size_t g = 0; g < to_generated.count(); ++g) {
    to_real.to(generated.subspan(g * w, w), d);
    bool inside = false;
    double balls = 0;
    for (size_t r = 0; r < d.size(); ++r) {
      inside = inside || d[r] <= real_radii.precision[r];
      if (d[r] <= real_radii.density[r]) {
        balls += 1;
        covered[r] = 1;
      }
    }
    precision.push_back(inside ? 1 : 0);
    density.push_back(balls / static_cast<double>(kDensity));
  }
  d.resize(to_generated.count());
  for (size_t r = 0; r < to_real.count(); ++r) {
    to_generated.to(real.subspan(r * w, w), d);
    bool inside = false;
    for (size_t g = 0; g < d.size(); ++g) {
      inside = inside || d[g] <= generated_radii.precision[g];
    }
    recall.push_back(inside ? 1 : 0);
  }
  return {.precision = mean_of(precision),
          .recall = mean_of(recall),
          .density = mean_of(density),
          .coverage = mean_of(covered),
          .k_precision = kPrecision,
          .k_density = kDensity};
}

NearestRatio nearest_ratio(std::span<const float> generated, std::span<const float> train,
                           std::span<const float> held_out, int64_t width, uint64_t seed) {
  const auto w = static_cast<size_t>(width);
  if (generated.size() < w || train.size() < w || held_out.size() < w) {
    throw Error(ErrorCode::kTooFewItems,
                "the nearest training items need samples, training items and held-out items", {});
  }
  const RowDistances to_train(train, width);
  Nearest of_generated = nearest_rows(to_train, generated, w);
  const Nearest of_held_out = nearest_rows(to_train, held_out, w);
  const auto ratio = [](double a, double b) { return b > 0 ? a / b : a > 0 ? INFINITY : 1.0; };
  NearestRatio result;
  result.value = ratio(median(of_generated.distance), median(of_held_out.distance));
  const RngKey key = RngKey::from(seed, "nearest_ratio/bootstrap");
  std::vector<double> ratios;
  for (int draw = 0; draw < kResamples; ++draw) {
    ratios.push_back(ratio(median(resampled(of_generated.distance, key, 2 * draw)),
                           median(resampled(of_held_out.distance, key, 2 * draw + 1))));
  }
  std::sort(ratios.begin(), ratios.end());
  result.low = ratios[static_cast<size_t>(0.025 * kResamples)];
  result.high = ratios[static_cast<size_t>(0.975 * kResamples) - 1];
  result.nearest = std::move(of_generated.row);
  return result;
}

}  // namespace isthmus
