// SPDX-License-Identifier: Apache-2.0
// Cells of tables as float64. std::from_chars does the work; what it leaves open (a leading plus,
// blanks, trailing text, the direction of a range error) is settled here.
#include "isthmus/data/csv_number.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>

namespace isthmus {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// What tables hold in place of a value. NaN, which is also a number, is told by parse_cell.
constexpr std::array<std::string_view, 13> kMissingWords = {
    "na", "n/a", "#n/a", "<na>", "null", "none", "nil", "?", "-", "--", ".", "missing", "nat"};

bool is_missing_word(std::string_view text) {
  return std::ranges::any_of(kMissingWords, [&](std::string_view word) {
    return std::ranges::equal(text, word, {}, lower);
  });
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

size_t count_digits(std::string_view text) {
  return static_cast<size_t>(std::ranges::find_if_not(text, is_digit) - text.begin());
}

/// "1", "12" or "123", then groups of `separator` and three digits; how many groups, -1 if not so.
int count_groups(std::string_view text, char separator) {
  const size_t head = count_digits(text);
  if (head < 1 || head > 3) return -1;
  text.remove_prefix(head);
  int groups = 0;
  for (; !text.empty(); ++groups) {
    if (text[0] != separator || count_digits(text.substr(1)) < 3) return -1;
    text.remove_prefix(4);
  }
  return groups;
}

std::string_view without_sign(std::string_view text) {
  if (text.size() > 1 && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  return text;
}

bool is_number(std::string_view text) {
  double ignored = 0;
  return parse_cell(text, ignored) == CellKind::kNumber || comma_use(text) != CommaUse::kNone;
}

/// Digits in groups of one to four with one of `marks` between: 2024-01-31, 31.01.24, 12:30:05.
bool is_marked_digits(std::string_view text, std::string_view marks, size_t least_groups) {
  size_t groups = 0;
  while (true) {
    const size_t digits = count_digits(text);
    if (digits < 1 || digits > 4) return false;
    ++groups;
    text.remove_prefix(digits);
    // What follows a date may be a time, after a blank or a T.
    if (text.empty() || text[0] == ' ' || text[0] == 'T') return groups >= least_groups;
    if (marks.find(text[0]) == marks.npos) return false;
    text.remove_prefix(1);
  }
}

bool is_date_or_time(std::string_view text) {
  return is_marked_digits(text, "-", 3) || is_marked_digits(text, "/", 3) ||
         is_marked_digits(text, ".", 3) || is_marked_digits(text.substr(0, 8), ":", 2);
}

constexpr std::array<std::string_view, 4> kCurrencies = {"$", "\u20AC", "\u00A3", "\u00A5"};

bool is_money(std::string_view text) {
  return std::ranges::any_of(kCurrencies, [&](std::string_view sign) {
    std::string_view rest = without_sign(text);
    if (rest.starts_with(sign)) {
      rest.remove_prefix(sign.size());
    } else if (rest.ends_with(sign)) {
      rest.remove_suffix(sign.size());
    } else {
      return false;
    }
    return is_number(trim_blanks(rest));
  });
}

bool is_hexadecimal(std::string_view text) {
  text = without_sign(text);
  return text.size() > 2 && text[0] == '0' && lower(text[1]) == 'x' &&
         std::ranges::all_of(text.substr(2), [](char c) {
           return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'f');
         });
}

bool is_truth_value(std::string_view text) {
  constexpr std::array<std::string_view, 4> kWords = {"true", "false", "yes", "no"};
  return std::ranges::any_of(
      kWords, [&](std::string_view word) { return std::ranges::equal(text, word, {}, lower); });
}

/// "12 kg", "5cm": a number and then a word without digits.
bool has_unit(std::string_view text) {
  const size_t end = text.find_first_not_of("+-.,0123456789");
  return end != text.npos && end > 0 && is_number(text.substr(0, end)) &&
         std::ranges::none_of(text.substr(end), is_digit);
}

}  // namespace

std::string_view trim_blanks(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

CellKind parse_cell(std::string_view text, double& value) {
  text = trim_blanks(text);
  if (text.size() > 1 && text[0] == '+' && (is_digit(text[1]) || text[1] == '.')) {
    text.remove_prefix(1);
  }
  double parsed = 0;
  const char* end = text.data() + text.size();
  const auto [stop, status] = std::from_chars(text.data(), end, parsed);
  if (status == std::errc::invalid_argument || stop != end) {
    if (text.empty()) return CellKind::kEmpty;
    return is_missing_word(text) ? CellKind::kMissing : CellKind::kText;
  }
  if (status == std::errc::result_out_of_range) {
    if (!is_too_small(text)) return CellKind::kTooLarge;
    parsed = 0;
  }
  if (!std::isfinite(parsed)) return CellKind::kNotFinite;
  value = parsed;
  return CellKind::kNumber;
}

bool is_without_value(CellKind kind, std::string_view text) {
  if (kind == CellKind::kEmpty || kind == CellKind::kMissing) return true;
  return kind == CellKind::kNotFinite && lower(without_sign(trim_blanks(text))[0]) == 'n';
}

CommaUse comma_use(std::string_view text) {
  text = without_sign(trim_blanks(text));
  const auto commas = std::ranges::count(text, ',');
  if (commas == 0) return CommaUse::kNone;
  const size_t comma = text.find(','), point = text.find('.');
  if (point != text.npos) {
    const char separator = comma < point ? ',' : '.';
    const size_t decimals = text.find(separator == ',' ? '.' : ',');
    const std::string_view tail = text.substr(decimals + 1);
    const bool grouped = count_groups(text.substr(0, decimals), separator) > 0;
    return grouped && count_digits(tail) == tail.size() ? CommaUse::kThousands : CommaUse::kNone;
  }
  const int groups = count_groups(text, ',');
  if (groups > 1) return CommaUse::kThousands;
  if (commas > 1) return CommaUse::kNone;
  double ignored = 0;
  if (parse_decimal_comma(text, ignored) != CellKind::kNumber) return CommaUse::kNone;
  return groups == 1 && text[0] != '0' ? CommaUse::kEither : CommaUse::kDecimal;
}

CellKind parse_decimal_comma(std::string_view text, double& value) {
  std::string with_point(text);
  std::ranges::replace(with_point, ',', '.');
  return parse_cell(with_point, value);
}

TextReason reason_of_text(std::string_view text) {
  text = trim_blanks(text);
  if (is_truth_value(text)) return {"true and false", "write 1 and 0"};
  if (is_date_or_time(text)) {
    return {"dates or times", "turn them into numbers, such as days since a start"};
  }
  if (text.ends_with('%') && is_number(text.substr(0, text.size() - 1))) {
    return {"percentages", "remove the % signs"};
  }
  if (is_money(text)) return {"amounts of money", "remove the currency signs"};
  if (is_hexadecimal(text)) return {"hexadecimal numbers", "write them as decimal numbers"};
  switch (comma_use(text)) {
    case CommaUse::kThousands:
      return {"thousands separators", "remove the separators: 1234567.5"};
    case CommaUse::kEither:
      return {"commas that separate thousands or decimals", "write 1234 or 1.234"};
    case CommaUse::kDecimal:
      return {"decimal commas", "write decimals with a point"};
    case CommaUse::kNone:
      break;
  }
  if (count_groups(without_sign(text), ' ') > 0 || count_groups(without_sign(text), '\'') > 0) {
    return {"thousands separators", "remove the separators: 1234567.5"};
  }
  if (text.starts_with('#') && (text.ends_with('!') || text.ends_with('?'))) {
    return {"errors of a spreadsheet", "mend the formulas and save the table again"};
  }
  if (has_unit(text)) return {"numbers with a unit", "remove the unit"};
  return {};
}

}  // namespace isthmus
