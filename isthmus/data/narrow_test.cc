// SPDX-License-Identifier: Apache-2.0
// What float64 tells apart survives, and the type of a file does not matter.
#include "isthmus/data/narrow.h"

#include <cmath>

#include "isthmus/data/facts.h"
#include "isthmus/data/testing.h"

namespace isthmus {
namespace {

using Names = std::vector<std::string>;

Tensor doubles(Shape shape, const std::vector<double>& v) {
  return Tensor::from<double>(std::move(shape), v);
}

TEST(Narrow, WholeNumbersUpTo255BecomeBytesWhateverTheirType) {
  const std::vector<double> wide = {0, 255, 7, 16};
  const std::vector<float> floats(wide.begin(), wide.end());
  for (const Tensor& t : {doubles({2, 2}, wide), Tensor::from<float>({2, 2}, floats)}) {
    const NarrowedValues narrowed = narrow(t, 2, {});
    EXPECT_EQ(narrowed.values.dtype(), Dtype::kU8);
    EXPECT_EQ(narrowed.values.values<uint8_t>()[1], 255);
    EXPECT_EQ(narrowed.narrowing, Narrowing{});
  }
  EXPECT_EQ(narrow(doubles({2, 1}, {0, 256}), 1, {}).values.dtype(), Dtype::kF32);
  EXPECT_EQ(narrow(doubles({2, 1}, {-1, 5}), 1, {}).values.dtype(), Dtype::kF32);
  EXPECT_EQ(narrow(doubles({2, 1}, {0.5, 5}), 1, {}).values.dtype(), Dtype::kF32);
}

TEST(Narrow, TimestampsAndSmallChangesOfLargeNumbersAreKept) {
  // 1,000 timestamps one second apart became 9 when float64 was cut to float32 first.
  std::vector<double> v;
  for (int i = 0; i < 1000; ++i) {
    v.push_back(1.7e9 + i);
    v.push_back(1e6 + 0.01 * std::sin(i));
  }
  const NarrowedValues narrowed = narrow(doubles({1000, 2}, v), 2, Names{"t", "x"});
  EXPECT_TRUE(narrowed.merged.empty());
  const Tensor back = widened(narrowed.values, narrowed.narrowing);
  for (size_t i = 0; i < v.size(); ++i) {
    EXPECT_NEAR(back.values<double>()[i], v[i], i % 2 == 0 ? 0 : 1e-8);
  }
  const auto fields = measure_fields(narrowed.values, narrowed.narrowing, Names{"t", "x"});
  EXPECT_EQ(fields[0].step, 1);
  EXPECT_EQ(fields[0].mean, 1.7e9 + 499.5);
  EXPECT_NEAR(fields[1].standard_deviation, 0.01 * std::sqrt(0.5), 1e-4);
}

TEST(Narrow, NumbersOutsideOfFloat32GetAUnit) {
  const std::vector<double> v = {1e-41, 4.8e38, 3e-41, -4.8e38, 2e-41, 1e39};
  const NarrowedValues narrowed = narrow(doubles({3, 2}, v), 2, Names{"tiny", "big"});
  EXPECT_TRUE(narrowed.merged.empty());
  const Tensor back = widened(narrowed.values, narrowed.narrowing);
  for (size_t i = 0; i < v.size(); ++i) {
    EXPECT_NEAR(back.values<double>()[i] / v[i], 1, 1e-6);
    EXPECT_LT(std::fabs(narrowed.values.values<float>()[i]), 8.0f);
  }
}

TEST(Narrow, NamesFieldsWhoseValuesItCannotTellApart) {
  std::vector<double> v;
  for (int i = 0; i < 100; ++i) {
    v.push_back(i == 0 ? 1e30 : i);
    v.push_back(i + 0.5);
  }
  const NarrowedValues narrowed = narrow(doubles({100, 2}, v), 2, Names{"outlier", "fine"});
  EXPECT_EQ(narrowed.merged, (std::vector<size_t>{0}));
}

TEST(Narrow, WholeNumbersAboveFloat64AreNamed) {
  // 400 ids of 19 digits were one constant column, left out without a true word.
  std::vector<double> v;
  for (int i = 0; i < 400; ++i) v.push_back(9007199254740993000.0 + i);
  EXPECT_EQ(narrow(doubles({400, 1}, v), 1, Names{"id"}).merged, (std::vector<size_t>{0}));
  std::vector<double> huge;
  for (int i = 0; i < 400; ++i) huge.push_back(1e20 * std::sin(i));
  EXPECT_TRUE(narrow(doubles({400, 1}, huge), 1, Names{"huge"}).merged.empty());
}

TEST(Narrow, DecimalsAreThoseOfTheFileNotOfFloat32) {
  // Prices of five digits were sampled with four decimals.
  std::vector<double> v;
  for (int i = 0; i < 300; ++i) {
    v.push_back(std::round(100 * (9000 + 8000 * std::sin(i))) / 100);
    v.push_back(std::round(1e5 * std::cos(i)) / 1e5);
  }
  const NarrowedValues narrowed = narrow(doubles({300, 2}, v), 2, Names{"price", "x"});
  EXPECT_EQ(narrowed.narrowing.decimals, (std::vector<int64_t>{2, 5}));
  const auto fields = measure_fields(narrowed.values, narrowed.narrowing, Names{"price", "x"});
  EXPECT_EQ(fields[0].decimals, 2);
  EXPECT_EQ(fields[1].decimals, 5);
}

TEST(Narrow, TheScalingInMemoryIsThatOfTheStoredValues) {
  std::vector<double> v;
  for (int i = 0; i < 50; ++i) v.push_back(5e8 + i);
  const NarrowedValues narrowed = narrow(doubles({50, 1}, v), 1, Names{"t"});
  const Scaling scaling = {.kind = "standardize", .shift = {5e8 + 24.5}, .scale = {0.1}};
  const Scaling memory = memory_scaling(scaling, narrowed.narrowing);
  for (size_t i = 0; i < v.size(); ++i) {
    const double m = static_cast<double>(narrowed.values.values<float>()[i]);
    EXPECT_DOUBLE_EQ((m - memory.shift[0]) * memory.scale[0], (v[i] - scaling.shift[0]) * 0.1);
  }
  EXPECT_EQ(memory_scaling(scaling, {}), scaling);
}

TEST(Narrow, ValuesThatAreNotFiniteAreNamed) {
  const Error error = testing::error_of([] {
    narrow(doubles({3, 2}, {1, 2, 3, NAN, 5, INFINITY}), 2, Names{"a", "b"});
  });
  EXPECT_EQ(error.code(), ErrorCode::kNotFinite);
  EXPECT_EQ(error.message(), "NaN in item 1 (2 values of column \"b\" are not finite)");
}

TEST(Narrow, TheRemedySpokeOfAPrintedCellButOnlyTheItemWasNamed) {
  const auto message = [](Shape shape, DataKind kind) {
    return testing::error_of([&] {
             Tensor values(Dtype::kF32, shape);
             values.values<float>()[23] = NAN;
             narrow(values, 1, {}, kind);
           })
        .message();
  };
  const std::string count = " (1 values of all are not finite)";
  EXPECT_EQ(message({3, 3, 4}, DataKind::kImage), "NaN in item 1 at row 2, column 3" + count);
  EXPECT_EQ(message({3, 2, 3, 3}, DataKind::kImage),
            "NaN in item 1 at row 0, column 1, channel 2" + count);
  EXPECT_EQ(message({3, 9}, DataKind::kArray), "NaN in item 2 at [5]" + count);
  EXPECT_EQ(message({3, 2, 3, 3}, DataKind::kArray), "NaN in item 1 at [0, 1, 2]" + count);
}

}  // namespace
}  // namespace isthmus
