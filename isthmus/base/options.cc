// SPDX-License-Identifier: Apache-2.0
// Texts to option values and back: the one parser behind flags, TOML, environment and --set. Bounds
// are checked here; what an option means is the business of the struct that declares it.
#include "isthmus/base/options.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "isthmus/base/text.h"

namespace isthmus {
namespace {

std::string shortest(double v) {
  char text[64];
  const auto result = std::to_chars(text, text + sizeof text, v);
  return std::string(text, result.ptr);
}

[[noreturn]] void refuse(std::string_view key, std::string_view text, std::string_view problem,
                         std::string_view expected, const Bounds& b) {
  const std::string bounds = describe_bounds(b);
  std::string hint = "expected " + std::string(expected);
  if (!bounds.empty()) hint += ", " + bounds;
  throw Error(ErrorCode::kBadValue,
              std::string(key) + " = \"" + std::string(text) + "\" " + std::string(problem),
              std::move(hint), {.key = std::string(key)});
}

bool inside(const Bounds& b, double v) {
  const bool above = b.low_open ? v > b.low : v >= b.low;
  const bool below = b.high_open ? v < b.high : v <= b.high;
  return above && below;
}

enum class Reading { kFine, kNotANumber, kOutOfRange };

/// The whole text as one number: no sign '+', no spaces, nothing after it.
template <class T>
Reading read_number(std::string_view text, T& out) {
  const char* end = text.data() + text.size();
  T value{};
  const auto result = std::from_chars(text.data(), end, value);
  if (result.ec == std::errc::invalid_argument || result.ptr != end) return Reading::kNotANumber;
  if (result.ec == std::errc::result_out_of_range) return Reading::kOutOfRange;
  if constexpr (std::is_floating_point_v<T>) {
    if (!std::isfinite(value)) return Reading::kNotANumber;
  }
  out = value;
  return Reading::kFine;
}

bool is_negative_whole(std::string_view text) {
  return text.size() > 1 && text[0] == '-' &&
         text.find_first_not_of("0123456789", 1) == std::string_view::npos;
}

template <class T>
T parse_integer(std::string_view key, std::string_view text, const Bounds& b) {
  T value{};
  Reading reading = read_number(text, value);
  if (std::is_unsigned_v<T> && is_negative_whole(text)) reading = Reading::kOutOfRange;
  if (reading == Reading::kNotANumber) refuse(key, text, "is not a whole number", "an integer", b);
  if (reading == Reading::kOutOfRange || !inside(b, static_cast<double>(value))) {
    refuse(key, text, "is out of range", "an integer", b);
  }
  return value;
}

template <class T>
T parse_real(std::string_view key, std::string_view text, const Bounds& b) {
  // Bounds are compared in double: the float nearest to 0.1 lies above a bound of 0.1.
  double wide = 0;
  T value{};
  const bool percent = b.low == 0 && b.high == 1 && text.ends_with('%');
  const std::string_view number = percent ? text.substr(0, text.size() - 1) : text;
  Reading reading = read_number(number, wide);
  if (reading == Reading::kFine) reading = read_number(number, value);
  if (percent) {
    wide /= 100;
    value = static_cast<T>(wide);
  }
  if (reading == Reading::kNotANumber) refuse(key, text, "is not a number", "a number", b);
  if (reading == Reading::kOutOfRange || !inside(b, wide)) {
    refuse(key, text, "is out of range", "a number", b);
  }
  return value;
}

void require_word(std::string_view key, std::string_view text, const Bounds& b) {
  if (b.words == nullptr) return;
  const std::vector<std::string> words = b.words();
  if (std::find(words.begin(), words.end(), text) != words.end()) return;
  const std::string near = nearest_word(text, words);
  std::string hint = near.empty() ? "" : "did you mean \"" + near + "\"? ";
  hint += "expected " + describe_bounds(b);
  throw Error(ErrorCode::kBadValue,
              std::string(key) + " = \"" + std::string(text) + "\" is not an allowed word",
              std::move(hint), {.key = std::string(key)});
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

/// Splits at commas that no backslash guards; the parts still hold their backslashes.
std::vector<std::string_view> list_parts(std::string_view text) {
  std::vector<std::string_view> parts;
  if (trimmed(text).empty()) return parts;
  size_t start = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == ',') {
      parts.push_back(text.substr(start, i - start));
      start = i + 1;
    }
  }
  parts.push_back(text.substr(start));
  return parts;
}

/// Removes spaces around a part and backslashes inside; "" stands for the empty text.
std::string unquoted(std::string_view part) {
  while (!part.empty() && part.front() == ' ') part.remove_prefix(1);
  if (part == "\"\"") return {};
  std::string out;
  size_t kept = 0;  // up to here the text ends in something that is not a bare space
  for (size_t i = 0; i < part.size(); ++i) {
    const bool guarded = part[i] == '\\' && i + 1 < part.size();
    if (guarded) ++i;
    out += part[i];
    if (guarded || part[i] != ' ') kept = out.size();
  }
  out.resize(kept);
  return out;
}

std::string quoted(std::string_view word) {
  if (word.empty()) return "\"\"";
  std::string out;
  for (size_t i = 0; i < word.size(); ++i) {
    const char c = word[i];
    const bool outer_space = c == ' ' && (i == 0 || i + 1 == word.size());
    if (c == ',' || c == '\\' || outer_space || (i == 0 && c == '"')) out += '\\';
    out += c;
  }
  return out;
}

}  // namespace

