// SPDX-License-Identifier: Apache-2.0
// Averages of blocks, and cubic convolution against the polynomials that it reproduces.
#include "isthmus/data/blocks.h"

#include <gtest/gtest.h>

namespace isthmus {
namespace {

TEST(BlockMeans, AreMeansOfBlocks) {
  Tensor images(Dtype::kF32, {1, 2, 4, 3});
  for (size_t i = 0; i < 24; ++i) images.values<float>()[i] = static_cast<float>(i * i);
  const Tensor small = block_means(images, 2);
  EXPECT_EQ(small.shape(), (Shape{1, 1, 2, 3}));
  for (size_t column = 0; column < 2; ++column) {
    for (size_t c = 0; c < 3; ++c) {
      double sum = 0;
      for (size_t i :
           {6 * column + c, 6 * column + c + 3, 6 * column + c + 12, 6 * column + c + 15}) {
        sum += static_cast<double>(i * i) / 4;
      }
      EXPECT_EQ(small.values<float>()[3 * column + c], sum);
    }
  }
  EXPECT_THROW(block_means(images, 3), Error);
}

/// Keys' kernel with a = -1/2 reproduces quadratic polynomials; here of the place of pixel centres,
/// away from the edges.
TEST(EnlargeBicubic, ReproducesQuadraticPolynomials) {
  const auto f = [](double y, double x) {
    return 1 + 0.3 * x - 0.2 * y + 0.05 * x * x + 0.1 * x * y - 0.04 * y * y;
  };
  for (const int64_t factor : {2, 3}) {
    Tensor small(Dtype::kF32, {2, 8, 7});
    for (int64_t i = 0; i < 112; ++i) {
      small.values<float>()[static_cast<size_t>(i)] = static_cast<float>(
          f(static_cast<double>(i / 7 % 8) + 0.5, static_cast<double>(i % 7) + 0.5));
    }
    const Tensor large = enlarge_bicubic(small, factor);
    ASSERT_EQ(large.shape(), (Shape{2, 8 * factor, 7 * factor}));
    const double k = static_cast<double>(factor);
    for (int64_t y = 2 * factor; y < 6 * factor; ++y) {
      for (int64_t x = 2 * factor; x < 5 * factor; ++x) {
        const int64_t at = (8 * factor + y) * 7 * factor + x;
        EXPECT_NEAR(large.values<float>()[static_cast<size_t>(at)],
                    f((static_cast<double>(y) + 0.5) / k, (static_cast<double>(x) + 0.5) / k),
                    1e-5);
      }
    }
  }
}

TEST(EnlargeBicubic, KeepsChannelsApartAndConstantsToTheEdge) {
  Tensor small(Dtype::kF32, {1, 3, 2, 3});
  for (size_t i = 0; i < 18; ++i) small.values<float>()[i] = static_cast<float>(i % 3);
  const Tensor large = enlarge_bicubic(small, 2);
  ASSERT_EQ(large.shape(), (Shape{1, 6, 4, 3}));
  for (size_t i = 0; i < 72; ++i) EXPECT_NEAR(large.values<float>()[i], i % 3, 1e-6);
}

TEST(EnlargeBlocks, HasTheGivenBlockMeans) {
  Tensor small(Dtype::kF32, {2, 2, 3, 3});
  for (size_t i = 0; i < 36; ++i) small.values<float>()[i] = static_cast<float>(i);
  const Tensor back = block_means(enlarge_blocks(small, 3), 3);
  EXPECT_TRUE(std::ranges::equal(back.values<float>(), small.values<float>()));
}

}  // namespace
}  // namespace isthmus
