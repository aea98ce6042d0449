// SPDX-License-Identifier: Apache-2.0
// Many small images as one picture: samples in a grid, originals beside their reconstructions.
#pragma once

#include <cstdint>

#include "isthmus/tensor/tensor.h"

namespace isthmus {

struct GridOptions {
  int64_t columns = 10;
  int64_t gap = 0;  // black pixels between items; none around
};

/// items: float32 (N, H, W), (N, H, W, 1) or (N, H, W, 3) in [0, 1]; outside values are clamped,
/// NaN is black. Bytes are rounded to nearest. The result is u8 (rows*H, columns*W[, 3]), filled
/// row by row, the rest black; fewer items than columns give a narrower picture.
///   100 items of 28x28 in 10 columns: 280x280.
Tensor image_grid(const Tensor& items, const GridOptions& options);

/// Originals in the left `columns` columns, their reconstructions at the same places in the right
/// ones. Both have the same shape; `options.columns` is the number per side.
///   50 pairs of 28x28 in 5 columns: 280x280.
Tensor reconstruction_grid(const Tensor& originals, const Tensor& reconstructions,
                           const GridOptions& options);

/// The byte of a pixel in [0, 1]: clamped, then rounded to nearest (half up); NaN gives 0.
uint8_t pixel_byte(float value);

}  // namespace isthmus
