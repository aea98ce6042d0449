// SPDX-License-Identifier: Apache-2.0
// Mean squared error of the reconstruction: the mean over all values of all items, on the scale
// that the model sees. The reconstruction is the likelihood's mean at the posterior mean, not a
// draw.
#include "isthmus/metrics/metric.h"

namespace isthmus {
namespace {

class Mse final : public Metric {
 public:
  explicit Mse(const MetricSetup& setup) : values_(value_count(setup.item_shape)) {}
  void add_batch(const MetricBatch& batch) override {
    for (int64_t row = 0; row < batch.rows; ++row) {
      const float* x = batch.originals.data() + row * values_;
      const float* y = batch.reconstructions.data() + row * values_;
      double sum = 0;
      for (int64_t i = 0; i < values_; ++i) {
        const double difference = static_cast<double>(x[i]) - static_cast<double>(y[i]);
        sum += difference * difference;
      }
      items_.add(sum / static_cast<double>(values_));
    }
  }
  MetricResult finish() const override { return {items_.mean(), items_.standard_error()}; }

 private:
  int64_t values_;
  ItemMean items_;
};

bool applies_always(const DataSpec&) { return true; }
std::unique_ptr<Metric> make_mse(const MetricSetup& setup) { return std::make_unique<Mse>(setup); }

}  // namespace

MetricDef metrics::mse() {
  return {.name = "mse",
          .summary = "mean squared error of the reconstruction",
          .unit = "",
          .better = Better::kLower,
          .needs = {Need::kReconstruction},
          .applies = applies_always,
          .make = make_mse};
}

}  // namespace isthmus
