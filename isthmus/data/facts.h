// SPDX-License-Identifier: Apache-2.0
// Facts about stored values: range, mean, spread, and whether they are binary, constant, integer.
#pragma once

#include <string>
#include <vector>

#include "isthmus/data/formats.h"

namespace isthmus {

/// One entry per column for tables, one for all values otherwise. Two passes in double, so large
/// offsets do not spoil the deviation. `standard_deviation` is that of the data (divides by N).
/// E3401 naming the first value that is not finite and how many of its column are not.
std::vector<FieldSpec> measure_fields(const ParsedData& data);

}  // namespace isthmus
