// SPDX-License-Identifier: Apache-2.0
// Images that are smaller by a whole factor: averages of blocks, and the way back by cubic
// interpolation. Shapes: (N, H, W) or (N, H, W, C), float32.
#pragma once

#include "isthmus/tensor/tensor.h"

namespace isthmus {

/// Means of blocks of factor x factor pixels, summed in double: (N, H / factor, W / factor[, C]).
/// Error E2203 if the factor does not divide both sides.
Tensor block_means(const Tensor& images, int64_t factor);

/// Each pixel of the larger images (N, factor H, factor W[, C]) by the cubic convolution kernel
/// with a = -1/2 over the 4 x 4 nearest pixels, whose centres lie in the middle of their blocks;
/// edges are repeated. It overshoots at edges and is not clamped. Source: Keys 1981.
Tensor enlarge_bicubic(const Tensor& images, int64_t factor);

/// Each pixel as a block.
Tensor enlarge_blocks(const Tensor& images, int64_t factor);

}  // namespace isthmus
