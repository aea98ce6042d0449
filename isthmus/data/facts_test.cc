// SPDX-License-Identifier: Apache-2.0
// Facts about values against numbers worked out by hand, and where naive sums would fail.
#include "isthmus/data/facts.h"

#include <cmath>

#include "isthmus/data/testing.h"

namespace isthmus {
namespace {

using Names = std::vector<std::string>;

Tensor values(Shape shape, const std::vector<float>& v) {
  return Tensor::from<float>(std::move(shape), v);
}

TEST(Facts, PerColumnOfATable) {
  const auto fields = measure_fields(values({4, 3}, {1, 0, 5, 2, 1, 5, 3, 1, 5, 6, 0, 5}), {},
                                     Names{"a", "b", "c"});
  ASSERT_EQ(fields.size(), 3u);
  EXPECT_EQ(fields[0].name, "a");
  EXPECT_EQ(fields[0].min, 1);
  EXPECT_EQ(fields[0].max, 6);
  EXPECT_EQ(fields[0].mean, 3);
  EXPECT_DOUBLE_EQ(fields[0].standard_deviation, std::sqrt(14.0 / 4));
  EXPECT_EQ(fields[0].step, 1);
  EXPECT_EQ(fields[0].decimals, 0);
  EXPECT_TRUE(fields[0].integer);
  EXPECT_FALSE(fields[0].binary);
  EXPECT_TRUE(fields[1].binary);
  EXPECT_TRUE(fields[2].constant);
  EXPECT_EQ(fields[2].standard_deviation, 0);
  EXPECT_EQ(fields[2].step, 0);
}

TEST(Facts, OfTheChosenRowsOnly) {
  const Tensor v = values({4, 2}, {1, 10, 3, 10, 500, -7, 2, 10});
  const auto fields = measure_fields(v, {}, Names{"a", "b"}, std::vector<int64_t>{0, 1, 3});
  EXPECT_EQ(fields[0].max, 3);
  EXPECT_EQ(fields[0].mean, 2);
  EXPECT_TRUE(fields[1].constant);
  const std::vector<uint8_t> raw = {1, 10, 3, 10, 200, 7, 2, 10};
  const auto bytes = measure_fields(Tensor::from<uint8_t>({4, 2}, raw), {}, Names{"a", "b"},
                                    std::vector<int64_t>{0, 1, 3});
  EXPECT_EQ(bytes[0].max, 3);
  EXPECT_TRUE(bytes[1].constant);
}

TEST(Facts, BytesAndFloatsOfTheSameNumbersAgree) {
  const std::vector<uint8_t> raw = {0, 4, 12, 4, 8, 200, 16, 0, 0, 250, 4, 1};
  const std::vector<float> reals(raw.begin(), raw.end());
  const Names names = {"a", "b", "c"};
  const auto bytes = measure_fields(Tensor::from<uint8_t>({4, 3}, raw), {}, names);
  const auto floats = measure_fields(values({4, 3}, reals), {}, names);
  for (size_t f = 0; f < 3; ++f) {
    EXPECT_EQ(bytes[f].mean, floats[f].mean);
    EXPECT_NEAR(bytes[f].standard_deviation, floats[f].standard_deviation, 1e-12);
    EXPECT_EQ(bytes[f].step, floats[f].step);
    EXPECT_EQ(bytes[f].decimals, floats[f].decimals);
    EXPECT_EQ(bytes[f].binary, floats[f].binary);
    EXPECT_EQ(bytes[f].integer, floats[f].integer);
  }
}

TEST(Facts, StepAndDecimalsAreThoseOfTheColumn) {
  const auto fields = measure_fields(values({4, 4}, {7, 0.1f, 5.25f, 0, 8, 0.3f, 5.5f, 255, 7.25f,
                                                     0.2f, 5.75f, 255, 9, 0.7f, 6, 0}),
                                     {}, Names{"one real cell", "tenths", "quarters", "mask"});
  EXPECT_EQ(fields[0].step, 0.25);
  EXPECT_EQ(fields[0].decimals, 2);
  EXPECT_FALSE(fields[0].integer);
  EXPECT_NEAR(fields[1].step, 0.1, 1e-6);
  EXPECT_EQ(fields[1].decimals, 1);
  EXPECT_EQ(fields[2].step, 0.25);
  EXPECT_EQ(fields[3].step, 255);
  EXPECT_TRUE(fields[3].binary);
  std::vector<float> many;
  for (int i = 0; i < 1025; ++i) many.push_back(static_cast<float>(i) + 1.0f / 3);
  const auto fine = measure_fields(values({1025, 1}, many), {}, Names{"fine"});
  EXPECT_EQ(fine[0].step, 0);
  EXPECT_EQ(fine[0].decimals, -1);
}

TEST(Facts, LargeOffsetsDoNotSpoilTheDeviation) {
  const auto fields = measure_fields(values({2, 1}, {16777216.0f, 16777214.0f}), {}, Names{"a"});
  EXPECT_EQ(fields[0].standard_deviation, 1);
}

TEST(Facts, ConstantsHaveAnExactMean) {
  const auto fields = measure_fields(values({3, 1}, {0.1f, 0.1f, 0.1f}), {}, Names{"a"});
  EXPECT_EQ(fields[0].mean, static_cast<double>(0.1f));
  EXPECT_EQ(fields[0].standard_deviation, 0);
}

TEST(Facts, BytesHaveOneEntry) {
  const std::vector<uint8_t> raw = {0, 255, 10, 10};
  const auto fields = measure_fields(Tensor::from<uint8_t>({2, 1, 2}, raw), {}, {});
  ASSERT_EQ(fields.size(), 1u);
  EXPECT_EQ(fields[0].mean, 68.75);
  EXPECT_NEAR(fields[0].standard_deviation, 107.60896, 1e-5);
  EXPECT_EQ(fields[0].min, 0);
  EXPECT_EQ(fields[0].max, 255);
  EXPECT_FALSE(fields[0].binary);
}

TEST(Facts, ZeroAndOneBytesAreBinary) {
  const std::vector<uint8_t> raw = {0, 1, 1};
  EXPECT_TRUE(measure_fields(Tensor::from<uint8_t>({3, 1}, raw), {}, {})[0].binary);
}

}  // namespace
}  // namespace isthmus
