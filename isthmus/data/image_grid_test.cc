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

constexpr uint8_t kN = kGridNeutral, kL = kGridLine;

TEST(ImageGrid, PlacesItemsRowByRowAndLeavesTheRestNeutral) {
  const Tensor grid =
      image_grid(counting_items({3, 1, 2}, 1), {.columns = 2, .gap = 0, .scale = 1});
  EXPECT_EQ(grid.shape(), (Shape{2, 4}));
  EXPECT_EQ(pixels(grid), (Pixels{1, 2, 3, 4, 5, 6, kN, kN}));
}

TEST(ImageGrid, LeavesGapsBetweenItems) {
  const Tensor grid =
      image_grid(counting_items({4, 1, 1}, 1), {.columns = 2, .gap = 1, .scale = 1});
  EXPECT_EQ(pixels(grid), (Pixels{1, kN, 2, kN, kN, kN, 3, kN, 4}));
}

TEST(ImageGrid, EnlargesByWholePixels) {
  const Tensor grid =
      image_grid(counting_items({2, 1, 2}, 1), {.columns = 2, .gap = 1, .scale = 2});
  EXPECT_EQ(grid.shape(), (Shape{2, 9}));
  EXPECT_EQ(pixels(grid), (Pixels{1, 1, 2, 2, kN, 3, 3, 4, 4, 1, 1, 2, 2, kN, 3, 3, 4, 4}));
}

TEST(ImageGrid, KeepsColour) {
  const Tensor grid =
      image_grid(counting_items({2, 2, 1, 3}, 1), {.columns = 2, .gap = 0, .scale = 1});
  EXPECT_EQ(grid.shape(), (Shape{2, 2, 3}));
  EXPECT_EQ(pixels(grid), (Pixels{1, 2, 3, 7, 8, 9, 4, 5, 6, 10, 11, 12}));
  const Tensor large =
      image_grid(counting_items({1, 1, 1, 3}, 1), {.columns = 1, .gap = 0, .scale = 2});
  EXPECT_EQ(pixels(large), (Pixels{1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3}));
}

TEST(ImageGrid, HasTilesOfTwentyEightPixelsAndMore) {
  EXPECT_EQ(image_grid(Tensor(Dtype::kF32, {100, 28, 28}), {}).shape(), (Shape{298, 298}));
  EXPECT_EQ(image_grid(Tensor(Dtype::kF32, {3, 28, 28, 1}), {}).shape(), (Shape{28, 88}));
  EXPECT_EQ(image_grid(Tensor(Dtype::kF32, {100, 8, 8}), {}).shape(), (Shape{338, 338}));
  EXPECT_EQ(image_grid(Tensor(Dtype::kF32, {2, 64, 48, 3}), {}).shape(), (Shape{64, 98, 3}));
}

TEST(ImageGrid, EnlargementBringsSmallImagesTo28To54Pixels) {
  for (int64_t side = 1; side < 28; ++side) {
    const int64_t shown = side * enlargement(side, 1, 100);
    EXPECT_GE(shown, 28);
    EXPECT_LE(shown, 54);
  }
  EXPECT_EQ(enlargement(28, 28, 100), 1);
  EXPECT_EQ(enlargement(8, 8, 1000000), 1);  // a gigabyte of pixels helps no eye
}

TEST(ImageOf, IsPixelByPixel) {
  EXPECT_EQ(pixels(image_of(counting_items({1, 2, 2}, 1))), (Pixels{1, 2, 3, 4}));
}

TEST(ReconstructionGrid, OriginalsLeftReconstructionsRightOfALine) {
  const Tensor grid =
      reconstruction_grid(counting_items({3, 1, 1}, 1), counting_items({3, 1, 1}, 101),
                          {.columns = 2, .gap = 1, .scale = 1});
  EXPECT_EQ(grid.shape(), (Shape{3, 14}));
  EXPECT_EQ(pixels(grid), (Pixels{1,  kN, 2,  kN, kN, kN, kL, kL, kN, kN, kN, 101, kN, 102,  //
                                  kN, kN, kN, kN, kN, kN, kL, kL, kN, kN, kN, kN,  kN, kN,   //
                                  3,  kN, kN, kN, kN, kN, kL, kL, kN, kN, kN, 103, kN, kN}));
}

TEST(ReconstructionGrid, OfColourHasAGreyLine) {
  const Tensor grid =
      reconstruction_grid(counting_items({1, 1, 1, 3}, 1), counting_items({1, 1, 1, 3}, 101),
                          {.columns = 5, .gap = 2, .scale = 1});
  EXPECT_EQ(grid.shape(), (Shape{1, 10, 3}));
  const Pixels p = pixels(grid);
  EXPECT_EQ((Pixels{p.begin(), p.begin() + 3}), (Pixels{1, 2, 3}));
  EXPECT_EQ((Pixels{p.begin() + 12, p.begin() + 18}), (Pixels{kL, kL, kL, kL, kL, kL}));
  EXPECT_EQ((Pixels{p.end() - 3, p.end()}), (Pixels{101, 102, 103}));
}

TEST(ReconstructionGrid, FiftyPairsAreNearlySquare) {
  const Tensor items(Dtype::kF32, {50, 28, 28});
  EXPECT_EQ(reconstruction_grid(items, items, {.columns = 5}).shape(), (Shape{298, 304}));
}

TEST(ImageGrid, SurvivesPng) {
  const Tensor grid = image_grid(counting_items({6, 4, 4}, 0), {.columns = 3, .gap = 1});
  EXPECT_EQ(pixels(decode_png(encode_png(grid), {}).pixels), pixels(grid));
}

}  // namespace
}  // namespace isthmus
