// SPDX-License-Identifier: Apache-2.0
// Histograms with common bins and correlations, in double and in order.
#include "isthmus/metrics/marginals.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "isthmus/base/error.h"

namespace isthmus {
namespace {

constexpr int64_t kBins = 20, kMostSingles = 24;
constexpr double kTail = 0.005;

struct Range {
  double low, high;
};

Range middle_of(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const auto last = static_cast<double>(values.size() - 1);
  const double low = values[static_cast<size_t>(std::lround(kTail * last))];
  const double high = values[static_cast<size_t>(std::lround((1 - kTail) * last))];
  return low < high ? Range{low, high} : Range{values.front(), values.back()};
}

/// Deviations from the mean, scaled to length 1; all NaN for a column of one value.
std::vector<double> unit_deviations(const std::vector<double>& column) {
  double mean = 0, squares = 0;
  for (double v : column) mean += v / static_cast<double>(column.size());
  std::vector<double> out;
  for (double v : column) {
    out.push_back(v - mean);
    squares += out.back() * out.back();
  }
  const auto [least, most] = std::minmax_element(column.begin(), column.end());
  const bool varies = !column.empty() && *least < *most && squares > 0;
  for (double& v : out) {
    v = varies ? v / std::sqrt(squares) : std::numeric_limits<double>::quiet_NaN();
  }
  return out;
}

}  // namespace

Bins choose_bins(std::span<const double> values, bool whole) {
  ISTHMUS_CHECK(!values.empty(), "bins of no values");
  const Range range = middle_of({values.begin(), values.end()});
  const double span = range.high - range.low;
  if (!(span > 0)) return {.low = range.low - 0.5, .width = 1, .count = 1};
  if (!whole || !(span < 1e15)) {
    return {.low = range.low, .width = span / static_cast<double>(kBins), .count = kBins};
  }
  const auto numbers = static_cast<int64_t>(std::llround(span)) + 1;
  const int64_t each = numbers <= kMostSingles ? 1 : (numbers + kBins - 1) / kBins;
  return {.low = range.low - 0.5,
          .width = static_cast<double>(each),
          .count = (numbers + each - 1) / each};
}

std::vector<int64_t> histogram(const Bins& bins, std::span<const double> values) {
  std::vector<int64_t> counts(static_cast<size_t>(bins.count));
  const auto last = static_cast<double>(bins.count - 1);
  for (double v : values) {
    if (!std::isfinite(v)) continue;
    const double bin = std::clamp(std::floor((v - bins.low) / bins.width), 0.0, last);
    ++counts[static_cast<size_t>(bin)];
  }
  return counts;
}

std::vector<double> correlations(const std::vector<std::vector<double>>& columns) {
  const size_t k = columns.size();
  std::vector<std::vector<double>> units;
  for (const std::vector<double>& column : columns) units.push_back(unit_deviations(column));
  std::vector<double> out(k * k);
  for (size_t i = 0; i < k; ++i) {
    for (size_t j = 0; j <= i; ++j) {
      double sum = 0;
      for (size_t r = 0; r < units[i].size(); ++r) sum += units[i][r] * units[j][r];
      out[i * k + j] = out[j * k + i] = std::clamp(sum, -1.0, 1.0);
    }
  }
  return out;
}

}  // namespace isthmus
