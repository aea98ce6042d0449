// SPDX-License-Identifier: Apache-2.0
// Text and numbers as HTML, pictures as data URLs, and what several sections want to know.
#include <array>
#include <charconv>
#include <cmath>

#include "isthmus/base/error.h"
#include "isthmus/base/text.h"
#include "isthmus/report/sections.h"

namespace isthmus {

std::string shown(std::string_view text) { return escape_html(escape_for_terminal(text)); }

std::string shown_number(double value, int digits) {
  const std::string text = format_fixed(value, digits);
  return value < 0 && text[0] == '-' ? "\u2212" + text.substr(1) : text;
}

std::string shown_count(double value) {
  constexpr double kExact = 1e15;
  return std::fabs(value) < kExact ? group_digits(std::llround(value)) : format_fixed(value, 0);
}

std::string base64(std::span<const std::byte> bytes) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t group = 0;
    for (size_t k = 0; k < 3; ++k) {
      group = group << 8 | (i + k < bytes.size() ? std::to_integer<uint32_t>(bytes[i + k]) : 0);
    }
    for (size_t k = 0; k < 4; ++k) {
      const bool padding = i + k > bytes.size();
      out += padding ? '=' : kDigits[group >> (18 - 6 * k) & 63];
    }
  }
  return out;
}

const Json* kept_record(const RunFiles& run) {
  for (const char* key : {"test", "val", "train"}) {
    if (const Json* terms = member(run.run, key)) return terms;
  }
  return nullptr;
}

KeptTerms kept_terms(const RunFiles& run) {
  const Json* record = kept_record(run);
  if (record == nullptr) return {};
  const bool test = record == member(run.run, "test"), val = record == member(run.run, "val");
  return {terms_at(*record), test ? "test" : val ? "validation" : "training"};
}

std::string shown_nats(double value) {
  constexpr double kFine = 100;
  return shown_number(value, std::fabs(value) < kFine ? 2 : 1);
}

std::string shown_setting(std::string_view value) {
  constexpr size_t kLong = 10;
  double number = 0;
  const auto [end, fault] = std::from_chars(value.data(), value.data() + value.size(), number);
  const bool whole = fault == std::errc() && end == value.data() + value.size();
  if (!whole || value.size() <= kLong || value.find('.') == std::string_view::npos) {
    return shown(value);
  }
  std::array<char, 32> text{};
  const auto written =
      std::to_chars(text.begin(), text.end(), number, std::chars_format::general, 6);
  return {text.begin(), written.ptr};
}

bool is_score(const RunFiles& run) {
  const Json* normalized = member(run.run, "model.normalized");
  return normalized != nullptr && normalized->is_bool() && !normalized->as_bool();
}

double floor_of(const RunFiles& run) { return number_at(run.run, "data_floor"); }

}  // namespace isthmus
