// SPDX-License-Identifier: Apache-2.0
// Conditions by hand: classes and columns as numbers, and what is refused.
#include "isthmus/data/condition.h"

#include "isthmus/data/testing.h"

namespace isthmus {
namespace {

/// Columns a, b, c of four rows; labels no, yes, yes, maybe.
Dataset small_table() {
  Dataset data;
  data.values =
      Tensor::from<float>({4, 3}, std::vector<float>{1, 10, 5, 2, 20, 6, 3, 30, 7, 100, 40, 8});
  data.spec.kind = DataKind::kTable;
  data.spec.item_shape = {3};
  for (const char* name : {"a", "b", "c"}) data.spec.fields.push_back({.name = name});
  data.labels = {1, 2, 2, 0};
  data.class_names = {"maybe", "no", "yes"};
  return data;
}

const std::vector<int64_t> kTrain = {0, 1, 2};  // row 3 validates

std::vector<float> floats(const Tensor& tensor) {
  const std::span<const float> values = tensor.values<float>();
  return {values.begin(), values.end()};
}

template <class F>
Error refused(F call) {
  try {
    call();
  } catch (const Error& error) {
    return error;
  }
  return {ErrorCode::kInternal, "accepted"};
}

TEST(Condition, OfLabelsIsOneHotOverTheClassesOfTraining) {
  const Dataset data = small_table();
  const ConditionSpec spec = make_condition(data, "label", kTrain);
  EXPECT_EQ(spec.classes, (std::vector<std::string>{"no", "yes"}));
  Dataset trained = select_rows(data, kTrain);
  EXPECT_EQ(floats(condition_of(trained, spec)), (std::vector<float>{1, 0, 0, 1, 0, 1}));
  EXPECT_EQ(condition_row(spec, {"yes"}), (std::vector<float>{0, 1}));
  EXPECT_EQ(condition_row(spec, {"0"}), (std::vector<float>{1, 0}));
}

TEST(Condition, AClassThatTrainingDidNotHaveIsNamed) {
  const Dataset data = small_table();
  const ConditionSpec spec = make_condition(data, "label", kTrain);
  const Error error = refused([&] { condition_of(data, spec); });
  EXPECT_EQ(error.code(), ErrorCode::kDataMismatch);
  EXPECT_NE(error.message().find("\"maybe\" (1 items)"), std::string::npos);
  EXPECT_EQ(refused([&] { condition_row(spec, {"maybe"}); }).code(), ErrorCode::kBadValue);
  EXPECT_EQ(refused([&] { condition_row(spec, {"2"}); }).code(), ErrorCode::kBadValue);
}

TEST(Condition, OfColumnsHasMeanZeroAndDeviationOneOverTheItemsThatTrain) {
  const Dataset data = small_table();
  const ConditionSpec spec = make_condition(data, "b,a", kTrain);
  EXPECT_EQ(spec.columns, (std::vector<std::string>{"b", "a"}));
  EXPECT_EQ(spec.shift, (std::vector<double>{20, 2}));
  const std::vector<float> context = floats(condition_of(data, spec));
  EXPECT_NEAR(context[0], -std::sqrt(1.5), 1e-6);
  EXPECT_NEAR(context[7], 98 / std::sqrt(2.0 / 3), 1e-4);  // row 3, column a
  EXPECT_NEAR(condition_row(spec, {"a=3", "b=20"})[1], std::sqrt(1.5), 1e-6);
}

TEST(Condition, ColumnsHaveTheNumbersOfTheirFile) {
  Dataset data = small_table();  // of which column 2 was left out
  data.file_columns = {"a", "id", "b", "c"};
  EXPECT_EQ(make_condition(data, "3,1", kTrain).columns, (std::vector<std::string>{"b", "a"}));
  EXPECT_EQ(make_condition(data, "c", kTrain).columns, (std::vector<std::string>{"c"}));
  EXPECT_EQ(refused([&] { make_condition(data, "b,3", kTrain); }).message(),
            "data.condition = \"b,3\" names column \"b\" twice");
  for (const char* none : {"2", "5", "0"}) {
    EXPECT_EQ(refused([&] { make_condition(data, none, kTrain); }).code(), ErrorCode::kBadValue)
        << none;
  }
  data.spec.fields[0].name = "3";  // a name wins
  EXPECT_EQ(make_condition(data, "3", kTrain).columns, (std::vector<std::string>{"3"}));
}

TEST(Condition, AColumnWithoutAValueIsNamedWithItsRow) {
  Dataset data = small_table();
  const ConditionSpec spec = make_condition(data, "b", kTrain);
  data.absent =
      Tensor::from<uint8_t>({4, 3}, std::vector<uint8_t>{1, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0});
  const Error error = refused([&] { condition_of(data, spec); });
  EXPECT_EQ(error.code(), ErrorCode::kNotFinite);
  EXPECT_EQ(error.where().row, 2);
  EXPECT_EQ(error.where().field, "b");
  EXPECT_EQ(refused([&] { condition_of(data, make_condition(data, "a,b", kTrain)); }).where().row,
            0);
}

TEST(Condition, ColumnsLeaveTheItemsAndComeBackByName) {
  const Dataset data = small_table();
  DataSpec wanted = data.spec;
  wanted.condition = make_condition(data, "b", kTrain);
  wanted.fields.erase(wanted.fields.begin() + 1);
  wanted.item_shape = {2};
  const Dataset items = conform(data, wanted);
  EXPECT_EQ(items.values.shape(), (Shape{4, 2}));
  EXPECT_EQ(items.context.shape(), (Shape{4, 1}));
  EXPECT_EQ(floats(conform(items, wanted).context), floats(items.context));
  EXPECT_EQ(floats(select_rows(items, std::vector<int64_t>{2}).context),
            (std::vector<float>{items.context.values<float>()[2]}));
}

TEST(Condition, WhatIsMissingIsNamed) {
  Dataset data = small_table();
  EXPECT_EQ(refused([&] { make_condition(data, "d", kTrain); }).code(), ErrorCode::kBadValue);
  const ConditionSpec columns = make_condition(data, "a,c", kTrain);
  const Error one = refused([&] { condition_row(columns, {"a=1"}); });
  EXPECT_NE(one.hint().find("c=VALUE"), std::string::npos);
  EXPECT_EQ(refused([&] { condition_row(columns, {"a=x", "c=1"}); }).code(), ErrorCode::kBadValue);
  const ConditionSpec label = make_condition(data, "label", kTrain);
  data.labels.clear();
  EXPECT_EQ(refused([&] { condition_of(data, label); }).code(), ErrorCode::kDataMismatch);
  EXPECT_EQ(refused([&] { make_condition(data, "label", kTrain); }).code(), ErrorCode::kConflict);
  data.spec.fields[0].name = "z";
  EXPECT_EQ(refused([&] { condition_of(data, columns); }).code(), ErrorCode::kDataMismatch);
  data = small_table();
  const std::vector<int64_t> single = {1};
  EXPECT_EQ(refused([&] { make_condition(data, "a", single); }).code(), ErrorCode::kValueRange);
}

TEST(Condition, UsualOnesAreTheClassesInTurnOrTheMeans) {
  const Dataset data = small_table();
  EXPECT_EQ(floats(usual_conditions(make_condition(data, "label", kTrain), 3)),
            (std::vector<float>{1, 0, 0, 1, 1, 0}));
  EXPECT_EQ(floats(usual_conditions(make_condition(data, "a,b", kTrain), 1)),
            (std::vector<float>{0, 0}));
}

// Of classes "2", "3" and "5", class 0 was that of "2", and class 1 that of "3".
TEST(Condition, NamesThatAreNumbersAreNoPlaces) {
  const ConditionSpec numbers = {.classes = {"2", "3", "5"}}, words = {.classes = {"a", "b"}};
  EXPECT_EQ(condition_row(numbers, {"3"}), (std::vector<float>{0, 1, 0}));
  for (const char* text : {"0", "1"}) {
    EXPECT_EQ(refused([&] { condition_row(numbers, {text}); }).code(), ErrorCode::kBadValue);
  }
  EXPECT_EQ(condition_row(words, {"1"}), (std::vector<float>{0, 1}));
}

TEST(Condition, ColumnsAreNamedOnceAndGivenOnce) {
  const Dataset data = small_table();
  EXPECT_EQ(refused([&] { make_condition(data, "a,b,a", kTrain); }).code(), ErrorCode::kBadValue);
  const ConditionSpec spec = make_condition(data, "a", kTrain);
  EXPECT_EQ(refused([&] { condition_row(spec, {"a=1", "a=2"}); }).code(), ErrorCode::kBadValue);
}

TEST(Condition, AValueBeyondFloat32IsRefused) {
  const ConditionSpec spec = make_condition(small_table(), "a", kTrain);
  const Error error = refused([&] { condition_row(spec, {"a=1e300"}); });
  EXPECT_EQ(error.code(), ErrorCode::kBadValue);
  EXPECT_NE(error.message().find("mean 2 "), std::string::npos);
}

TEST(Condition, OfColumnsWantsATable) {
  const ConditionSpec spec = make_condition(small_table(), "a", kTrain);
  Dataset images = small_table();
  images.spec.kind = DataKind::kImage;
  EXPECT_EQ(refused([&] { condition_of(images, spec); }).code(), ErrorCode::kDataMismatch);
}

}  // namespace
}  // namespace isthmus
