// SPDX-License-Identifier: Apache-2.0
// Numbers, times and texts as people see them, the same everywhere and in every locale. Machine
// formats (JSON, options) have their own exact printers.
#include "isthmus/base/text.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "isthmus/base/error.h"
#include "isthmus/base/utf8.h"

namespace isthmus {
namespace {

/// $'...' of bash and zsh, for words with bytes that a terminal would obey.
std::string ansi_quoted(std::string_view word) {
  std::string out = "$'";
  while (!word.empty()) {
    const CodePoint c = decode_utf8(word);
    const auto length = static_cast<size_t>(c.bytes > 0 ? c.bytes : 1);
    if (word[0] == '\\' || word[0] == '\'') out += '\\';
    out += escape_for_terminal(word.substr(0, length));
    word.remove_prefix(length);
  }
  return out + "'";
}

/// Where a command begins behind a colon, or at the beginning of the line; npos if nowhere.
size_t command_start(std::string_view line, size_t start) {
  const size_t name = line.find("isthmus ");
  if (name == line.npos) return line.npos;
  const size_t blank = line.rfind(' ', name);
  if (blank == line.npos || blank < start) return start;
  return line[blank - 1] == ':' ? blank + 1 : line.npos;
}

/// The last blank at which the first part has at most `width` columns, else the first blank at all;
/// npos when there is none.
size_t break_of(std::string_view line, size_t width, size_t start) {
  const size_t last = std::min(command_start(line, start), line.size());
  size_t best = line.npos;
  for (size_t at = line.find(' ', start); at < last; at = line.find(' ', at + 1)) {
    if (best != line.npos && display_width(line.substr(0, at)) > width) break;
    best = at;
  }
  return best;
}

std::string wrap_line(std::string_view line, size_t width, size_t indent) {
  std::string out;
  const size_t start = std::min(line.find_first_not_of(' '), line.size());
  std::string rest(line);
  while (display_width(rest) > width) {
    const size_t at = break_of(rest, width, std::min(rest.find_first_not_of(' '), rest.size()));
    if (at == rest.npos) break;
    out += rest.substr(0, at) + "\n";
    const size_t next = std::min(rest.find_first_not_of(' ', at), rest.size());
    rest = std::string(start + indent, ' ') + rest.substr(next);
  }
  return out + rest;
}

}  // namespace

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

std::string quote_for_shell(std::string_view word) {
  constexpr std::string_view kSafe =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:,=@%+-";
  // A leading = names a command in zsh.
  const bool safe = word.find_first_not_of(kSafe) == word.npos && !word.empty() && word[0] != '=';
  if (safe) return std::string(word);
  if (escape_for_terminal(word) != word) return ansi_quoted(word);
  std::string out = "'";
  for (char c : word) out += c == '\'' ? "'\\''" : std::string(1, c);
  return out + "'";
}

std::string quote_path_for_shell(std::string_view path) {
  return quote_for_shell(path.starts_with('-') ? "./" + std::string(path) : std::string(path));
}

std::string wrap_text(std::string_view text, size_t width, size_t indent) {
  std::vector<std::string> lines = split(text, '\n');
  for (std::string& line : lines) line = wrap_line(line, width, indent);
  return join(lines, "\n");
}

size_t display_width(std::string_view text) {
  size_t shown = 0;
  for (std::string_view rest = text; !rest.empty(); ++shown) {
    const CodePoint c = decode_utf8(rest);
    rest.remove_prefix(static_cast<size_t>(c.bytes > 0 ? c.bytes : 1));
  }
  return shown;
}

std::string pad_right(std::string_view text, size_t width) {
  const size_t shown = display_width(text);
  std::string out(text);
  if (shown < width) out.append(width - shown, ' ');
  return out;
}

}  // namespace isthmus
