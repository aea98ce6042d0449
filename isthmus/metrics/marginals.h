// SPDX-License-Identifier: Apache-2.0
// How single columns and pairs of columns are distributed: what a first look at a table compares
// between real and sampled items. Columns are arrays of their own, in the units of the data.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace isthmus {

/// Equal bins: bin i covers low + i * width .. low + (i + 1) * width. The outer two also hold all
/// that lies beyond.
struct Bins {
  double low = 0, width = 1;
  int64_t count = 1;
};

/// For these values, finite and not empty: from their 0.5 % to their 99.5 % quantile, or over their
/// range where these agree. Whole numbers get bins of equally many whole numbers, one each up to
/// 24; other values get 20 bins. A single value gets one bin around it.
Bins choose_bins(std::span<const double> values, bool whole);
/// Values per bin; what is not finite is left out.
std::vector<int64_t> histogram(const Bins& bins, std::span<const double> values);

/// Pearson's correlations of columns of equal length, (k, k); NaN for a column of one value.
std::vector<double> correlations(const std::vector<std::vector<double>>& columns);

}  // namespace isthmus
