// SPDX-License-Identifier: Apache-2.0
// The split covers all rows once, follows its share, and depends on the seed only.
#include "isthmus/data/split.h"

#include <algorithm>
#include <numeric>

#include "isthmus/data/testing.h"

namespace isthmus {
namespace {

using testing::number_of;

TEST(Split, CoversEveryRowOnce) {
  for (const int64_t n : {2, 3, 10, 1000, 1797}) {
    const RowSplit split = split_rows(n, 0.1, 5);
    std::vector<int64_t> all = split.train;
    all.insert(all.end(), split.validation.begin(), split.validation.end());
    EXPECT_TRUE(std::is_sorted(split.train.begin(), split.train.end()));
    EXPECT_TRUE(std::is_sorted(split.validation.begin(), split.validation.end()));
    std::sort(all.begin(), all.end());
    std::vector<int64_t> expected(static_cast<size_t>(n));
    std::iota(expected.begin(), expected.end(), 0);
    EXPECT_EQ(all, expected);
  }
}

TEST(Split, HoldsOutItsShare) {
  EXPECT_EQ(split_rows(60000, 0.1, 0).validation.size(), 6000u);
  EXPECT_EQ(split_rows(1000, 0.0, 0).validation.size(), 0u);
  EXPECT_EQ(split_rows(15, 0.1, 0).validation.size(), 2u);
  EXPECT_EQ(split_rows(2, 0.1, 0).validation.size(), 1u);
}

TEST(Split, IsAFunctionOfTheSeed) {
  EXPECT_EQ(split_rows(500, 0.2, 1).validation, split_rows(500, 0.2, 1).validation);
  EXPECT_NE(split_rows(500, 0.2, 1).validation, split_rows(500, 0.2, 2).validation);
}

TEST(Split, SpreadsOverTheData) {
  const RowSplit split = split_rows(10000, 0.1, 3);
  const double mean = std::accumulate(split.validation.begin(), split.validation.end(), 0.0) /
                      static_cast<double>(split.validation.size());
  EXPECT_NEAR(mean, 5000, 400);  // four standard errors are 365
}

TEST(Split, RefusesTooFewItems) {
  EXPECT_EQ(number_of([] { split_rows(0, 0.1, 0); }), 3403);
  EXPECT_EQ(number_of([] { split_rows(1, 0.0, 0); }), 3403);
  EXPECT_EQ(number_of([] { split_rows(2, 0.9, 0); }), 3403);
}

}  // namespace
}  // namespace isthmus
