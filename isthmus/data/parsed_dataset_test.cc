// SPDX-License-Identifier: Apache-2.0
// Arrays in memory are data like those of a file: the same bits and facts, nothing copied that need
// not be, and what belongs to the caller is left as it was.
#include "isthmus/data/parsed_dataset.h"

#include <cmath>

#include "isthmus/data/npy_write.h"
#include "isthmus/data/testing.h"

namespace isthmus {
namespace {

using testing::error_of;
using testing::floats_of;
using testing::new_folder;
using testing::put;

Dataset from_file(const Tensor& values, const DataOptions& options = {}) {
  const std::string path = put(new_folder("npy"), "x.npy", write_npy(values));
  return open_dataset(posix_fs(), path, options, {}, "");
}

void expect_same(const Dataset& made, const Dataset& read) {
  EXPECT_EQ(fingerprint(made), fingerprint(read));
  EXPECT_EQ(made.spec.kind, read.spec.kind);
  EXPECT_EQ(made.spec.item_shape, read.spec.item_shape);
  EXPECT_EQ(made.spec.dtype, read.spec.dtype);
  EXPECT_EQ(made.spec.narrowing, read.spec.narrowing);
  EXPECT_EQ(made.note, read.note);
  ASSERT_EQ(made.spec.fields.size(), read.spec.fields.size());
  for (size_t f = 0; f < made.spec.fields.size(); ++f) {
    EXPECT_EQ(made.spec.fields[f].name, read.spec.fields[f].name);
    EXPECT_EQ(made.spec.fields[f].mean, read.spec.fields[f].mean);
    EXPECT_EQ(made.spec.fields[f].standard_deviation, read.spec.fields[f].standard_deviation);
    EXPECT_EQ(made.spec.fields[f].decimals, read.spec.fields[f].decimals);
  }
}

template <class T>
Tensor numbers(const Shape& shape, double factor, double offset) {
  Tensor t(dtype_of<T>(), shape);
  int i = 0;
  for (T& v : t.values<T>()) v = static_cast<T>(offset + factor * (i++ % 97));
  return t;
}

TEST(MakeDataset, IsTheFileOfTheSameNumbers) {
  const std::vector<Tensor> arrays = {
      numbers<uint8_t>({12, 4, 4}, 2, 1),         numbers<uint8_t>({12, 3, 4, 4}, 2, 1),
      numbers<float>({20, 3}, 0.25, -4),          numbers<float>({20}, 0.5, 0.25),
      numbers<double>({20, 3}, 1e-3, 1767225600), numbers<double>({9, 2, 2, 1}, 0.1, 0)};
  for (const Tensor& array : arrays) {
    SCOPED_TRACE(std::string(dtype_name(array.dtype())) + " " + shape_text(array.shape()));
    expect_same(make_dataset(array), from_file(array));
  }
  DataOptions options;
  options.shape = "2x2";
  options.limit = 7;
  const Tensor rows = numbers<float>({20, 4}, 0.125, 0);
  expect_same(make_dataset(rows, {}, options), from_file(rows, options));
}

TEST(MakeDataset, HoldsTheValuesOfEveryType) {
  const std::vector<float> expected = {1, -2, 40000, 3};
  const std::vector<int32_t> i32 = {1, -2, 40000, 3};
  const std::vector<int64_t> i64 = {1, -2, 40000, 3};
  const std::vector<double> f64 = {1, -2, 40000, 3};
  Tensor f16(Dtype::kF16, {4}), bf16(Dtype::kBF16, {4});
  const uint16_t halfs[] = {0x3c00, 0xc000, 0x78e2, 0x4200};  // 40000 = 2^15 * (1 + 226 / 1024)
  std::memcpy(f16.data(), halfs, sizeof halfs);
  const uint16_t brains[] = {float_to_bf16(1), float_to_bf16(-2), float_to_bf16(40000),
                             float_to_bf16(3)};
  std::memcpy(bf16.data(), brains, sizeof brains);
  const std::vector<Tensor> arrays = {
      Tensor::from<float>({4}, expected), Tensor::from<double>({4}, f64),
      Tensor::from<int32_t>({4}, i32), Tensor::from<int64_t>({4}, i64), f16};
  for (const Tensor& array : arrays) {
    const Dataset data = make_dataset(array);
    EXPECT_EQ(floats_of(data.values, data.spec.narrowing), expected) << dtype_name(array.dtype());
  }
  const Dataset rounded = make_dataset(bf16);
  EXPECT_EQ(floats_of(rounded.values, rounded.spec.narrowing),
            (std::vector<float>{1, -2, 39936, 3}));  // the next bf16
}

TEST(MakeDataset, CopiesNothingThatLiesAsItIsNeeded) {
  const auto bytes = std::make_shared<std::vector<uint8_t>>(48, uint8_t{7});
  const auto reals = std::make_shared<std::vector<float>>(30, 0.0f);
  for (size_t i = 0; i < 30; ++i) (*reals)[i] = 0.3f * static_cast<float>(i) - 1;
  const Tensor images = Tensor::wrap(Dtype::kU8, {3, 4, 4}, bytes->data(), bytes);
  const Tensor table = Tensor::wrap(Dtype::kF32, {10, 3}, reals->data(), reals);
  const Dataset a = make_dataset(images), b = make_dataset(table);
  EXPECT_EQ(static_cast<const void*>(a.values.data()), bytes->data());
  EXPECT_EQ(static_cast<const void*>(b.values.data()), reals->data());
}

TEST(MakeDataset, LeavesTheCallersNumbersAlone) {
  // Far from 0, whole, and with what float32 would flush: everything that is changed on reading.
  const auto reals = std::make_shared<std::vector<float>>(
      std::vector<float>{1e6f, 1e-40f, 200, 1e6f + 1, 0.5f, 100});
  const std::vector<float> before = *reals;
  const Dataset data = make_dataset(Tensor::wrap(Dtype::kF32, {2, 3}, reals->data(), reals),
                                    {.columns = {"a", "b", "c"}});
  EXPECT_EQ(*reals, before);
  EXPECT_EQ(data.spec.fields[2].name, "c");
}

TEST(MakeDataset, TakesNamesAndLabels) {
  const Tensor table = numbers<float>({4, 2}, 0.5, 0.25);
  const Dataset named = make_dataset(table, {.columns = {"x", "y"},
                                             .labels = {0, 1, 1, 0},
                                             .class_names = {"cat", "dog"},
                                             .source = "pets"});
  EXPECT_EQ(named.source, "pets");
  EXPECT_EQ(named.class_names[1], "dog");
  EXPECT_EQ(named.labels, (std::vector<int32_t>{0, 1, 1, 0}));
  const Dataset numbered = make_dataset(table, {.labels = {0, 2, 1, 0}});
  EXPECT_EQ(numbered.class_names, (std::vector<std::string>{"0", "1", "2"}));
}

TEST(MakeDataset, RefusesWhatDoesNotFitTogether) {
  const Tensor table = numbers<float>({4, 2}, 0.5, 0.25);
  const auto code = [](const Tensor& values, const ArrayFields& fields) {
    return error_of([&] { make_dataset(values, fields); }).code();
  };
  EXPECT_EQ(code(table, {.columns = {"x"}}), ErrorCode::kSizesDisagree);
  EXPECT_EQ(code(table, {.labels = {0, 1}}), ErrorCode::kSizesDisagree);
  EXPECT_EQ(code(table, {.labels = {0, 1, 2, -1}}), ErrorCode::kValueRange);
  EXPECT_EQ(code(table, {.labels = {0, 1, 2, 1}, .class_names = {"a", "b"}}),
            ErrorCode::kValueRange);
  EXPECT_EQ(code(numbers<float>({2, 4, 4}, 1, 0), {.columns = {"x"}}), ErrorCode::kConflict);
  EXPECT_EQ(code(Tensor(Dtype::kF32, {0, 3}), {}), ErrorCode::kEmptyData);
  EXPECT_EQ(code(Tensor(Dtype::kF32, {}), {}), ErrorCode::kArrayShape);
  Tensor broken = numbers<float>({4, 2}, 0.5, 0.25);
  broken.values<float>()[5] = NAN;
  const Error error = error_of([&] { make_dataset(broken); });
  EXPECT_EQ(error.code(), ErrorCode::kNotFinite);
  EXPECT_EQ(error.where().row, 2);
}

}  // namespace
}  // namespace isthmus
