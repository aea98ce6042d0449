// SPDX-License-Identifier: Apache-2.0
// Mean absolute error of the reconstruction.
#include <cmath>

#include "isthmus/metrics/mean_error.h"

namespace isthmus {
namespace {

double absolute(double difference) { return std::fabs(difference); }

}  // namespace

MetricDef metrics::mae() {
  return mean_error_metric<absolute>("mae", "mean absolute error of the reconstruction");
}

}  // namespace isthmus
