// SPDX-License-Identifier: Apache-2.0
// Three passes: range and sums, squared distances, conversion. Facts for people and choices are
// measured later (facts.cc), on the items that train.
#include "isthmus/data/narrow.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <type_traits>
#include <utility>

#include "isthmus/base/as_written.h"
#include "isthmus/base/text.h"

namespace isthmus {
namespace {

constexpr double kMaxByte = 255;
/// Values further from 0 than this many standard deviations are held as distances from an origin:
/// float32 then still divides a deviation into 2^16 steps.
constexpr double kFarFromZero = 256;
/// Distances outside of these bounds get a unit: their squares stay in float32's range.
constexpr double kSmall = 0x1p-60, kLarge = 0x1p60;
constexpr int64_t kComparedRows = 4096;
constexpr double kToleratedMerged = 0.01;

struct FieldRange {
  double min = std::numeric_limits<double>::infinity();
  double max = -std::numeric_limits<double>::infinity();
  double sum = 0, squares = 0;
  bool whole = true;
};

/// " at row 3, column 5, channel 1" or " at [2, 4]" of value `at` of an item, all from 0; nothing
/// for a row of a table, whose columns have names.
std::string place_of(int64_t at, const Shape& item, DataKind kind) {
  std::vector<std::string> place(item.size());
  for (size_t axis = item.size(); axis-- > 0; at /= item[axis]) {
    place[axis] = std::to_string(at % item[axis]);
  }
  if (kind == DataKind::kArray) return " at [" + join(place, ", ") + "]";
  if (kind == DataKind::kTable || place.size() < 2) return "";
  return " at row " + place[0] + ", column " + place[1] +
         (place.size() > 2 ? ", channel " + place[2] : "");
}

[[noreturn]] void fail_not_finite(int64_t row, const std::string& place, double value, int64_t bad,
                                  const std::string& name) {
  std::string message = std::isnan(value) ? "NaN" : "infinity";
  message += " in item " + std::to_string(row) + place + " (" + group_digits(bad) + " values ";
  message += name.empty() ? std::string("of all ") : "of column \"" + name + "\" ";
  message += "are not finite)";
  throw Error(ErrorCode::kNotFinite, message, {}, {.row = row, .field = name});
}

template <class T>
void require_finite(std::span<const T> values, size_t num_fields, const Shape& shape,
                    const std::vector<std::string>& names, DataKind kind) {
  const auto bad =
      std::find_if(values.begin(), values.end(), [](T v) { return !std::isfinite(v); });
  if (bad == values.end()) return;
  const auto first = static_cast<size_t>(bad - values.begin());
  int64_t count = 0;
  for (size_t i = first % num_fields; i < values.size(); i += num_fields) {
    if (!std::isfinite(values[i])) ++count;
  }
  const auto per_item = static_cast<int64_t>(values.size()) / shape[0];
  const auto at = static_cast<int64_t>(first);
  fail_not_finite(at / per_item, place_of(at % per_item, {shape.begin() + 1, shape.end()}, kind),
                  static_cast<double>(*bad), count, names.empty() ? "" : names[first % num_fields]);
}

template <class T>
std::vector<FieldRange> measure(std::span<const T> values, size_t num_fields) {
  std::vector<FieldRange> fields(num_fields);
  for (size_t i = 0, f = 0; i < values.size(); ++i, f = f + 1 == num_fields ? 0 : f + 1) {
    const double v = static_cast<double>(values[i]);
    FieldRange& field = fields[f];
    field.min = std::min(field.min, v);
    field.max = std::max(field.max, v);
    field.sum += v;
    field.whole = field.whole && v == std::floor(v);
  }
  const double n = static_cast<double>(values.size() / num_fields);
  for (size_t i = 0, f = 0; i < values.size(); ++i, f = f + 1 == num_fields ? 0 : f + 1) {
    const double distance = static_cast<double>(values[i]) - fields[f].sum / n;
    fields[f].squares += distance * distance;
  }
  return fields;
}

Narrowing choose(const std::vector<FieldRange>& fields, double n) {
  Narrowing narrowing;
  bool needed = false;
  for (const FieldRange& field : fields) {
    const double mean = field.sum / n, deviation = std::sqrt(field.squares / n);
    const double largest = std::max(std::fabs(field.min), std::fabs(field.max));
    double origin = 0, spread = largest;
    if (field.min < field.max && largest > kFarFromZero * deviation) {
      origin = field.whole ? std::floor(mean) : mean;
      spread = std::max(field.max - origin, origin - field.min);
    }
    // A constant is written into rows again: 20260101 must not become 20260100.
    const bool constant = field.min == field.max;
    if (constant && as_written(double{static_cast<float>(field.min)}) != field.min) {
      origin = field.min;
      spread = 0;
    }
    double unit = 1;
    if (spread > 0 && (spread < kSmall || spread > kLarge)) unit = std::exp2(std::ilogb(spread));
    narrowing.origin.push_back(origin);
    narrowing.unit.push_back(unit);
    needed = needed || origin != 0 || unit != 1;
  }
  return needed ? narrowing : Narrowing{};
}

float to_memory(double value, double origin, double unit) {
  const float v = static_cast<float>((value - origin) / unit);
  return std::fabs(v) < std::numeric_limits<float>::min() ? 0.0f : v;  // what the engine computes
}

template <class T>
Tensor as_float(const Tensor& from, const Narrowing& narrowing) {
  if (std::is_same_v<T, float> && narrowing.origin.empty()) return from;
  Tensor to(Dtype::kF32, from.shape());
  const std::span<const T> in = from.values<T>();
  const std::span<float> out = to.values<float>();
  if (narrowing.origin.empty()) {
    std::transform(in.begin(), in.end(), out.begin(),
                   [](T v) { return to_memory(static_cast<double>(v), 0, 1); });
    return to;
  }
  const size_t width = narrowing.origin.size();
  for (size_t i = 0, f = 0; i < in.size(); ++i, f = f + 1 == width ? 0 : f + 1) {
    out[i] = to_memory(static_cast<double>(in[i]), narrowing.origin[f], narrowing.unit[f]);
  }
  return to;
}

template <class T>
Tensor as_bytes_of(const Tensor& from) {
  Tensor to(Dtype::kU8, from.shape());
  std::ranges::transform(from.values<T>(), to.values<uint8_t>().begin(),
                         [](T v) { return static_cast<uint8_t>(v); });
  return to;
}

/// Whether different values of the first rows are equal once the engine has taken `mean` off.
template <class T>
bool merges(std::span<const T> before, std::span<const float> after, size_t field, size_t width,
            float mean) {
  const size_t rows = before.size() / width;
  std::vector<std::pair<double, float>> values;
  for (size_t r = 0; r < std::min<size_t>(rows, kComparedRows); ++r) {
    const size_t at = r * width + field;
    values.emplace_back(static_cast<double>(before[at]), after[at] - mean);
  }
  std::sort(values.begin(), values.end());
  int64_t different = 0, merged = 0;
  for (size_t i = 1; i < values.size(); ++i) {
    if (values[i].first == values[i - 1].first) continue;
    ++different;
    if (values[i].second == values[i - 1].second) ++merged;
  }
  return static_cast<double>(merged) > kToleratedMerged * static_cast<double>(different);
}

/// Whole numbers so large that float64 has rounded what distinguishes them.
bool is_rounded(const FieldRange& field, double n) {
  constexpr double kExact = 0x1p53, kNoticed = 1e-3;
  const double largest = std::max(std::fabs(field.min), std::fabs(field.max));
  return field.whole && largest > kExact &&
         largest * 0x1p-52 >= kNoticed * std::sqrt(field.squares / n);
}

template <class T>
std::vector<int64_t> count_decimals(std::span<const T> values, size_t num_fields) {
  constexpr double kRounding = std::is_same_v<T, float> ? 0x1p-23 : 0x1p-50;
  std::vector<int64_t> decimals(num_fields, 0);
  for (size_t i = 0, f = 0; i < values.size(); ++i, f = f + 1 == num_fields ? 0 : f + 1) {
    if (decimals[f] < 0) continue;
    const double v = static_cast<double>(values[i]);
    decimals[f] = decimals_for(v, kRounding * std::fabs(v), decimals[f]);
  }
  return decimals;
}

template <class T>
NarrowedValues narrow_reals(Tensor values, size_t num_fields, const std::vector<std::string>& names,
                            DataKind kind) {
  const std::span<const T> all = std::as_const(values).values<T>();
  require_finite(all, num_fields, values.shape(), names, kind);
  const std::vector<FieldRange> fields = measure(all, num_fields);
  const bool bytes = std::all_of(fields.begin(), fields.end(), [](const FieldRange& f) {
    return f.whole && f.min >= 0 && f.max <= kMaxByte;
  });
  NarrowedValues result;
  if (bytes) {
    result.values = as_bytes_of<T>(values);
    return result;
  }
  const double n = static_cast<double>(all.size() / num_fields);
  result.narrowing = choose(fields, n);
  result.values = as_float<T>(values, result.narrowing);
  const std::span<const float> in_memory = std::as_const(result.values).values<float>();
  for (size_t f = 0; f < num_fields; ++f) {
    const bool plain = result.narrowing.origin.empty();
    const float mean =
        plain ? static_cast<float>(fields[f].sum / n)
              : to_memory(fields[f].sum / n, result.narrowing.origin[f], result.narrowing.unit[f]);
    if (is_rounded(fields[f], n) || merges(all, in_memory, f, num_fields, mean)) {
      result.merged.push_back(f);
    }
  }
  result.narrowing.decimals = count_decimals(all, num_fields);
  return result;
}

}  // namespace

NarrowedValues narrow(Tensor values, size_t num_fields, const std::vector<std::string>& names,
                      DataKind kind) {
  ISTHMUS_CHECK(values.num_values() > 0 && num_fields > 0, "no values to narrow");
  if (values.dtype() == Dtype::kU8)
    return {.values = std::move(values), .narrowing = {}, .merged = {}};
  if (values.dtype() == Dtype::kF32) {
    return narrow_reals<float>(std::move(values), num_fields, names, kind);
  }
  return narrow_reals<double>(std::move(values), num_fields, names, kind);
}

int64_t decimals_for(double value, double held, int64_t decimals) {
  constexpr int64_t kMostDecimals = 6;
  while (decimals >= 0) {
    const double power = std::pow(10.0, static_cast<double>(decimals));
    const bool meaningful = decimals == 0 || held * power < 0.05;
    if (meaningful && std::fabs(value * power - std::round(value * power)) <= held * power) break;
    decimals = meaningful && decimals < kMostDecimals ? decimals + 1 : -1;
  }
  return decimals;
}

Tensor widened(const Tensor& values, const Narrowing& narrowing) {
  Tensor wide(Dtype::kF64, values.shape());
  const std::span<double> out = wide.values<double>();
  if (values.dtype() == Dtype::kU8) {
    std::ranges::copy(values.values<uint8_t>(), out.begin());
  } else {
    std::ranges::copy(values.values<float>(), out.begin());
  }
  const size_t width = narrowing.origin.size();
  for (size_t i = 0, f = 0; i < out.size() && width > 0; ++i, f = f + 1 == width ? 0 : f + 1) {
    out[i] = narrowing.origin[f] + narrowing.unit[f] * out[i];
  }
  return wide;
}

Scaling memory_scaling(const Scaling& scaling, const Narrowing& narrowing) {
  if (narrowing.origin.empty()) return scaling;
  Scaling in_memory = {.kind = scaling.kind, .shift = {}, .scale = {}};
  const auto at = [](const std::vector<double>& values, size_t i) {
    return values[values.size() == 1 ? 0 : i];
  };
  const size_t width = std::max(scaling.shift.size(), narrowing.origin.size());
  for (size_t i = 0; i < width; ++i) {
    const double origin = at(narrowing.origin, i), unit = at(narrowing.unit, i);
    in_memory.shift.push_back((at(scaling.shift, i) - origin) / unit);
    in_memory.scale.push_back(at(scaling.scale, i) * unit);
  }
  return in_memory;
}

}  // namespace isthmus
