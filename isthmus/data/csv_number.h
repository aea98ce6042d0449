// SPDX-License-Identifier: Apache-2.0
// One table cell as a number: locale-free, the whole cell must be a decimal number.
#pragma once

#include <string_view>

namespace isthmus {

enum class CellKind { kNumber, kNotANumber, kNotFinite };

/// Blanks around and one leading + are fine; hexadecimal, thousands separators and decimal commas
/// are not numbers. nan, inf and values that float64 cannot hold are kNotFinite; values too small
/// for float64 become 0. `value` is set for kNumber only.
CellKind parse_cell(std::string_view text, double& value);

}  // namespace isthmus
