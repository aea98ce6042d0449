// SPDX-License-Identifier: Apache-2.0
// What the eye gets of values on any scale: the range of the data, one item in its own size.
#include "isthmus/verbs/pictures.h"

#include <gtest/gtest.h>

#include "isthmus/data/png.h"

namespace isthmus {
namespace {

DataSpec image_spec(double low, double high, Dtype dtype) {
  DataSpec spec;
  spec.kind = DataKind::kImage;
  spec.item_shape = {1, 2};
  spec.dtype = dtype;
  spec.fields = {{.name = "", .min = low, .max = high}};
  return spec;
}

std::vector<uint8_t> bytes_of(const Bytes& png) {
  const Tensor pixels = decode_png(png, {}).pixels;
  const auto values = pixels.values<uint8_t>();
  return {values.begin(), values.end()};
}

Tensor item(float left, float right) {
  const std::vector<float> values = {left, right};
  return Tensor::from<float>({1, 1, 2}, values);
}

TEST(Pictures, OfZeroAndOneInBytesAreBlackAndWhite) {
  EXPECT_EQ(bytes_of(item_picture(item(0, 1), image_spec(0, 1, Dtype::kU8))),
            (std::vector<uint8_t>{0, 255}));
}

TEST(Pictures, FillTheRangeOfTheData) {
  EXPECT_EQ(bytes_of(item_picture(item(0, 16), image_spec(0, 16, Dtype::kU8))),
            (std::vector<uint8_t>{0, 255}));
  EXPECT_EQ(bytes_of(item_picture(item(-3, 3), image_spec(-3, 3, Dtype::kF32))),
            (std::vector<uint8_t>{0, 255}));
}

TEST(Pictures, OfOneItemAreDataAgain) {
  const Bytes png = grid_picture(item(0.25f, 0.5f), image_spec(0, 1, Dtype::kF32), 10);
  EXPECT_EQ(decode_png(png, {}).pixels.shape(), (Shape{1, 2}));
}

TEST(Pictures, OfOneItemOf16BitsHaveItsNumbers) {
  DataSpec spec = image_spec(0, 40000, Dtype::kF32);
  spec.fields.front().integer = true;
  const PngImage image = decode_png(item_picture(item(300.4f, 70000), spec), {});
  ASSERT_EQ(Dtype::kF32, image.pixels.dtype());
  EXPECT_EQ(300.0f, image.pixels.values<float>()[0]);
  EXPECT_EQ(65535.0f, image.pixels.values<float>()[1]);
}

TEST(Pictures, OfSeveralItemsAreEnlarged) {
  const std::vector<float> values = {0, 1, 1, 0};
  const Bytes png =
      grid_picture(Tensor::from<float>({2, 1, 2}, values), image_spec(0, 1, Dtype::kF32), 2);
  EXPECT_EQ(decode_png(png, {}).pixels.shape(), (Shape{14, 58}));
}

}  // namespace
}  // namespace isthmus
