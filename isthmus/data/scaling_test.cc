// SPDX-License-Identifier: Apache-2.0
// Which scaling is chosen for which facts, and that it can be undone.
#include "isthmus/data/scaling.h"

#include <cmath>

#include "isthmus/data/dataset.h"
#include "isthmus/data/narrow.h"
#include "isthmus/data/testing.h"

namespace isthmus {
namespace {

using testing::number_of;

DataSpec spec(DataKind kind, Dtype dtype, std::vector<FieldSpec> fields) {
  DataSpec s;
  s.kind = kind;
  s.dtype = dtype;
  s.item_shape = {static_cast<int64_t>(fields.size())};
  s.fields = std::move(fields);
  return s;
}
FieldSpec levels(double min, double max) {
  return {.name = "",
          .min = min,
          .max = max,
          .mean = (min + max) / 2,
          .standard_deviation = (max - min) / 4,
          .step = 1,
          .integer = true};
}
FieldSpec range(double min, double max, bool binary = false) {
  return {.name = "",
          .min = min,
          .max = max,
          .mean = (min + max) / 2,
          .standard_deviation = (max - min) / 2,
          .binary = binary,
          .constant = min == max};
}

TEST(Scaling, AutoFollowsTheFacts) {
  const auto kind_of = [](const DataSpec& s) { return choose_scaling(s, "auto").scaling.kind; };
  for (const Dtype dtype : {Dtype::kU8, Dtype::kF32}) {
    EXPECT_EQ(kind_of(spec(DataKind::kImage, dtype, {levels(0, 255)})), "unit");
    EXPECT_EQ(kind_of(spec(DataKind::kImage, dtype, {range(0, 1, true)})), "none");
    EXPECT_EQ(kind_of(spec(DataKind::kImage, dtype, {range(0, 255, true)})), "unit");
    EXPECT_EQ(kind_of(spec(DataKind::kTable, dtype, {levels(1, 10)})), "standardize");
    EXPECT_EQ(kind_of(spec(DataKind::kTable, dtype, {range(0, 1, true)})), "none");
    EXPECT_EQ(kind_of(spec(DataKind::kTable, dtype, {range(1, 2, true)})), "unit");
  }
  EXPECT_EQ(kind_of(spec(DataKind::kImage, Dtype::kF32, {range(0.2, 0.9)})), "none");
  EXPECT_EQ(kind_of(spec(DataKind::kImage, Dtype::kF32, {range(-3, 8)})), "unit");
  EXPECT_EQ(kind_of(spec(DataKind::kArray, Dtype::kF32, {range(-3, 8)})), "standardize");
  EXPECT_EQ(kind_of(spec(DataKind::kTable, Dtype::kF32, {range(0, 5), range(0, 1)})),
            "standardize");
  EXPECT_EQ(kind_of(spec(DataKind::kTable, Dtype::kF32, {range(0.1, 0.9), range(0, 1)})),
            "standardize");
}

TEST(Scaling, GreyLevelsFollowTheLargestValueNotTheType) {
  const auto level = [](double max) {
    return grey_level(spec(DataKind::kImage, Dtype::kU8, {levels(0, max)}));
  };
  EXPECT_EQ(level(16), 16);  // of digits that are counts of 4 x 4 dots
  EXPECT_EQ(level(15), 15);
  EXPECT_EQ(level(10), 15);
  EXPECT_EQ(level(200), 255);
  EXPECT_EQ(level(255), 255);
  EXPECT_EQ(level(3600), 4095);  // of a camera with 12 bits
  EXPECT_EQ(level(65535), 65535);
  EXPECT_EQ(level(70000), 0);
  const ScalingChoice choice =
      choose_scaling(spec(DataKind::kImage, Dtype::kU8, {levels(3, 200)}), "auto");
  EXPECT_EQ(choice.reason, "whole levels / 255");
  const std::vector<uint8_t> bytes = {0, 51, 255};
  const Tensor scaled = apply_scaling(Tensor::from<uint8_t>({3, 1}, bytes), choice.scaling);
  EXPECT_EQ(scaled.values<float>()[0], 0.0f);
  EXPECT_EQ(scaled.values<float>()[1], 0.2f);
  EXPECT_EQ(scaled.values<float>()[2], 1.0f);
}

TEST(Scaling, ConstantColumnsKeepScaleOne) {
  DataSpec s = spec(DataKind::kTable, Dtype::kF32, {range(7, 7), range(0, 10)});
  s.fields[0].name = "version";
  const ScalingChoice choice = choose_scaling(s, "auto");
  EXPECT_EQ(choice.scaling.scale, (std::vector<double>{1.0, 0.2}));
  const std::vector<float> values = {7, 0, 7, 10};
  const Tensor scaled = apply_scaling(Tensor::from<float>({2, 2}, values), choice.scaling);
  EXPECT_EQ(scaled.values<float>()[0], 0.0f);
  EXPECT_EQ(scaled.values<float>()[1], -1.0f);
  EXPECT_EQ(scaled.values<float>()[3], 1.0f);
  EXPECT_EQ(invert_scaling(scaled, choice.scaling).values<float>()[0], 7.0f);
}

TEST(Scaling, CanBeUndoneAtEveryScale) {
  const std::vector<float> values = {1e-30f, 1e30f, 4e-30f, -2e30f, 2e-30f, 5e29f};
  const std::string path = testing::put(testing::new_folder("x"), "a.csv",
                                        std::string_view("1e-30,1e30\n4e-30,-2e30\n2e-30,5e29\n"));
  const Dataset data = open_dataset(posix_fs(), path, {}, {}, "");
  const Scaling scaling = choose_scaling(data.spec, "auto").scaling;
  const Tensor scaled = apply_scaling(data.values, memory_scaling(scaling, data.spec.narrowing));
  const Tensor back = invert_scaling(scaled, scaling);
  for (size_t i = 0; i < values.size(); ++i) {
    EXPECT_LT(std::fabs(scaled.values<float>()[i]), 2.0f);
    EXPECT_NEAR(back.values<float>()[i] / values[i], 1, 1e-6);
  }
}

TEST(Scaling, TakesWhatIsAskedFor) {
  const DataSpec s = spec(DataKind::kTable, Dtype::kF32, {range(2, 6)});
  EXPECT_EQ(choose_scaling(s, "none").scaling, Scaling{});
  const Scaling unit = choose_scaling(s, "unit").scaling;
  EXPECT_EQ(unit.shift[0], 2);
  EXPECT_EQ(unit.scale[0], 0.25);
  EXPECT_EQ(choose_scaling(s, "standardize").scaling.shift[0], 4);
  EXPECT_EQ(number_of([&] { choose_scaling(s, "log"); }), 2003);
}

Dataset table(std::string_view text) {
  return open_dataset(posix_fs(), testing::put(testing::new_folder("t"), "t.csv", text), {}, {},
                      "");
}

TEST(Conform, OrdersColumnsByName) {
  const DataSpec model = table("a,b\n1,2\n3,4\n").spec;
  const Dataset data = conform(table("x,b,a\n9,2,1\n9,5,4\n"), model);
  EXPECT_EQ(data.values.shape(), (Shape{2, 2}));
  EXPECT_EQ(testing::floats_of(data.values), (std::vector<float>{1, 2, 4, 5}));
  EXPECT_EQ(conform(table("7,8\n"), model).spec.fields[1].name, "b");
}

TEST(Conform, RefusesMissingColumnsAndOtherSizes) {
  const DataSpec model = table("a,b\n1,2\n3,4\n").spec;
  const Error error = testing::error_of([&] { conform(table("a,c\n1,2\n"), model); });
  EXPECT_EQ(error.code(), ErrorCode::kDataMismatch);
  EXPECT_EQ(error.message(), "the table lacks 1 of the 2 columns of the model: b");
  EXPECT_EQ(number_of([&] { conform(table("1,2,3\n"), model); }), 3501);
}

TEST(Conform, PixelsOfTheOtherScaleAreRefused) {
  Dataset bytes, reals;
  const std::vector<uint8_t> u8 = {0, 200};
  const std::vector<float> f32 = {0, 0.5};
  bytes.values = Tensor::from<uint8_t>({1, 1, 2}, u8);
  bytes.spec = spec(DataKind::kImage, Dtype::kU8, {levels(0, 200)});
  bytes.spec.item_shape = {1, 2};
  reals = bytes;
  reals.values = Tensor::from<float>({1, 1, 2}, f32);
  reals.spec.dtype = Dtype::kF32;
  reals.spec.fields = {range(0, 0.5)};
  EXPECT_EQ(number_of([&] { conform(reals, bytes.spec); }), 3501);
  EXPECT_EQ(number_of([&] { conform(bytes, reals.spec); }), 3501);
  EXPECT_EQ(conform(bytes, bytes.spec).values.values<uint8_t>()[1], 200);
}

TEST(Conform, ImagesOfAnotherSizeAreToldTheSize) {
  Dataset data;
  data.values = Tensor(Dtype::kU8, {1, 48, 40, 3});
  data.spec = spec(DataKind::kImage, Dtype::kU8, {levels(0, 200)});
  data.spec.item_shape = {48, 40, 3};
  DataSpec model = data.spec;
  model.item_shape = {32, 24, 3};
  const Error error = testing::error_of([&] { conform(data, model); });
  EXPECT_EQ(error.message(), "the items are 48x40 rgb, the model was trained on 32x24 rgb");
  EXPECT_EQ(error.hint(),
            "--resize 32x24, or no --resize: images take the model's size by themselves");
  model.item_shape = {48, 40};
  EXPECT_EQ(testing::error_of([&] { conform(data, model); }).hint(),
            error_info(ErrorCode::kDataMismatch).remedy);
}

TEST(Conform, RowsOfNumbersBecomeItemsOfTheModel) {
  const Dataset rows = table("1000000000,3,1000000001,9\n1000000002,1,1000000003,7\n");
  DataSpec images = rows.spec;
  images.kind = DataKind::kImage;
  images.item_shape = {2, 2};
  images.fields = {{.min = 0, .max = 2e9, .integer = true}};
  const Dataset fitted = conform(rows, images);
  EXPECT_EQ(fitted.values.shape(), (Shape{2, 2, 2}));
  EXPECT_EQ(fitted.spec.fields.size(), 1u);
  EXPECT_NEAR(fitted.spec.fields[0].max, 1000000003, 64);
  const Dataset back = conform(fitted, rows.spec);
  EXPECT_EQ(back.values.shape(), (Shape{2, 4}));
  EXPECT_EQ(back.spec.fields[1].max, 3);
}

}  // namespace
}  // namespace isthmus
