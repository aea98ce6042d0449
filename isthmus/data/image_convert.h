// SPDX-License-Identifier: Apache-2.0
// Images of another size or number of channels.
#pragma once

#include "isthmus/tensor/tensor.h"

namespace isthmus {

/// What images become; 0: as they are.
struct ImageForm {
  int64_t height = 0, width = 0;
  int channels = 0;  // 1 or 3
};

/// Images (N, H, W) or (N, H, W, 3), u8, f32 or f64 (computed in float32).
/// Grey is 0.299 r + 0.587 g + 0.114 b; colour of grey
/// is three equal channels. Sizes change by a triangle filter as wide as the pixels of the smaller
/// image, edges renormalized: what PIL calls BILINEAR. Whole numbers stay whole, in any type.
Tensor convert_images(const Tensor& images, const ImageForm& form);

/// (N, C, H, W) to (N, H, W, C) and back, of u8, f32 or f64.
Tensor with_channels_last(const Tensor& images);
Tensor with_channels_first(const Tensor& images);

/// Images (N, H, W, 4), u8, f32 or f64, laid over white: (N, H, W, 3) of the same type. Alpha and
/// white are from 0 to `opaque`; if that is above 1, values are rounded to whole numbers.
Tensor over_white(const Tensor& images, double opaque);

}  // namespace isthmus
