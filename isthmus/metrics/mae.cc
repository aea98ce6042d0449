// SPDX-License-Identifier: Apache-2.0
// Mean absolute error of the reconstruction: the mean over all values of all items, on the scale
// that the model sees. The reconstruction is the likelihood's mean at the posterior mean.
#include <cmath>

#include "isthmus/metrics/metric.h"

namespace isthmus {
namespace {

class Mae final : public Metric {
 public:
  explicit Mae(const MetricSetup& setup) : values_(value_count(setup.item_shape)) {}
  void add_batch(const MetricBatch& batch) override {
    for (int64_t row = 0; row < batch.rows; ++row) {
      const float* x = batch.originals.data() + row * values_;
      const float* y = batch.reconstructions.data() + row * values_;
      double sum = 0;
      for (int64_t i = 0; i < values_; ++i) {
        sum += std::fabs(static_cast<double>(x[i]) - static_cast<double>(y[i]));
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
std::unique_ptr<Metric> make_mae(const MetricSetup& setup) { return std::make_unique<Mae>(setup); }

}  // namespace

MetricDef metrics::mae() {
  return {.name = "mae",
          .summary = "mean absolute error of the reconstruction",
          .unit = "",
          .better = Better::kLower,
          .needs = {Need::kReconstruction},
          .applies = applies_always,
          .make = make_mae};
}

}  // namespace isthmus
