// SPDX-License-Identifier: Apache-2.0
// Centres to begin with, spread over the items: k-means++ and a few passes of k-means on a keyed
// sample, in double on one thread. Sources: Arthur & Vassilvitskii 2007 (k-means++); Lloyd 1982.
#pragma once

#include <string_view>
#include <vector>

#include "isthmus/base/rng_key.h"
#include "isthmus/models/parts.h"

namespace isthmus {

/// Items in double, (count, width).
struct ItemSample {
  std::vector<double> values;
  size_t count = 0, width = 0;
  const double* item(size_t i) const { return values.data() + i * width; }
};

/// As many different training items as there are, at most `most`, drawn by the seed of the run.
ItemSample sample_of(const FitRequest& request, int64_t most);
/// As many as a start with so many centres is made from.
int64_t sample_size(int64_t centres);

/// (count, D): the first is any item, each further one an item drawn with a probability in
/// proportion to its squared distance from the nearest centre so far.
std::vector<double> spread_centres(const ItemSample& sample, size_t count, RngKey key);

/// For each item the number of the nearest of the centres, (count, D).
std::vector<size_t> nearest_centres(const ItemSample& sample, const std::vector<double>& centres);
/// Moves each centre to the mean of the items that it is nearest to; those of none stay.
void move_centres(const ItemSample& sample, const std::vector<size_t>& nearest,
                  std::vector<double>& centres);

/// Error E2003 unless there are as many training items; `key` is the option that says how many.
void require_items(const FitRequest& request, int64_t centres, std::string_view key);

/// Error E2202 if all training items are alike; else the column means and variances.
ColumnFacts varied_columns(const FitRequest& request);

}  // namespace isthmus