void parse_value(std::string_view key, std::string_view text, const Bounds& b, bool& out) {
  for (std::string_view yes : {"true", "on", "yes", "1"}) {
    if (text == yes) {
      out = true;
      return;
    }
  }
  for (std::string_view no : {"false", "off", "no", "0"}) {
    if (text == no) {
      out = false;
      return;
    }
  }
  refuse(key, text, "is neither true nor false", "true or false", b);
}
void parse_value(std::string_view key, std::string_view text, const Bounds& b, int& out) {
  out = parse_integer<int>(key, text, b);
}
void parse_value(std::string_view key, std::string_view text, const Bounds& b, int64_t& out) {
  out = parse_integer<int64_t>(key, text, b);
}
void parse_value(std::string_view key, std::string_view text, const Bounds& b, uint64_t& out) {
  out = parse_integer<uint64_t>(key, text, b);
}
void parse_value(std::string_view key, std::string_view text, const Bounds& b, float& out) {
  out = parse_real<float>(key, text, b);
}
void parse_value(std::string_view key, std::string_view text, const Bounds& b, double& out) {
  out = parse_real<double>(key, text, b);
}
void parse_value(std::string_view key, std::string_view text, const Bounds& b, std::string& out) {
  require_word(key, text, b);
  out = std::string(text);
}

void parse_value(std::string_view key, std::string_view text, const Bounds& b,
                 std::vector<int64_t>& out) {
  std::vector<int64_t> values;
  for (std::string_view part : list_parts(text)) {
    part = trimmed(part);
    int64_t value = 0;
    if (read_number(part, value) != Reading::kFine) {
      refuse(key, text, "is not a list of whole numbers", "a list such as 256,128", b);
    }
    if (!inside(b, static_cast<double>(value))) {
      refuse(key, text, "holds a number out of range", "a list such as 256,128", b);
    }
    values.push_back(value);
  }
  out = std::move(values);
}

void parse_value(std::string_view key, std::string_view text, const Bounds& b,
                 std::vector<std::string>& out) {
  std::vector<std::string> words;
  for (std::string_view part : list_parts(text)) {
    if (trimmed(part).empty()) {
      refuse(key, text, "holds an empty entry", "a list such as a,b (\"\" is the empty text)", b);
    }
    words.push_back(unquoted(part));
    require_word(key, words.back(), b);
  }
  out = std::move(words);
}

