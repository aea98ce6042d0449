// SPDX-License-Identifier: Apache-2.0
// Newton's method in double on a few hundred features.
#include "isthmus/metrics/two_sample.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "isthmus/base/error.h"
#include "isthmus/base/rng_key.h"
#include "isthmus/metrics/cholesky.h"
#include "isthmus/metrics/vectors.h"

namespace isthmus {
namespace {

constexpr int64_t kUnits = 192;
constexpr double kRidge = 1e-2;  // of the squared weights, per row
constexpr int kNewtonSteps = 12;
constexpr double kSmallStep = 1e-6, kLeastWeight = 1e-6;

/// Rows of features, (N, F), and which of them are real.
struct Examples {
  size_t width = 0;
  std::vector<double> features;
  std::vector<double> label;
  size_t count() const { return label.size(); }
  std::span<const double> row(size_t i) const {
    return std::span(features).subspan(i * width, width);
  }
};

/// `most` rows of `all`, evenly spread.
std::vector<float> some_rows(std::span<const float> all, size_t width, size_t most) {
  const size_t count = all.size() / width, kept = std::min(count, most);
  std::vector<float> rows;
  rows.reserve(kept * width);
  for (size_t i = 0; i < kept; ++i) {
    const auto from = all.subspan(i * count / kept * width, width);
    rows.insert(rows.end(), from.begin(), from.end());
  }
  return rows;
}

struct Moments {
  std::vector<double> mean, deviation;
};
Moments pooled_moments(std::span<const float> a, std::span<const float> b, size_t width) {
  Moments m{std::vector<double>(width), std::vector<double>(width)};
  const double n = static_cast<double>((a.size() + b.size()) / width);
  const auto over = [&](auto visit) {
    for (const auto& rows : {a, b}) {
      for (size_t i = 0; i < rows.size(); ++i) visit(i % width, static_cast<double>(rows[i]));
    }
  };
  over([&](size_t j, double v) { m.mean[j] += v / n; });
  over([&](size_t j, double v) { m.deviation[j] += (v - m.mean[j]) * (v - m.mean[j]) / n; });
  for (double& v : m.deviation) v = v > 0 ? std::sqrt(v) : 1;
  return m;
}

/// 1, z, z^2 and random units of z, for standardised z.
class Features {
 public:
  Features(size_t width, Moments moments, uint64_t seed)
      : width_(width), moments_(std::move(moments)), weights_(kUnits * (width + 1)) {
    std::vector<float> noise(weights_.size());
    fill_normal(RngKey::from(seed, "two_sample/units"), 0, 0, 0, noise.data(),
                static_cast<int64_t>(noise.size()));
    const double scale = 1.5 / std::sqrt(static_cast<double>(width));
    for (size_t i = 0; i < weights_.size(); ++i) {
      weights_[i] = static_cast<double>(noise[i]) * (i % (width + 1) < width ? scale : 1.0);
    }
  }
  size_t size() const { return 1 + 2 * width_ + kUnits; }
  void add(std::span<const float> row, std::vector<double>& out) const {
    std::vector<double> z(width_);
    for (size_t j = 0; j < width_; ++j) {
      z[j] = (static_cast<double>(row[j]) - moments_.mean[j]) / moments_.deviation[j];
      z[j] = std::clamp(z[j], -8.0, 8.0);  // one far row does not decide
    }
    out.push_back(1);
    for (const double v : z) out.push_back(v);
    for (const double v : z) out.push_back((v * v - 1) / 2);
    for (size_t u = 0; u < static_cast<size_t>(kUnits); ++u) {
      const double* w = &weights_[u * (width_ + 1)];
      double sum = w[width_];
      for (size_t j = 0; j < width_; ++j) sum += w[j] * z[j];
      out.push_back(std::tanh(sum));
    }
  }

