// SPDX-License-Identifier: Apache-2.0
// How stored values become the numbers a model sees: value = (stored - shift) * scale. Chosen once
// from the facts of the training data, kept in the model, applied the same way at inference.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "isthmus/tensor/data_spec.h"

namespace isthmus {

struct ScalingChoice {
  Scaling scaling;
  std::string reason;                  // "bytes / 255", for `key value (reason)`
  std::vector<std::string> constants;  // names of constant columns (by number if unnamed)
};
/// "auto" "none" "unit" "standardize"
std::vector<std::string> scaling_words();
/// auto: values 0 and 1 only, or reals in [0, 1] -> none; bytes -> unit (x / 255); tables ->
/// standardize; other images -> unit (min-max); other arrays -> standardize. Constant columns get
/// scale 1 and are reported. E2003 for an unknown word.
ScalingChoice choose_scaling(const DataSpec& spec, std::string_view requested);

/// Scales stored values (N, item...) of kU8 or kF32 to float32, in double.
Tensor apply_scaling(const Tensor& stored, const Scaling& scaling);
/// Back to the stored range, float32.
Tensor invert_scaling(const Tensor& values, const Scaling& scaling);

}  // namespace isthmus
