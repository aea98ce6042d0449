// SPDX-License-Identifier: Apache-2.0
// From the numbers of a file to the two types that the engine reads: bytes where all values are
// whole numbers from 0 to 255, float32 otherwise. The choice follows the values, so the same
// numbers lie in memory in the same way whatever type the file holds them in.
#pragma once

#include <string>
#include <vector>

#include "isthmus/tensor/data_spec.h"

namespace isthmus {

struct NarrowedValues {
  Tensor values;  // (N, item...) kU8 or kF32
  Narrowing narrowing;
  /// Fields in which float32 cannot tell apart more than 1 % of the different values.
  std::vector<size_t> merged;
};

/// `values` (N, item...) of kU8, kF32 or kF64; value i belongs to field i % num_fields. A field
/// whose values are far from 0 compared with their spread, or outside float32's range, gets an
/// origin and a unit of its own, so that float32 keeps what distinguishes its values. All sums are
/// in double. Error E3401 with the place, as items of this `kind` have it, of the first value that
/// is not finite and how many of its field are not; `names` (of the fields of a table, else empty)
/// name the column. Whole numbers above 2^53 are rounded before they come here, so their fields
/// count as merged, too.
NarrowedValues narrow(Tensor values, size_t num_fields, const std::vector<std::string>& names,
                      DataKind kind = DataKind::kTable);

/// The least number of places, from `decimals` on, that writes `value` to within `held` (how
/// exactly it is known); -1: more than 6, or more than it is known to.
int64_t decimals_for(double value, double held, int64_t decimals);

/// The stored values again, as float64.
Tensor widened(const Tensor& values, const Narrowing& narrowing);

/// value = (memory - shift) * scale for values as they lie in memory.
Scaling memory_scaling(const Scaling& scaling, const Narrowing& narrowing);

}  // namespace isthmus
