// SPDX-License-Identifier: Apache-2.0
// The split into training and validation rows. The order in which rows are visited is decided
// elsewhere, per epoch; indices here are sorted so that memory is walked forward.
#include "isthmus/data/split.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "isthmus/base/error.h"
#include "isthmus/base/rng_key.h"
#include "isthmus/base/text.h"

namespace isthmus {

RowSplit split_rows(int64_t num_items, double validation_share, uint64_t seed) {
  ISTHMUS_CHECK(num_items >= 0 && validation_share >= 0 && validation_share < 1,
                "a share is in [0, 1)");
  constexpr int64_t kMinItems = 2;
  if (num_items < kMinItems) {
    throw Error(ErrorCode::kTooFewItems, "the data set has " + std::to_string(num_items) +
                                             " items, at least " + std::to_string(kMinItems) +
                                             " are needed");
  }
  int64_t held_out = 0;
  if (validation_share > 0) {
    held_out =
        std::max<int64_t>(1, std::llround(validation_share * static_cast<double>(num_items)));
  }
  if (held_out >= num_items) {
    throw Error(ErrorCode::kTooFewItems,
                "holding out " + group_digits(held_out) + " of " + group_digits(num_items) +
                    " items leaves none to train on",
                "give more items or a smaller --val");
  }
  const KeyedPermutation permutation(RngKey::from(seed, "split"), 0,
                                     static_cast<uint64_t>(num_items));
  RowSplit split;
  split.validation.reserve(static_cast<size_t>(held_out));
  split.train.reserve(static_cast<size_t>(num_items - held_out));
  for (int64_t position = 0; position < num_items; ++position) {
    const auto row = static_cast<int64_t>(permutation(static_cast<uint64_t>(position)));
    (position < held_out ? split.validation : split.train).push_back(row);
  }
  std::sort(split.train.begin(), split.train.end());
  std::sort(split.validation.begin(), split.validation.end());
  return split;
}

}  // namespace isthmus
