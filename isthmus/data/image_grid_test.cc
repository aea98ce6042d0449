// SPDX-License-Identifier: Apache-2.0
// Golden pixels of grids: places, rounding, gaps.
#include "isthmus/data/image_grid.h"

#include <cmath>
#include <numeric>

#include "isthmus/data/png.h"
#include "isthmus/data/testing.h"

namespace isthmus {
namespace {

using Pixels = std::vector<uint8_t>;

Pixels pixels(const Tensor& picture) {
  const auto v = picture.values<uint8_t>();
  return {v.begin(), v.end()};
}
/// Items whose pixel values are first, first + 1, ... in byte steps.
Tensor counting_items(Shape shape, float first) {
  Tensor items(Dtype::kF32, std::move(shape));
  auto v = items.values<float>();
  for (size_t i = 0; i < v.size(); ++i) v[i] = (first + static_cast<float>(i)) / 255.0f;
  return items;
}

TEST(PixelByte, ClampsAndRounds) {
  EXPECT_EQ(pixel_byte(0.0f), 0);
  EXPECT_EQ(pixel_byte(1.0f), 255);
  EXPECT_EQ(pixel_byte(-0.1f), 0);
  EXPECT_EQ(pixel_byte(1.1f), 255);
  EXPECT_EQ(pixel_byte(INFINITY), 255);
  EXPECT_EQ(pixel_byte(NAN), 0);
  EXPECT_EQ(pixel_byte(0.999f), 255);  // 254.745: cutting off would give 254
  EXPECT_EQ(pixel_byte(0.5f), 128);    // 127.5
  EXPECT_EQ(pixel_byte(0.49f / 255), 0);
  EXPECT_EQ(pixel_byte(0.51f / 255), 1);
  for (int b = 0; b < 256; ++b) EXPECT_EQ(pixel_byte(static_cast<float>(b) / 255.0f), b);
}

TEST(ImageGrid, PlacesItemsRowByRow) {
  const Tensor grid = image_grid(counting_items({3, 1, 2}, 1), {.columns = 2, .gap = 0});
  EXPECT_EQ(grid.shape(), (Shape{2, 4}));
  EXPECT_EQ(pixels(grid), (Pixels{1, 2, 3, 4, 5, 6, 0, 0}));
}

TEST(ImageGrid, LeavesGapsBetweenItems) {
  const Tensor grid = image_grid(counting_items({4, 1, 1}, 1), {.columns = 2, .gap = 1});
  EXPECT_EQ(pixels(grid), (Pixels{1, 0, 2, 0, 0, 0, 3, 0, 4}));
}

TEST(ImageGrid, KeepsColour) {
  const Tensor grid = image_grid(counting_items({2, 2, 1, 3}, 1), {.columns = 2, .gap = 0});
  EXPECT_EQ(grid.shape(), (Shape{2, 2, 3}));
  EXPECT_EQ(pixels(grid), (Pixels{1, 2, 3, 7, 8, 9, 4, 5, 6, 10, 11, 12}));
}

TEST(ImageGrid, HundredImagesAre280Wide) {
  EXPECT_EQ(image_grid(Tensor(Dtype::kF32, {100, 28, 28}), {}).shape(), (Shape{280, 280}));
  EXPECT_EQ(image_grid(Tensor(Dtype::kF32, {3, 28, 28, 1}), {}).shape(), (Shape{28, 84}));
}

TEST(ReconstructionGrid, OriginalsLeftReconstructionsRight) {
  const Tensor grid = reconstruction_grid(counting_items({3, 1, 1}, 1),
                                          counting_items({3, 1, 1}, 101), {.columns = 2, .gap = 0});
  EXPECT_EQ(grid.shape(), (Shape{2, 4}));
  EXPECT_EQ(pixels(grid), (Pixels{1, 2, 101, 102, 3, 0, 103, 0}));
}

TEST(ReconstructionGrid, FiftyPairsAre280Square) {
  const Tensor items(Dtype::kF32, {50, 28, 28});
  EXPECT_EQ(reconstruction_grid(items, items, {.columns = 5, .gap = 0}).shape(), (Shape{280, 280}));
}

TEST(ImageGrid, SurvivesPng) {
  const Tensor grid = image_grid(counting_items({6, 4, 4}, 0), {.columns = 3, .gap = 1});
  EXPECT_EQ(pixels(decode_png(encode_png(grid), {}).pixels), pixels(grid));
}

}  // namespace
}  // namespace isthmus
