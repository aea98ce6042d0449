// SPDX-License-Identifier: Apache-2.0
// Two passes over the stored values: sums and ranges, then squared distances from the mean. Bytes
// are counted in a histogram instead, which is exact. Choosing a scaling from the facts is left to
// scaling.cc.
#include "isthmus/data/facts.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "isthmus/base/text.h"

namespace isthmus {
namespace {

struct Sums {
  double sum = 0, squares = 0;
};

FieldSpec facts_of_bytes(std::span<const uint8_t> values) {
  std::array<int64_t, 256> counts = {};
  for (const uint8_t v : values) ++counts[v];
  const auto n = static_cast<double>(values.size());
  double sum = 0, squares = 0;
  for (size_t v = 0; v < counts.size(); ++v) {
    sum += static_cast<double>(counts[v]) * static_cast<double>(v);
  }
  FieldSpec field{.name = "", .integer = true};
  field.mean = sum / n;
  size_t low = 0, high = counts.size() - 1;
  while (counts[low] == 0) ++low;
  while (counts[high] == 0) --high;
  for (size_t v = low; v <= high; ++v) {
    const double distance = static_cast<double>(v) - field.mean;
    squares += static_cast<double>(counts[v]) * distance * distance;
  }
  field.min = static_cast<double>(low);
  field.max = static_cast<double>(high);
  field.standard_deviation = std::sqrt(squares / n);
  field.constant = low == high;
  field.binary = high <= 1;
  return field;
}

[[noreturn]] void fail_not_finite(std::span<const float> values, size_t first,
                                  const ParsedData& data, const std::vector<FieldSpec>& fields) {
  const size_t num_fields = fields.size();
  const bool table = data.kind == DataKind::kTable;
  int64_t bad = 0;
  for (size_t i = first % num_fields; i < values.size(); i += num_fields) {
    if (!std::isfinite(values[i])) ++bad;
  }
  const auto per_item =
      static_cast<size_t>(data.values.num_values() / std::max<int64_t>(1, data.values.shape()[0]));
  const size_t row = first / per_item;
  const std::string& name = fields[first % num_fields].name;
  std::string message = std::isnan(values[first]) ? "NaN" : "infinity";
  message += " in item " + std::to_string(row) + " (" + group_digits(bad) + " values ";
  message += table ? "of column \"" + name + "\" " : std::string("of all ");
  message += "are not finite)";
  throw Error(ErrorCode::kNotFinite, message, {},
              {.row = static_cast<int64_t>(row), .field = table ? name : ""});
}

std::vector<FieldSpec> facts_of_floats(const ParsedData& data, std::vector<FieldSpec> fields) {
  const std::span<const float> values = data.values.values<float>();
  const size_t num_fields = fields.size();
  const double n = static_cast<double>(values.size() / num_fields);
  std::vector<Sums> sums(num_fields);
  for (size_t f = 0; f < num_fields; ++f) {
    fields[f].min = fields[f].max = static_cast<double>(values[f]);
    fields[f].binary = fields[f].integer = true;
  }
  for (size_t i = 0, f = 0; i < values.size(); ++i, f = f + 1 == num_fields ? 0 : f + 1) {
    const double v = static_cast<double>(values[i]);
    if (!std::isfinite(v)) fail_not_finite(values, i, data, fields);
    FieldSpec& field = fields[f];
    sums[f].sum += v;
    field.min = std::min(field.min, v);
    field.max = std::max(field.max, v);
    field.binary = field.binary && (v == 0.0 || v == 1.0);
    field.integer = field.integer && v == std::floor(v);
  }
  for (size_t f = 0; f < num_fields; ++f) {
    fields[f].constant = fields[f].min == fields[f].max;
    // The sum of equal values rounds; their mean must not.
    fields[f].mean = fields[f].constant ? fields[f].min : sums[f].sum / n;
  }
  for (size_t i = 0, f = 0; i < values.size(); ++i, f = f + 1 == num_fields ? 0 : f + 1) {
    const double distance = static_cast<double>(values[i]) - fields[f].mean;
    sums[f].squares += distance * distance;
  }
  for (size_t f = 0; f < num_fields; ++f) {
    fields[f].standard_deviation = std::sqrt(sums[f].squares / n);
  }
  return fields;
}

}  // namespace

std::vector<FieldSpec> measure_fields(const ParsedData& data) {
  ISTHMUS_CHECK(data.values.num_values() > 0, "facts of no values");
  if (data.values.dtype() == Dtype::kU8) return {facts_of_bytes(data.values.values<uint8_t>())};
  std::vector<FieldSpec> fields;
  for (const std::string& name : data.column_names) fields.push_back({.name = name});
  if (data.kind != DataKind::kTable) fields = {FieldSpec{}};
  return facts_of_floats(data, std::move(fields));
}

}  // namespace isthmus
