// SPDX-License-Identifier: Apache-2.0
// Many small images as one picture: samples in a grid, originals beside their reconstructions.
#pragma once

#include <cstdint>

#include "isthmus/tensor/tensor.h"

namespace isthmus {

struct GridOptions {
  int64_t columns = 10;
  int64_t gap = 2;    // neutral pixels between items; none around
  int64_t scale = 0;  // whole factor of enlargement; 0: enlargement()
};

/// items: float32 (N, H, W), (N, H, W, 1) or (N, H, W, 3) in [0, 1]; outside values are clamped,
/// NaN is black. Bytes are rounded to nearest. The result is u8 (H', W'[, 3]), filled row by row;
/// between the items and where the last row ends early it has kGridNeutral. Fewer items than
/// columns give a narrower picture.
///   100 items of 28x28 in 10 columns: 298x298 (9 gaps of 2).
Tensor image_grid(const Tensor& items, const GridOptions& options);

/// Originals in the left `columns` columns, their reconstructions at the same places in the right
/// ones, between them a dark upright line. Both have the same shape; `options.columns` is the
/// number per side.
///   50 pairs of 28x28 in 5 columns: 298 high, 304 wide (8 gaps, and 8 pixels with the line).
Tensor reconstruction_grid(const Tensor& originals, const Tensor& reconstructions,
                           const GridOptions& options);

/// One item in its own size: (H, W) or (H, W, 3).
Tensor image_of(const Tensor& item);

/// Whole factor that brings the larger side of a small image to 28 .. 54 pixels; 1 from 28 pixels
/// on, and where the picture of `count` items would have more than 64 million pixels.
int64_t enlargement(int64_t height, int64_t width, int64_t count);

/// Neither black nor white: told from both, on light and dark pages.
inline constexpr uint8_t kGridNeutral = 160;
inline constexpr uint8_t kGridLine = 32;

/// The byte of a pixel in [0, 1]: clamped, then rounded to nearest (half up); NaN gives 0.
uint8_t pixel_byte(float value);

}  // namespace isthmus
