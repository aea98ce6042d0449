// SPDX-License-Identifier: Apache-2.0
// Active units: the number of latents whose posterior mean varies over the data, Var_x(E_q[z_j]) >
// 0.01. A small number beside a falling elbo tells of posterior collapse; alone it is information.
#include <limits>

#include "isthmus/metrics/metric.h"

namespace isthmus {
namespace {

constexpr double kThreshold = 0.01;

class ActiveUnits final : public Metric {
 public:
  explicit ActiveUnits(const MetricSetup& setup) : moments_(setup.latent_dim) {}
  void add_batch(const MetricBatch& batch) override { moments_.add_rows(batch.posterior_means); }
  MetricResult finish() const override {
    if (moments_.count() < 2) return {std::numeric_limits<double>::quiet_NaN()};  // no variance
    return {static_cast<double>(moments_.count_variance_above(kThreshold))};
  }

 private:
  ColumnMoments moments_;
};

bool applies_always(const DataSpec&) { return true; }
std::unique_ptr<Metric> make_active_units(const MetricSetup& setup) {
  return std::make_unique<ActiveUnits>(setup);
}

}  // namespace

MetricDef metrics::active_units() {
  return {.name = "active_units",
          .summary = "latents whose posterior mean has a variance above 0.01 over the data",
          .unit = "latents",
          .better = Better::kHigher,
          .source = "Burda2016",
          .needs = {Need::kPosteriorMean},
          .applies = applies_always,
          .make = make_active_units};
}

}  // namespace isthmus
