// SPDX-License-Identifier: Apache-2.0
// Durations ("10m") and sizes ("512MiB") as option values: parsers and exact printers. The display
// forms for people are in text.h.
#include <array>
#include <charconv>

#include "isthmus/base/options.h"

namespace isthmus {
namespace {

struct Unit {
  std::string_view name;
  double factor;
};

constexpr std::array<Unit, 5> kTimeUnits = {
    {{"d", 86400}, {"h", 3600}, {"m", 60}, {"s", 1}, {"ms", 0.001}}};

constexpr double kKi = 1024;
constexpr std::array<Unit, 15> kSizeUnits = {{{"TiB", kKi* kKi* kKi* kKi},
                                              {"GiB", kKi* kKi* kKi},
                                              {"MiB", kKi* kKi},
                                              {"KiB", kKi},
                                              {"", 1},
                                              {"B", 1},
                                              {"T", kKi* kKi* kKi* kKi},
                                              {"G", kKi* kKi* kKi},
                                              {"M", kKi* kKi},
                                              {"K", kKi},
                                              {"TB", 1e12},
                                              {"GB", 1e9},
                                              {"MB", 1e6},
                                              {"kB", 1e3},
                                              {"KB", 1e3}}};

[[noreturn]] void refuse(std::string_view key, std::string_view text, std::string_view problem,
                         std::string_view expected, const Bounds& b) {
  const std::string bounds = describe_bounds(b);
  throw Error(ErrorCode::kBadValue,
              std::string(key) + " = \"" + std::string(text) + "\" " + std::string(problem),
              "expected " + std::string(expected) + (bounds.empty() ? "" : ", " + bounds),
              {.key = std::string(key)});
}

/// A finite number of at least 0 followed by a unit; nullptr when the text is anything else.
template <size_t N>
const Unit* read_quantity(std::string_view text, const std::array<Unit, N>& units, double& number) {
  const char* end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, number, std::chars_format::fixed);
  if (result.ec != std::errc() || !std::isfinite(number) || std::signbit(number)) return nullptr;
  const std::string_view name(result.ptr, static_cast<size_t>(end - result.ptr));
  for (const Unit& unit : units) {
    if (unit.name == name) return &unit;
  }
  return nullptr;
}

bool inside(const Bounds& b, double v) {
  return (b.low_open ? v > b.low : v >= b.low) && (b.high_open ? v < b.high : v <= b.high);
}

double seconds_of(double number, const Unit& unit) {
  return unit.factor < 1 ? number / 1000 : number * unit.factor;
}

}  // namespace

void parse_value(std::string_view key, std::string_view text, const Bounds& b, Duration& out) {
  constexpr std::string_view kExpected = "a duration such as 250ms, 60s, 10m or 2h";
  double number = 0;
  const Unit* unit = read_quantity(text, kTimeUnits, number);
  if (unit == nullptr) refuse(key, text, "is not a duration", kExpected, b);
  const double seconds = seconds_of(number, *unit);
  if (!std::isfinite(seconds) || !inside(b, seconds)) {
    refuse(key, text, "is out of range", kExpected, b);
  }
  out.seconds = seconds;
}

void parse_value(std::string_view key, std::string_view text, const Bounds& b, ByteSize& out) {
  constexpr std::string_view kExpected = "a size such as 4096, 512MiB or 2GiB";
  uint64_t bytes = 0;
  const char* end = text.data() + text.size();
  const auto whole = std::from_chars(text.data(), end, bytes);
  // Plain numbers of bytes keep all 64 bits; the others pass through double.
  if (whole.ec != std::errc() || whole.ptr != end) {
    double number = 0;
    const Unit* unit = read_quantity(text, kSizeUnits, number);
    if (unit == nullptr) refuse(key, text, "is not a size", kExpected, b);
    const double exact = std::floor(number * unit->factor);
    if (!(exact < 18446744073709551616.0)) refuse(key, text, "is out of range", kExpected, b);
    bytes = static_cast<uint64_t>(exact);
  }
  if (!inside(b, static_cast<double>(bytes))) refuse(key, text, "is out of range", kExpected, b);
  out.bytes = bytes;
}

std::string print_value(Duration v) {
  // The largest unit in which the value is a whole number and reads back the same.
  for (const Unit& unit : kTimeUnits) {
    const double number = unit.factor < 1 ? v.seconds * 1000 : v.seconds / unit.factor;
    const bool whole = number >= 1 && number < 1e9 && number == std::floor(number);
    if (whole && seconds_of(number, unit) == v.seconds) {
      return std::to_string(static_cast<int64_t>(number)) + std::string(unit.name);
    }
  }
  char text[400];
  const auto result = std::to_chars(text, text + sizeof text, v.seconds, std::chars_format::fixed);
  return std::string(text, result.ptr) + "s";
}

std::string print_value(ByteSize v) {
  for (const Unit& unit : kSizeUnits) {
    const auto factor = static_cast<uint64_t>(unit.factor);
    if (factor == 1) break;
    if (v.bytes >= factor && v.bytes % factor == 0) {
      return std::to_string(v.bytes / factor) + std::string(unit.name);
    }
  }
  return std::to_string(v.bytes);
}

}  // namespace isthmus
