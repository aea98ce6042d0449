// SPDX-License-Identifier: Apache-2.0
// Numbers, times and texts as people see them, the same everywhere and in every locale. Machine
// formats (JSON, options) have their own exact printers.
#include "isthmus/base/text.h"

#include <charconv>
#include <cmath>

#include "isthmus/base/utf8.h"

namespace isthmus {

std::string group_digits(int64_t value) {
  std::string digits = std::to_string(value);
  const size_t first = value < 0 ? 1 : 0;
  for (size_t i = digits.size(); i > first + 3;) {
    i -= 3;
    digits.insert(i, 1, ',');
  }
  return digits;
}

std::string format_seconds(double seconds) {
  if (!std::isfinite(seconds) || seconds < 0 || seconds > 1e15) return "-";
  const auto whole = static_cast<int64_t>(seconds);
  const auto two_digits = [](int64_t n) {
    return std::string(n < 10 ? ":0" : ":") + std::to_string(n);
  };
  return std::to_string(whole / 3600) + two_digits(whole / 60 % 60) + two_digits(whole % 60);
}

std::string format_bytes(uint64_t bytes) {
  constexpr std::string_view kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  if (bytes < 1024) return std::to_string(bytes) + " B";
  auto value = static_cast<double>(bytes);
  size_t unit = 0;
  // 1023.5 and more would round to "1024".
  while (value >= 1023.5 && unit + 1 < std::size(kUnits)) {
    value /= 1024;
    ++unit;
  }
  std::string number = format_fixed(value, value < 9.95 ? 1 : 0);
  if (number.ends_with(".0")) number.resize(number.size() - 2);
  return number + " " + std::string(kUnits[unit]);
}

std::string format_fixed(double value, int digits) {
  if (!std::isfinite(value)) return "-";
  char text[400];  // the longest double has 309 digits before the point
  const auto result = std::to_chars(text, text + sizeof text, value, std::chars_format::fixed,
                                    digits < 0 ? 0 : (digits > 60 ? 60 : digits));
  std::string out(text, result.ptr);
  // "-0.00" says nothing that "0.00" does not.
  if (out[0] == '-' && out.find_first_not_of("-0.") == std::string::npos) out.erase(0, 1);
  return out;
}

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
  std::string out;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) out += separator;
    out += parts[i];
  }
  return out;
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (true) {
    const size_t end = text.find(separator);
    parts.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::string escape_html(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string pad_right(std::string_view text, size_t width) {
  size_t shown = 0;
  for (std::string_view rest = text; !rest.empty(); ++shown) {
    const CodePoint c = decode_utf8(rest);
    rest.remove_prefix(static_cast<size_t>(c.bytes > 0 ? c.bytes : 1));
  }
  std::string out(text);
  if (shown < width) out.append(width - shown, ' ');
  return out;
}

}  // namespace isthmus
