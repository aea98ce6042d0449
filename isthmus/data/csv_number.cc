// SPDX-License-Identifier: Apache-2.0
// Cells of tables as float64. std::from_chars does the work; what it leaves open (a leading plus,
// blanks, trailing text, the direction of a range error) is settled here.
#include "isthmus/data/csv_number.h"

#include <charconv>
#include <cmath>
#include <cstdint>

namespace isthmus {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

/// Whether a decimal that is out of float64's range is too small rather than too large: the power
/// of ten of its first non-zero digit tells.
bool is_too_small(std::string_view text) {
  int64_t power = 0, exponent = 0;
  bool point = false, leading = true;
  size_t i = text.starts_with('-') ? 1 : 0;
  for (; i < text.size() && text[i] != 'e' && text[i] != 'E'; ++i) {
    if (text[i] == '.') {
      point = true;
    } else if (leading && text[i] == '0') {
      if (point) --power;
    } else {
      leading = false;
      if (!point) ++power;
    }
  }
  if (i < text.size()) {
    ++i;
    const bool negative = i < text.size() && text[i] == '-';
    if (i < text.size() && (text[i] == '-' || text[i] == '+')) ++i;
    for (; i < text.size() && exponent < INT32_MAX; ++i) exponent = 10 * exponent + (text[i] - '0');
    if (negative) exponent = -exponent;
  }
  return power + exponent < 0;
}

}  // namespace

CellKind parse_cell(std::string_view text, double& value) {
  text = trim(text);
  if (text.size() > 1 && text[0] == '+' && (is_digit(text[1]) || text[1] == '.')) {
    text.remove_prefix(1);
  }
  double parsed = 0;
  const char* end = text.data() + text.size();
  const auto [stop, status] = std::from_chars(text.data(), end, parsed);
  if (status == std::errc::invalid_argument || stop != end) return CellKind::kNotANumber;
  if (status == std::errc::result_out_of_range) {
    if (!is_too_small(text)) return CellKind::kNotFinite;
    parsed = 0;
  }
  if (!std::isfinite(parsed)) return CellKind::kNotFinite;
  value = parsed;
  return CellKind::kNumber;
}

}  // namespace isthmus
