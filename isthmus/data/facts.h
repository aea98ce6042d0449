// SPDX-License-Identifier: Apache-2.0
// Facts about stored values: range, mean, spread, the grid on which they lie, and whether they are
// binary, constant, integer.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "isthmus/tensor/data_spec.h"

namespace isthmus {

/// One entry per name (the columns of a table), or one for all values when there are no names. Of
/// `rows` only, or of all items when `rows` is empty. `values` (N, item...) are kU8 or kF32 as
/// `narrowing` says; facts are those of the stored values. Two passes in double, so large offsets
/// do not spoil the deviation. `standard_deviation` is that of the data (divides by N).
std::vector<FieldSpec> measure_fields(const Tensor& values, const Narrowing& narrowing,
                                      const std::vector<std::string>& names,
                                      std::span<const int64_t> rows = {});

}  // namespace isthmus
