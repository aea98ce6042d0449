// SPDX-License-Identifier: Apache-2.0
// One table cell as a number, and what it is if it is none: locale-free, the whole cell must be a
// decimal number.
#pragma once

#include <string>
#include <string_view>

namespace isthmus {

enum class CellKind {
  kNumber,
  kEmpty,      // nothing but blanks
  kMissing,    // NA, null, ?, ...
  kNotFinite,  // nan, inf
  kTooLarge,   // beyond float64
  kText
};

/// Blanks around and one leading + are fine; hexadecimal numbers, thousands separators and decimal
/// commas are kText. Values too small for float64 become 0. `value` is set for kNumber only.
CellKind parse_cell(std::string_view text, double& value);
/// Empty, a word for a missing value, or NaN: nothing is told.
bool is_without_value(CellKind kind, std::string_view text);

/// How the commas of a cell can be read.
enum class CommaUse {
  kNone,       // not a number with commas
  kDecimal,    // 12,5
  kEither,     // 1,234
  kThousands,  // 1,234,567 or 1,234.5 or 1.234,5
};
CommaUse comma_use(std::string_view text);
/// parse_cell of a cell with a decimal comma (kDecimal or kEither).
CellKind parse_decimal_comma(std::string_view text, double& value);

/// Why a text is no number, as a plural, and what to do about it.
struct TextReason {
  std::string_view what = "text";
  std::string_view remedy = {};
};
TextReason reason_of_text(std::string_view text);

std::string_view trim_blanks(std::string_view text);

}  // namespace isthmus
