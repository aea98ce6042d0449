// SPDX-License-Identifier: Apache-2.0
// The list of metrics and what they share: running means over items and moments of columns. The
// verbs in train/ feed them; nothing here knows a model or a file.
#include <cmath>
#include <limits>

#include "isthmus/metrics/metric.h"

namespace isthmus {

const Registry<MetricDef>& all_metrics() {
  static const Registry<MetricDef> all({.noun = "metric", .key = "metrics", .usual = "mse"}, {
#define ISTHMUS_ENTRY(name) metrics::name(),
#include "isthmus/builtin_metrics.inc"
#undef ISTHMUS_ENTRY
                                                                                             });
  return all;
}

double ItemMean::standard_error() const {
  if (count_ < 2) return std::numeric_limits<double>::quiet_NaN();
  const double n = static_cast<double>(count_);
  return std::sqrt(squares_ / (n - 1.0) / n);
}

void ColumnMoments::add_rows(std::span<const float> rows) {
  const size_t columns = mean_.size();
  for (size_t begin = 0; begin + columns <= rows.size() && columns > 0; begin += columns) {
    ++count_;
    const double n = static_cast<double>(count_);
    for (size_t j = 0; j < columns; ++j) {
      const double value = rows[begin + j];
      const double delta = value - mean_[j];
      mean_[j] += delta / n;
      squares_[j] += delta * (value - mean_[j]);
    }
  }
}

double ColumnMoments::variance(size_t column) const {
  return count_ == 0 ? 0.0 : squares_[column] / static_cast<double>(count_);
}

int64_t ColumnMoments::count_variance_above(double threshold) const {
  int64_t active = 0;
  for (size_t j = 0; j < mean_.size(); ++j) active += variance(j) > threshold ? 1 : 0;
  return active;
}

}  // namespace isthmus
