// SPDX-License-Identifier: Apache-2.0
// Between the scale that the model sees and that of the data.
#pragma once

#include "isthmus/data/dataset.h"
#include "isthmus/model_file/model.h"

namespace isthmus {

/// Undoes the scaling: values as the data hold them, (N, item shape). Images of bytes are clamped
/// and rounded. Columns of a table keep their domain: the range seen in training, two values, whole
/// numbers, decimals; the table is float64 where float32 would blur a column (timestamps).
Tensor stored_values(const Tensor& values, const DataSpec& spec);
/// Items [0, count) of the data on the model's scale, float32: originals beside reconstructions.
Tensor model_values(const Model& model, const Dataset& data, int64_t first, int64_t count);

}  // namespace isthmus
