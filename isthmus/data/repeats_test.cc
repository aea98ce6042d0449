// SPDX-License-Identifier: Apache-2.0
// Planted doubles are counted, to the item.
#include "isthmus/data/repeats.h"

#include <gtest/gtest.h>

#include <numeric>

namespace isthmus {
namespace {

/// `count` different items of 2 x 3 values, whose last `repeated` are the first ones again.
Dataset items(int64_t count, int64_t repeated) {
  Dataset data;
  data.values = Tensor(Dtype::kF32, {count, 2, 3});
  const auto values = data.values.values<float>();
  std::iota(values.begin(), values.end(), 0.0f);
  std::copy_n(values.begin(), repeated * 6, values.end() - repeated * 6);
  return data;
}

std::vector<int64_t> range(int64_t first, int64_t last) {
  std::vector<int64_t> rows(static_cast<size_t>(last - first));
  std::iota(rows.begin(), rows.end(), first);
  return rows;
}

TEST(Repeats, OfADataSet) {
  EXPECT_EQ(repeated_share(items(1000, 0)), 0);
  EXPECT_EQ(repeated_share(items(1000, 50)), 0.05);
  Dataset equal = items(10, 0);
  for (float& v : equal.values.values<float>()) v = 1;
  EXPECT_EQ(repeated_share(equal), 0.9);
}

TEST(Repeats, OfOneSetInAnother) {
  const Dataset data = items(1000, 50);
  EXPECT_EQ(count_known(data, range(900, 1000), data, range(0, 900)), 50);
  EXPECT_EQ(count_known(data, range(900, 1000), data, range(25, 900)), 25);
  EXPECT_EQ(count_known(data, range(900, 1000), data, range(50, 900)), 0);
  EXPECT_EQ(count_known(items(100, 0), range(0, 100), data, range(0, 1000)), 100);
  EXPECT_EQ(count_known(data, {}, data, range(0, 1000)), 0);
}

}  // namespace
}  // namespace isthmus
