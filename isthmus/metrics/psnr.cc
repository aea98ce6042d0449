// SPDX-License-Identifier: Apache-2.0
// Peak signal-to-noise ratio: 10 log10(range^2 / mse) of each image, then the mean over images. The
// range is that of the data, on the scale that the model sees; a perfect image counts as 100 dB.
#include <algorithm>
#include <cmath>

#include "isthmus/metrics/metric.h"

namespace isthmus {
namespace {

constexpr double kPerfect = 100.0;  // dB

class Psnr final : public Metric {
 public:
  explicit Psnr(const MetricSetup& setup)
      : values_(value_count(setup.item_shape)), peak_(setup.dynamic_range * setup.dynamic_range) {}
  void add_batch(const MetricBatch& batch) override {
    for (int64_t row = 0; row < batch.rows; ++row) {
      const float* x = batch.originals.data() + row * values_;
      const float* y = batch.reconstructions.data() + row * values_;
      double sum = 0;
      for (int64_t i = 0; i < values_; ++i) {
        const double difference = static_cast<double>(x[i]) - static_cast<double>(y[i]);
        sum += difference * difference;
      }
      const double mse = sum / static_cast<double>(values_);
      items_.add(mse > 0 ? std::min(kPerfect, 10.0 * std::log10(peak_ / mse)) : kPerfect);
    }
  }
  MetricResult finish() const override { return {items_.mean(), items_.standard_error()}; }

 private:
  int64_t values_;
  double peak_;
  ItemMean items_;
};

bool applies_to_images(const DataSpec& spec) { return spec.kind == DataKind::kImage; }
std::unique_ptr<Metric> make_psnr(const MetricSetup& setup) {
  return std::make_unique<Psnr>(setup);
}

}  // namespace

MetricDef metrics::psnr() {
  return {.name = "psnr",
          .summary = "peak signal-to-noise ratio of the reconstruction, mean over images",
          .unit = "dB",
          .better = Better::kHigher,
          .needs = {Need::kReconstruction},
          .applies = applies_to_images,
          .make = make_psnr};
}

}  // namespace isthmus