 private:
  size_t width_;
  Moments moments_;
  std::vector<double> weights_;
};

/// Solves A x = b for a symmetric positive definite A, (n, n) with its upper triangle filled.
std::vector<double> solve(std::vector<double> a, std::vector<double> b) {
  const size_t n = b.size();
  const std::optional<std::vector<double>> factor = cholesky(std::move(a), n);
  ISTHMUS_CHECK(factor.has_value(), "the ridge makes it positive definite");
  const std::vector<double>& u = *factor;  // A = U'U
  for (size_t i = 0; i < n; ++i) {
    b[i] /= u[i * n + i];
    for (size_t j = i + 1; j < n; ++j) b[j] -= u[i * n + j] * b[i];
  }
  for (size_t i = n; i-- > 0;) {
    for (size_t j = i + 1; j < n; ++j) b[i] -= u[i * n + j] * b[j];
    b[i] /= u[i * n + i];
  }
  return b;
}

/// The weights that make the labels of `rows` most probable, less the ridge.
std::vector<double> fit(const Examples& x, std::span<const size_t> rows) {
  const size_t f = x.width;
  const double ridge = kRidge * static_cast<double>(rows.size());
  std::vector<double> w(f);
  for (int step = 0; step < kNewtonSteps; ++step) {
    std::vector<double> gradient(f), hessian(f * f);
    for (const size_t r : rows) {
      const std::span<const double> v = x.row(r);
      const double p = 1 / (1 + std::exp(-dot(v.data(), w.data(), f)));
      const double weight = std::max(p * (1 - p), kLeastWeight);
      for (size_t i = 0; i < f; ++i) {
        gradient[i] += (x.label[r] - p) * v[i];
        add_scaled(&hessian[i * f + i], v.data() + i, weight * v[i], f - i);
      }
    }
    for (size_t i = 1; i < f; ++i) {  // the constant is free
      gradient[i] -= ridge * w[i];
      hessian[i * f + i] += ridge;
    }
    const std::vector<double> move = solve(std::move(hessian), std::move(gradient));
    double largest = 0;
    for (size_t i = 0; i < f; ++i) {
      w[i] += move[i];
      largest = std::max(largest, std::fabs(move[i]));
    }
    if (largest < kSmallStep) break;
  }
  return w;
}

/// Standard error of an AUROC of n positives and n negatives. Source: Hanley & McNeil 1982.
double auroc_error(double a, double n) {
  const double q1 = a / (2 - a), q2 = 2 * a * a / (1 + a);
  const double variance = (a * (1 - a) + (n - 1) * (q1 - a * a) + (n - 1) * (q2 - a * a)) / (n * n);
  return std::sqrt(std::max(variance, 0.0));
}

}  // namespace

double auroc(std::span<const double> positives, std::span<const double> negatives) {
  std::vector<std::pair<double, bool>> all;
  for (const double v : positives) all.emplace_back(v, true);
  for (const double v : negatives) all.emplace_back(v, false);
  std::sort(all.begin(), all.end());
  double ranks = 0;  // of the positives, from 1; ties share the mean of theirs
  for (size_t first = 0; first < all.size();) {
    size_t last = first;
    while (last < all.size() && all[last].first == all[first].first) ++last;
    const double rank = static_cast<double>(first + last + 1) / 2;
    for (size_t i = first; i < last; ++i) ranks += all[i].second ? rank : 0;
    first = last;
  }
  const double p = static_cast<double>(positives.size()), n = static_cast<double>(negatives.size());
  return (ranks - p * (p + 1) / 2) / (p * n);
}

TwoSample two_sample_test(std::span<const float> real, std::span<const float> drawn, int64_t width,
                          uint64_t seed) {
  const auto w = static_cast<size_t>(width);
  const size_t count =
      std::min({real.size() / w, drawn.size() / w, static_cast<size_t>(kMostTestRows)});
  if (count < static_cast<size_t>(kLeastTestRows)) {
    throw Error(ErrorCode::kTooFewItems,
                "a two-sample test needs at least " + std::to_string(kLeastTestRows) +
                    " rows of each kind, there are " + std::to_string(count),
                "give more data");
  }
  const std::vector<float> a = some_rows(real, w, count), b = some_rows(drawn, w, count);
  const Features features(w, pooled_moments(a, b, w), seed);
  Examples x{.width = features.size(), .features = {}, .label = {}};
  x.features.reserve(2 * count * x.width);
  for (size_t i = 0; i < count; ++i) {  // real and drawn in turn
    features.add(std::span(a).subspan(i * w, w), x.features);
    features.add(std::span(b).subspan(i * w, w), x.features);
    x.label.insert(x.label.end(), {1.0, 0.0});
  }
  // Halves by a keyed order of pairs: neighbours in the data do not fall together.
  const KeyedPermutation order(RngKey::from(seed, "two_sample/halves"), 0, count);
  std::vector<size_t> halves[2];
  for (size_t i = 0; i < count; ++i) {
    const size_t pair = order(i);
    auto& half = halves[i < count / 2 ? 0 : 1];
    half.insert(half.end(), {2 * pair, 2 * pair + 1});
  }
  TwoSample result{.rows = static_cast<int64_t>(count)};
  double area = 0, right = 0;
  for (size_t h = 0; h < 2; ++h) {
    const std::vector<double> weights = fit(x, halves[h]);
    std::vector<double> positives, negatives;
    for (const size_t r : halves[1 - h]) {
      const double score = dot(x.row(r).data(), weights.data(), x.width);
      (x.label[r] == 1 ? positives : negatives).push_back(score);
      right += (score > 0) == (x.label[r] == 1) ? 1 : 0;
    }
    area += auroc(positives, negatives) / 2;
  }
  const double n = static_cast<double>(count);
  result.auroc = area;
  result.auroc_se = auroc_error(std::max(area, 0.5), n);
  result.accuracy = right / (2 * n);
  result.accuracy_se = std::sqrt(result.accuracy * (1 - result.accuracy) / (2 * n));
  return result;
}

}  // namespace isthmus
