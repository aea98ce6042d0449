// SPDX-License-Identifier: Apache-2.0
// Tensors as NPY 1.0 bytes.
#pragma once

#include "isthmus/base/fs.h"
#include "isthmus/tensor/tensor.h"

namespace isthmus {

/// float32, float64 or u8, row-major; numpy.load gives the same array. The header is padded to 64
/// bytes.
Bytes write_npy(const Tensor& tensor);

}  // namespace isthmus
