// SPDX-License-Identifier: Apache-2.0
// Tensors: memory, shapes, conversions; texts of data specs.
#include "isthmus/tensor/tensor.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <memory>
#include <numeric>

#include "isthmus/tensor/data_spec.h"

namespace isthmus {
namespace {

TEST(Dtype, SizesAndNames) {
  EXPECT_EQ(size_of(Dtype::kF32), 4u);
  EXPECT_EQ(size_of(Dtype::kF64), 8u);
  EXPECT_EQ(size_of(Dtype::kBF16), 2u);
  EXPECT_EQ(size_of(Dtype::kU8), 1u);
  EXPECT_EQ(dtype_name(Dtype::kF32), "f32");
  EXPECT_EQ(dtype_name(Dtype::kBF16), "bf16");
  EXPECT_EQ(dtype_name(Dtype::kU8), "u8");
}

TEST(Tensor, WrapsMemoryWithoutACopyAndKeepsItsOwner) {
  auto owner = std::make_shared<std::vector<float>>(std::vector<float>{1, 2, 3, 4, 5, 6});
  const std::weak_ptr<std::vector<float>> alive = owner;
  const void* memory = owner->data();
  {
    Tensor t = Tensor::wrap(Dtype::kF32, {2, 3}, memory, owner);
    owner.reset();
    EXPECT_EQ(static_cast<const void*>(t.data()), memory);
    EXPECT_EQ(t.values<float>()[5], 6);
    const Tensor shared = t.reshaped({6});
    t = Tensor();
    EXPECT_FALSE(alive.expired()) << "a tensor that shares the memory is still there";
    EXPECT_EQ(static_cast<const void*>(shared.data()), memory);
    EXPECT_NE(static_cast<const void*>(shared.clone().data()), memory);
  }
  EXPECT_TRUE(alive.expired());
}

TEST(Tensor, WrapsNothingThatItsTypeDoesNotAllow) {
  const auto owner = std::make_shared<std::vector<float>>(4);
  const auto* bytes = reinterpret_cast<const std::byte*>(owner->data());
  EXPECT_THROW(Tensor::wrap(Dtype::kF32, {3}, bytes + 1, owner), InternalError);
  EXPECT_THROW(Tensor::wrap(Dtype::kF32, {3}, nullptr, owner), InternalError);
  EXPECT_NO_THROW(Tensor::wrap(Dtype::kU8, {3}, bytes + 1, owner));
  EXPECT_NO_THROW(Tensor::wrap(Dtype::kF32, {0, 3}, nullptr, nullptr));
}

TEST(Shape, CountsAndTexts) {
  EXPECT_EQ(value_count({}), 1);
  EXPECT_EQ(value_count({28, 28}), 784);
  EXPECT_EQ(value_count({5, 0}), 0);
  EXPECT_EQ(shape_text({28, 28}), "(28, 28)");
  EXPECT_EQ(shape_text({}), "()");
  EXPECT_EQ(item_shape_text({28, 28, 3}), "28x28x3");
  EXPECT_EQ(item_shape_text({30}), "30");
  const int64_t big = int64_t{1} << 32;
  EXPECT_THROW(value_count({big, big}), Error);
  EXPECT_THROW(value_count({big, int64_t{1} << 31}), Error);
  EXPECT_THROW(value_count({-1}), InternalError);
}

TEST(Tensor, IsZeroedAndAligned) {
  for (int64_t n : {0, 1, 17, 1 << 20, (1 << 20) + 1}) {
    const Tensor t(Dtype::kF32, {n});
    EXPECT_EQ(t.num_values(), n);
    EXPECT_EQ(t.num_bytes(), static_cast<uint64_t>(n) * 4);
    const auto address = reinterpret_cast<uintptr_t>(t.data());
    EXPECT_NE(address, 0u);
    EXPECT_EQ(address % (n >= 1 << 20 ? 2 << 20 : 64), 0u);
    for (float v : t.values<float>()) ASSERT_EQ(v, 0.0f);
  }
  EXPECT_EQ(Tensor().num_values(), 0);
  EXPECT_EQ(Tensor().bytes().size(), 0u);
}

TEST(Tensor, CopiesShareAndClonesDoNot) {
  const std::vector<float> values = {1, 2, 3, 4, 5, 6};
  Tensor t = Tensor::from<float>({2, 3}, values);
  Tensor shared = t;
  const Tensor flat = t.reshaped({6});
  const Tensor copy = t.clone();
  shared.values<float>()[4] = 50;
  EXPECT_EQ(t.values<float>()[4], 50.0f);
  EXPECT_EQ(flat.values<float>()[4], 50.0f);
  EXPECT_EQ(copy.values<float>()[4], 5.0f);
  EXPECT_EQ(flat.shape(), (Shape{6}));
  EXPECT_THROW(t.reshaped({5}), InternalError);
  EXPECT_THROW(t.values<double>(), InternalError);
  EXPECT_EQ(Tensor().clone().num_values(), 0);
}

TEST(Tensor, RowsAreCopied) {
  std::vector<int32_t> values(12);
  std::iota(values.begin(), values.end(), 0);
  const Tensor t = Tensor::from<int32_t>({4, 3}, values);
  const Tensor middle = t.rows(1, 2);
  EXPECT_EQ(middle.shape(), (Shape{2, 3}));
  EXPECT_EQ(middle.values<int32_t>()[0], 3);
  EXPECT_EQ(middle.values<int32_t>()[5], 8);
  EXPECT_EQ(t.rows(4, 0).num_values(), 0);
  EXPECT_THROW(t.rows(3, 2), InternalError);
  EXPECT_THROW(t.rows(-1, 1), InternalError);
  EXPECT_THROW(t.rows(1, std::numeric_limits<int64_t>::max()), InternalError);
  EXPECT_THROW(Tensor(Dtype::kF32, {}).rows(0, 1), InternalError);
}

TEST(Tensor, ImpossibleSizesAreErrors) {
  try {
    Tensor(Dtype::kF32, {int64_t{1} << 50});
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::kOutOfMemory);
  }
  EXPECT_THROW(Tensor(Dtype::kF64, {int64_t{1} << 62}), Error);
}

TEST(Bf16, RoundsToNearestEven) {
  for (uint32_t high = 0; high < 1u << 16; ++high) {
    const float exact = bf16_to_float(static_cast<uint16_t>(high));
    if (std::isnan(exact)) {
      EXPECT_TRUE(std::isnan(bf16_to_float(float_to_bf16(exact))));
    } else {
      ASSERT_EQ(float_to_bf16(exact), high);
    }
  }
  const auto rounded = [](uint32_t bits) { return float_to_bf16(std::bit_cast<float>(bits)); };
  EXPECT_EQ(rounded(0x3F808000), 0x3F80);  // tie to even, down
  EXPECT_EQ(rounded(0x3F818000), 0x3F82);  // tie to even, up
  EXPECT_EQ(rounded(0x3F808001), 0x3F81);
  EXPECT_EQ(rounded(0x3F807FFF), 0x3F80);
  EXPECT_EQ(float_to_bf16(std::numeric_limits<float>::max()), 0x7F80);
  EXPECT_TRUE(std::isnan(bf16_to_float(rounded(0x7F800001))));  // payload in the lower half
}

TEST(F16, AllValuesFollowTheFormat) {
  for (uint32_t bits = 0; bits < 1u << 16; ++bits) {
    const int exponent = static_cast<int>(bits >> 10 & 31);
    const double fraction = bits & 1023;
    const double sign = bits >> 15 ? -1 : 1;
    const float found = f16_to_float(static_cast<uint16_t>(bits));
    if (exponent == 31 && fraction != 0) {
      ASSERT_TRUE(std::isnan(found));
      continue;
    }
    double expected =
        std::ldexp(exponent == 0 ? fraction : fraction + 1024, (exponent == 0 ? 1 : exponent) - 25);
    if (exponent == 31) expected = std::numeric_limits<double>::infinity();
    ASSERT_EQ(static_cast<double>(found), sign * expected) << bits;
    ASSERT_EQ(std::signbit(found), bits >> 15 == 1);
  }
}

TEST(DataSpec, ItemsAreDescribed) {
  const auto text = [](DataKind kind, Shape shape) {
    DataSpec spec;
    spec.kind = kind;
    spec.item_shape = std::move(shape);
    return describe_item(spec);
  };
  EXPECT_EQ(text(DataKind::kImage, {28, 28}), "28x28 grey");
  EXPECT_EQ(text(DataKind::kImage, {28, 28, 1}), "28x28 grey");
  EXPECT_EQ(text(DataKind::kImage, {64, 64, 3}), "64x64 rgb");
  EXPECT_EQ(text(DataKind::kImage, {8, 8, 5}), "8x8, 5 channels");
  EXPECT_EQ(text(DataKind::kTable, {30}), "30 columns");
  EXPECT_EQ(text(DataKind::kTable, {1}), "1 column");
  EXPECT_EQ(text(DataKind::kArray, {12}), "12 values");
  EXPECT_EQ(text(DataKind::kArray, {3, 4}), "3x4 values");
  EXPECT_EQ(data_kind_name(DataKind::kTable), "table");
}

TEST(DataSpec, IsBinaryWhenAllFieldsAre) {
  DataSpec spec;
  EXPECT_FALSE(spec.binary());
  spec.fields.resize(2);
  spec.fields[0].binary = true;
  EXPECT_FALSE(spec.binary());
  spec.fields[1].binary = true;
  EXPECT_TRUE(spec.binary());
}

}  // namespace
}  // namespace isthmus
