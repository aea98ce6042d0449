// SPDX-License-Identifier: Apache-2.0
// Facts about values against numbers worked out by hand, and where naive sums would fail.
#include "isthmus/data/facts.h"

#include <cmath>

#include "isthmus/data/testing.h"

namespace isthmus {
namespace {

ParsedData table(Shape shape, const std::vector<float>& values) {
  ParsedData data;
  data.kind = DataKind::kTable;
  data.column_names = numbered_names(shape[1]);
  data.values = Tensor::from<float>(std::move(shape), values);
  return data;
}

TEST(Facts, PerColumnOfATable) {
  const auto fields = measure_fields(table({4, 3}, {1, 0, 5, 2, 1, 5, 3, 1, 5, 6, 0, 5}));
  ASSERT_EQ(fields.size(), 3u);
  EXPECT_EQ(fields[0].name, "c1");
  EXPECT_EQ(fields[0].min, 1);
  EXPECT_EQ(fields[0].max, 6);
  EXPECT_EQ(fields[0].mean, 3);
  EXPECT_DOUBLE_EQ(fields[0].standard_deviation, std::sqrt(14.0 / 4));
  EXPECT_TRUE(fields[0].integer);
  EXPECT_FALSE(fields[0].binary);
  EXPECT_TRUE(fields[1].binary);
  EXPECT_TRUE(fields[2].constant);
  EXPECT_EQ(fields[2].standard_deviation, 0);
}

TEST(Facts, LargeOffsetsDoNotSpoilTheDeviation) {
  const auto fields = measure_fields(table({2, 1}, {16777216.0f, 16777214.0f}));
  EXPECT_EQ(fields[0].standard_deviation, 1);
}

TEST(Facts, ConstantsHaveAnExactMean) {
  const auto fields = measure_fields(table({3, 1}, {0.1f, 0.1f, 0.1f}));
  EXPECT_EQ(fields[0].mean, static_cast<double>(0.1f));
  EXPECT_EQ(fields[0].standard_deviation, 0);
}

TEST(Facts, ExtremeScalesSurvive) {
  const auto fields = measure_fields(table({2, 2}, {1e-30f, 1e30f, 3e-30f, -1e30f}));
  EXPECT_NEAR(fields[0].standard_deviation / 1e-30, 1, 1e-6);
  EXPECT_NEAR(fields[1].standard_deviation / 1e30, 1, 1e-6);
}

TEST(Facts, BytesHaveOneEntry) {
  ParsedData data;
  data.kind = DataKind::kImage;
  const std::vector<uint8_t> values = {0, 255, 10, 10};
  data.values = Tensor::from<uint8_t>({2, 1, 2}, values);
  const auto fields = measure_fields(data);
  ASSERT_EQ(fields.size(), 1u);
  EXPECT_EQ(fields[0].mean, 68.75);
  EXPECT_NEAR(fields[0].standard_deviation, 107.60896, 1e-5);
  EXPECT_EQ(fields[0].min, 0);
  EXPECT_EQ(fields[0].max, 255);
  EXPECT_FALSE(fields[0].binary);
}

TEST(Facts, ZeroAndOneBytesAreBinary) {
  ParsedData data;
  const std::vector<uint8_t> values = {0, 1, 1};
  data.values = Tensor::from<uint8_t>({3, 1}, values);
  EXPECT_TRUE(measure_fields(data)[0].binary);
}

}  // namespace
}  // namespace isthmus