std::string print_value(bool v) { return v ? "true" : "false"; }
std::string print_value(int v) { return std::to_string(v); }
std::string print_value(int64_t v) { return std::to_string(v); }
std::string print_value(uint64_t v) { return std::to_string(v); }
std::string print_value(double v) { return shortest(v); }
std::string print_value(float v) {
  char text[64];
  const auto result = std::to_chars(text, text + sizeof text, v);
  return std::string(text, result.ptr);
}
std::string print_value(const std::string& v) { return v; }
std::string print_value(const std::vector<int64_t>& v) {
  std::vector<std::string> parts;
  for (int64_t x : v) parts.push_back(std::to_string(x));
  return join(parts, ",");
}
std::string print_value(const std::vector<std::string>& v) {
  std::vector<std::string> parts;
  for (const std::string& x : v) parts.push_back(quoted(x));
  return join(parts, ",");
}

namespace {

std::string bound_text(double bound) {
  constexpr double kGrouped = 1e4, kWhole = 1e15;
  const bool grouped = std::abs(bound) >= kGrouped && std::abs(bound) < kWhole;
  return grouped && std::trunc(bound) == bound ? group_digits(static_cast<int64_t>(bound))
                                               : shortest(bound);
}

}  // namespace

std::string describe_bounds(const Bounds& b) {
  if (b.words != nullptr) return "one of " + join(b.words(), ", ");
  const bool low = std::isfinite(b.low), high = std::isfinite(b.high);
  if (low && high && !b.low_open && !b.high_open) {
    return "between " + bound_text(b.low) + " and " + bound_text(b.high);
  }
  std::string text;
  if (low) text = (b.low_open ? "greater than " : "at least ") + bound_text(b.low);
  if (low && high) text += " and ";
  if (high) text += (b.high_open ? "less than " : "at most ") + bound_text(b.high);
  return text;
}

std::string flag_from_key(std::string_view key) {
  std::string flag = "--" + std::string(key.substr(key.rfind('.') + 1));
  std::replace(flag.begin(), flag.end(), '_', '-');
  return flag;
}

Error with_default(const Error& error, std::string_view default_text) {
  std::string hint = error.hint();
  if (!default_text.empty()) hint += " (default " + std::string(default_text) + ")";
  return Error(error.code(), error.message(), std::move(hint), error.where());
}

void append_own_options(OwnOptions& own, std::vector<BoundOption> options,
                        std::vector<BoundOption>& out) {
  for (BoundOption& option : options) {
    option.set = [&own, key = option.key, check = option.set](std::string_view text) {
      if (text != "auto" && text != "none") {
        check(text);
        own.texts.insert_or_assign(key, std::string(text));
        return;
      }
      try {  // a word of the option itself, or else its owner's default
        check(text);
        own.texts.insert_or_assign(key, std::string(text));
      } catch (const Error&) {
        own.texts.erase(key);
      }
    };
    option.get = [&own, key = option.key, initial = option.default_text] {
      const auto at = own.texts.find(key);
      return at != own.texts.end() ? at->second : initial;
    };
    const std::string section = option.key.substr(0, option.key.find('.') + 1);
    const auto last = std::find_if(out.rbegin(), out.rend(), [&](const BoundOption& other) {
      return other.key.starts_with(section);
    });
    out.insert(last == out.rend() ? out.end() : last.base(), std::move(option));
  }
}

const BoundOption& find_option(const std::vector<BoundOption>& options, std::string_view key) {
  std::vector<std::string> keys;
  for (const BoundOption& option : options) {
    if (option.key == key) return option;
    keys.push_back(option.key);
  }
  const std::string near = nearest_word(key, keys);
  throw Error(ErrorCode::kUnknownOption, "there is no option \"" + std::string(key) + "\"",
              near.empty() ? "" : "did you mean \"" + near + "\"?", {.key = std::string(key)});
}

}  // namespace isthmus
