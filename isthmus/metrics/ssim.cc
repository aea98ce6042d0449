// SPDX-License-Identifier: Apache-2.0
// Structural similarity: 11 x 11 Gaussian window of standard deviation 1.5, K1 0.01, K2 0.03,
// range of the data, only windows that lie inside the image; mean over windows, channels, then
// images. Source: Wang et al. 2004. Images smaller than the window have no ssim: the metric does
// not apply to them.
#include <array>
#include <cmath>

#include "isthmus/metrics/metric.h"

namespace isthmus {
namespace {

constexpr int64_t kWindow = 11;
constexpr double kDeviation = 1.5;
constexpr double kK1 = 0.01, kK2 = 0.03;
constexpr int kMoments = 5;  // x, y, xx, yy, xy

std::array<double, kWindow> gaussian_window() {
  std::array<double, kWindow> weights{};
  double sum = 0;
  for (int64_t i = 0; i < kWindow; ++i) {
    const double d = static_cast<double>(i - kWindow / 2);
    weights[static_cast<size_t>(i)] = std::exp(-d * d / (2 * kDeviation * kDeviation));
    sum += weights[static_cast<size_t>(i)];
  }
  for (double& w : weights) w /= sum;
  return weights;
}

/// C1 = (K1 range)^2, C2 = (K2 range)^2.
double similarity(const std::array<double, kMoments>& m, double range) {
  const double c1 = kK1 * kK1 * range * range, c2 = kK2 * kK2 * range * range;
  const double xx = m[2] - m[0] * m[0], yy = m[3] - m[1] * m[1], xy = m[4] - m[0] * m[1];
  return (2 * m[0] * m[1] + c1) * (2 * xy + c2) /
         ((m[0] * m[0] + m[1] * m[1] + c1) * (xx + yy + c2));
}

class Ssim final : public Metric {
 public:
  explicit Ssim(const MetricSetup& setup)
      : height_(setup.item_shape.at(0)),
        width_(setup.item_shape.at(1)),
        channels_(setup.item_shape.size() > 2 ? setup.item_shape[2] : 1),
        range_(setup.dynamic_range),
        weights_(gaussian_window()) {}

  void add_batch(const MetricBatch& batch) override {
    const int64_t values = height_ * width_ * channels_;
    for (int64_t row = 0; row < batch.rows; ++row) {
      double sum = 0;
      for (int64_t c = 0; c < channels_; ++c) {
        sum += channel(batch.originals.data() + row * values + c,
                       batch.reconstructions.data() + row * values + c);
      }
      items_.add(sum / static_cast<double>(channels_));
    }
  }
  MetricResult finish() const override { return {items_.mean(), items_.standard_error()}; }

 private:
  /// Mean over windows of one channel; the window is separable: rows first, then columns.
  double channel(const float* x, const float* y) {
    filter_rows(x, y);
    double sum = 0;
    const int64_t rows = height_ - kWindow + 1, columns = width_ - kWindow + 1;
    for (int64_t r = 0; r < rows; ++r) {
      for (int64_t c = 0; c < columns; ++c) {
        std::array<double, kMoments> m{};
        for (int64_t k = 0; k < kWindow; ++k) {
          const auto& line = filtered_[static_cast<size_t>((r + k) * columns + c)];
          for (size_t i = 0; i < kMoments; ++i) m[i] += weights_[static_cast<size_t>(k)] * line[i];
        }
        sum += similarity(m, range_);
      }
    }
    return sum / static_cast<double>(rows * columns);
  }

  void filter_rows(const float* x, const float* y) {
    const int64_t columns = width_ - kWindow + 1;
    filtered_.assign(static_cast<size_t>(height_ * columns), {});
    for (int64_t r = 0; r < height_; ++r) {
      for (int64_t c = 0; c < columns; ++c) {
        auto& out = filtered_[static_cast<size_t>(r * columns + c)];
        for (int64_t k = 0; k < kWindow; ++k) {
          const int64_t at = (r * width_ + c + k) * channels_;
          const double a = x[at], b = y[at], w = weights_[static_cast<size_t>(k)];
          out[0] += w * a;
          out[1] += w * b;
          out[2] += w * a * a;
          out[3] += w * b * b;
          out[4] += w * a * b;
        }
      }
    }
  }

  int64_t height_, width_, channels_;
  double range_;
  std::array<double, kWindow> weights_;
  std::vector<std::array<double, kMoments>> filtered_;  // (H, W - 10)
  ItemMean items_;
};

bool applies_to_images(const DataSpec& spec) {
  return spec.kind == DataKind::kImage && spec.item_shape.size() >= 2 &&
         spec.item_shape[0] >= kWindow && spec.item_shape[1] >= kWindow;
}
std::unique_ptr<Metric> make_ssim(const MetricSetup& setup) {
  return std::make_unique<Ssim>(setup);
}

}  // namespace

MetricDef metrics::ssim() {
  return {.name = "ssim",
          .summary = "structural similarity of the reconstruction, mean over images",
          .unit = "",
          .better = Better::kHigher,
          .source = "Wang2004",
          .needs = {Need::kReconstruction},
          .applies = applies_to_images,
          .make = make_ssim};
}

}  // namespace isthmus
