// SPDX-License-Identifier: Apache-2.0
// Data of which values are not there: who asks for holes is told where they are, everybody else
// gets the error; what stands in a hole changes no fact.
#include <cmath>

#include "isthmus/data/csv_number.h"
#include "isthmus/data/dataset.h"
#include "isthmus/data/npy_write.h"
#include "isthmus/data/testing.h"

namespace isthmus {
namespace {

using testing::error_of;
using testing::floats_of;
using testing::new_folder;
using testing::put;

constexpr std::string_view kTable =
    "id,a,b,c\n"
    "1,1,,7\n"
    "2,NA,20,8\n"
    "3,3,nan,\n"
    "4,4,40,9\n";

/// A model of columns c and a, which knows what they were in training.
DataSpec model() {
  return {.kind = DataKind::kTable,
          .item_shape = {2},
          .fields = {{.name = "c", .mean = 8.4, .integer = true}, {.name = "a", .mean = 2.5}}};
}

Dataset opened(std::string_view text, const DataOptions& options) {
  return open_dataset(posix_fs(), put(new_folder("holes"), "t.csv", text), options, {}, "");
}

std::vector<int> absent_of(const Dataset& data) {
  const auto bits = data.absent.values<uint8_t>();
  return {bits.begin(), bits.end()};
}

TEST(Holes, AreRefusedUnlessAskedFor) {
  DataOptions options;
  options.model = model();
  EXPECT_EQ(error_of([&] { opened(kTable, options); }).code(), ErrorCode::kCsvNotANumber);
  options.holes = true;
  EXPECT_EQ(absent_of(opened(kTable, options)), (std::vector<int>{0, 0, 1, 0, 0, 1, 0, 0}));
}

TEST(Holes, FollowTheColumnsOfTheModel) {
  DataOptions options;
  options.model = model();
  options.holes = true;
  const Dataset data = conform(opened(kTable, options), model());
  EXPECT_EQ(absent_of(data), (std::vector<int>{0, 0, 0, 1, 1, 0, 0, 0}));
  EXPECT_EQ(absent_of(select_rows(data, std::vector<int64_t>{2, 1})),
            (std::vector<int>{1, 0, 0, 1}));
  const std::vector<float> values = floats_of(data.values, data.spec.narrowing);
  EXPECT_EQ(values[0], 7);
  EXPECT_EQ(values[1], 1);
  EXPECT_EQ(values[6], 9);
  EXPECT_EQ(values[7], 4);
}

TEST(Holes, ChangeNoRangeAndKeepWholeNumbersWhole) {
  DataOptions options;
  options.model = model();
  options.holes = true;
  const Dataset data = opened(kTable, options);
  for (const FieldSpec& field : data.spec.fields) {
    EXPECT_TRUE(field.integer) << field.name;
    EXPECT_EQ(field.min, field.name == "a" ? 1 : 7);
    EXPECT_EQ(field.max, field.name == "a" ? 4 : 9);
  }
  // A column without any value is what it usually was in training.
  const Dataset empty = opened("a,c\n1,\n2,\n3,\n", options);
  EXPECT_EQ(empty.spec.fields[1].mean, 8);
  EXPECT_EQ(absent_of(empty), (std::vector<int>{0, 1, 0, 1, 0, 1}));
}

TEST(Holes, OfArraysAreNaNAndNothingElse) {
  std::vector<float> values(12, 0.5f);
  values[4] = NAN;
  DataOptions options;
  options.holes = true;
  const std::string folder = new_folder("holes");
  const auto write = [&](const char* name) {
    return put(folder, name, write_npy(Tensor::from<float>({2, 2, 3}, values)));
  };
  const Dataset data = open_dataset(posix_fs(), write("nan.npy"), options, {}, "");
  EXPECT_EQ(absent_of(data), (std::vector<int>{0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0}));
  EXPECT_EQ(floats_of(data.values), std::vector<float>(12, 0.5f));
  values[4] = INFINITY;
  const std::string infinite = write("infinite.npy");
  EXPECT_EQ(error_of([&] { open_dataset(posix_fs(), infinite, options, {}, ""); }).code(),
            ErrorCode::kNotFinite);
}

TEST(Holes, InMemoryLeaveTheArrayOfTheCallerAsItIs) {
  const Tensor mine = Tensor::from<float>({2, 2}, std::vector<float>{1, NAN, 3, 4});
  DataOptions options;
  options.holes = true;
  EXPECT_EQ(absent_of(make_dataset(mine, {}, options)), (std::vector<int>{0, 1, 0, 0}));
  EXPECT_TRUE(std::isnan(mine.values<float>()[1]));
}

TEST(Holes, AreCellsThatTellNothing) {
  const auto tells_nothing = [](std::string_view cell) {
    double value = 0;
    return is_without_value(parse_cell(cell, value), cell);
  };
  for (const char* cell : {"", " ", "NA", "?", "nan", " -NaN "}) EXPECT_TRUE(tells_nothing(cell));
  for (const char* cell : {"0", "inf", "-inf", "infinity", "x", "1e999"}) {
    EXPECT_FALSE(tells_nothing(cell)) << cell;
  }
}

TEST(FileColumns, CountWhatWasLeftOut) {
  DataOptions options;
  options.exclude = {"id", "b"};
  const Dataset data = opened("id,a,b,c\n1,2,3,4\n5,6,7,8\n", options);
  EXPECT_EQ(data.spec.fields.size(), 2u);
  EXPECT_EQ(data.file_columns, (std::vector<std::string>{"id", "a", "b", "c"}));
  const Tensor array = Tensor::from<float>({2, 2}, std::vector<float>{1, 2, 3, 4});
  EXPECT_EQ(make_dataset(array).file_columns, (std::vector<std::string>{"c1", "c2"}));
}

}  // namespace
}  // namespace isthmus
