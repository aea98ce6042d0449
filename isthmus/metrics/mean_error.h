// SPDX-License-Identifier: Apache-2.0
// Metrics that are the mean of an error of single values: over all values of all items, on the
// scale that the model sees. The reconstruction is the likelihood's mean at the posterior mean, not
// a draw.
#pragma once

#include "isthmus/metrics/metric.h"

namespace isthmus {

/// `error`: of a difference.
template <double (*error)(double)>
class MeanError final : public Metric {
 public:
  explicit MeanError(const MetricSetup& setup) : values_(value_count(setup.item_shape)) {}
  void add_batch(const MetricBatch& batch) override {
    for (int64_t row = 0; row < batch.rows; ++row) {
      const float* x = batch.originals.data() + row * values_;
      const float* y = batch.reconstructions.data() + row * values_;
      double sum = 0;
      for (int64_t i = 0; i < values_; ++i) {
        sum += error(static_cast<double>(x[i]) - static_cast<double>(y[i]));
      }
      items_.add(sum / static_cast<double>(values_));
    }
  }
  MetricResult finish() const override { return {items_.mean(), items_.standard_error()}; }

 private:
  int64_t values_;
  ItemMean items_;
};

template <double (*error)(double)>
MetricDef mean_error_metric(std::string_view name, std::string_view summary) {
  return {.name = name,
          .summary = summary,
          .unit = "",
          .better = Better::kLower,
          .needs = {Need::kReconstruction},
          .applies = [](const DataSpec&) { return true; },
          .make = [](const MetricSetup& setup) -> std::unique_ptr<Metric> {
            return std::make_unique<MeanError<error>>(setup);
          }};
}

}  // namespace isthmus
