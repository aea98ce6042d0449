// SPDX-License-Identifier: Apache-2.0
// How stored values become the numbers a model sees: value = (stored - shift) * scale. Chosen once
// from the facts of the training data, kept in the model, applied the same way at inference.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "isthmus/tensor/grey_level.h"

namespace isthmus {

struct ScalingChoice {
  Scaling scaling;
  std::string reason;  // "whole levels / 255", for `key value (reason)`
};
/// "auto" "none" "unit" "standardize"
std::vector<std::string> scaling_words();
/// auto, from the values and the kind, never from how a file stores them: values 0 and 1 only ->
/// none; two whole values -> unit; tables -> standardize; images of whole numbers from 0 -> unit by
/// their grey levels (x / 255, x / 16, ...); images and arrays of reals in [0, 1] -> none; other
/// images -> unit (min-max); other arrays -> standardize. Constant columns get scale 1. E2003 for
/// an unknown word. `seen` are the facts of all items at hand, those that only validate, too: which
/// kind of values they are (two values, levels, reals in [0, 1]) must hold for all, while the
/// numbers are those of `spec`.
ScalingChoice choose_scaling(const DataSpec& spec, std::string_view requested,
                             const DataSpec& seen);
inline ScalingChoice choose_scaling(const DataSpec& spec, std::string_view requested) {
  return choose_scaling(spec, requested, spec);
}

/// Largest less smallest value that images of this kind can take, on the model's scale: of grey
/// levels, else of the values that occur.
double dynamic_range(const DataSpec& spec);

/// Scales values (N, item...) of kU8 or kF32 to float32, in double. For values in memory of an
/// opened data set the scaling is memory_scaling() (narrow.h).
Tensor apply_scaling(const Tensor& values, const Scaling& scaling);
/// Back to the stored range, float32.
Tensor invert_scaling(const Tensor& values, const Scaling& scaling);

}  // namespace isthmus
