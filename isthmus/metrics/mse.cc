// SPDX-License-Identifier: Apache-2.0
// Mean squared error of the reconstruction.
#include "isthmus/metrics/mean_error.h"

namespace isthmus {
namespace {

double squared(double difference) { return difference * difference; }

}  // namespace

MetricDef metrics::mse() {
  return mean_error_metric<squared>("mse", "mean squared error of the reconstruction");
}

}  // namespace isthmus
