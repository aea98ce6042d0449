// SPDX-License-Identifier: Apache-2.0
// Which rows train and which validate: a keyed permutation, so the choice depends on the seed and
// the number of items alone, and needs nothing saved.
#pragma once

#include <cstdint>
#include <vector>

namespace isthmus {

/// Row indices, ascending; together all rows, none twice.
struct RowSplit {
  std::vector<int64_t> train;
  std::vector<int64_t> validation;
};
/// Holds out round(share * num_items) rows, at least one unless share is 0. Key purpose: "split".
/// E3403 with fewer than 2 items, or when no row is left to train on.
RowSplit split_rows(int64_t num_items, double validation_share, uint64_t seed);

}  // namespace isthmus
