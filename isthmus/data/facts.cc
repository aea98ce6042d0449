// SPDX-License-Identifier: Apache-2.0
// Two passes over the values in memory: sums, ranges and different values, then squared distances
// from the mean. Bytes are counted in a histogram instead, which is exact. Choosing a scaling from
// the facts is left to scaling.cc.
#include "isthmus/data/facts.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <unordered_set>

#include "isthmus/data/narrow.h"

namespace isthmus {
namespace {

constexpr size_t kMaxDistinct = 1024;
/// Values closer than this share of the range are one value that was rounded in two ways.
constexpr double kSameValue = 1e-6;
/// Rounding of a value to float32, and of the sum with its origin to double, relative.
constexpr double kFloatRounding = 0x1p-23, kDoubleRounding = 0x1p-52;

double least_distance(std::vector<double> distinct) {
  std::sort(distinct.begin(), distinct.end());
  const double same = kSameValue * (distinct.back() - distinct.front());
  double least = std::numeric_limits<double>::infinity();
  for (size_t i = 1; i < distinct.size(); ++i) {
    const double distance = distinct[i] - distinct[i - 1];
    if (distance > same) least = std::min(least, distance);
  }
  return std::isfinite(least) ? least : 0;
}

/// Calls body(start of the item) for the chosen items.
template <class Body>
void for_each_item(int64_t num_items, size_t values_per_item, std::span<const int64_t> rows,
                   Body body) {
  if (rows.empty()) {
    for (int64_t r = 0; r < num_items; ++r) body(static_cast<size_t>(r) * values_per_item);
  } else {
    for (const int64_t r : rows) body(static_cast<size_t>(r) * values_per_item);
  }
}

using Histogram = std::array<int64_t, 256>;

FieldSpec facts_of(const Histogram& counts) {
  double n = 0, sum = 0, squares = 0;
  std::vector<double> levels;
  for (size_t v = 0; v < counts.size(); ++v) {
    if (counts[v] == 0) continue;
    n += static_cast<double>(counts[v]);
    sum += static_cast<double>(counts[v]) * static_cast<double>(v);
    levels.push_back(static_cast<double>(v));
  }
  FieldSpec field{.name = "", .decimals = 0, .integer = true};
  field.mean = sum / n;
  for (const double v : levels) {
    const double distance = v - field.mean;
    squares += static_cast<double>(counts[static_cast<size_t>(v)]) * distance * distance;
  }
  field.min = levels.front();
  field.max = levels.back();
  field.standard_deviation = std::sqrt(squares / n);
  field.step = least_distance(levels);
  field.constant = levels.size() == 1;
  field.binary = levels.size() <= 2;
  return field;
}

std::vector<FieldSpec> facts_of_bytes(const Tensor& tensor, size_t num_fields,
                                      std::span<const int64_t> rows) {
  const std::span<const uint8_t> values = tensor.values<uint8_t>();
  const size_t per_item = values.size() / static_cast<size_t>(tensor.shape()[0]);
  std::vector<Histogram> counts(num_fields, Histogram{});
  for_each_item(tensor.shape()[0], per_item, rows, [&](size_t start) {
    for (size_t i = 0; i < per_item; ++i) ++counts[num_fields == 1 ? 0 : i][values[start + i]];
  });
  std::vector<FieldSpec> fields;
  for (const Histogram& histogram : counts) fields.push_back(facts_of(histogram));
  return fields;
}

/// Facts of one field of float32 values under construction, in units of memory.
class FloatField {
 public:
  FloatField(double origin, double unit) : origin_(origin), unit_(unit) {}

  void add(float in_memory) {
    const double m = static_cast<double>(in_memory);
    if (count_++ == 0) min_ = max_ = m;
    min_ = std::min(min_, m);
    max_ = std::max(max_, m);
    sum_ += m;
    if (in_memory == last_ && count_ > 1) return;
    last_ = in_memory;
    const double v = origin_ + unit_ * m;
    integer_ = integer_ && v == std::floor(v);
    const double held = kFloatRounding * std::fabs(unit_ * m) + kDoubleRounding * std::fabs(v);
    decimals_ = decimals_for(v, held, decimals_);
    if (distinct_.size() <= kMaxDistinct) distinct_.insert(in_memory);
  }
  void finish_sums() {
    // The sum of equal values rounds; their mean must not.
    mean_ = min_ == max_ ? min_ : sum_ / static_cast<double>(count_);
  }
  void add_square(float in_memory) {
    const double distance = static_cast<double>(in_memory) - mean_;
    squares_ += distance * distance;
  }
  FieldSpec facts() const {
    FieldSpec field;
    field.min = origin_ + unit_ * min_;
    field.max = origin_ + unit_ * max_;
    field.mean = origin_ + unit_ * mean_;
    field.standard_deviation = unit_ * std::sqrt(squares_ / static_cast<double>(count_));
    field.constant = min_ == max_;
    field.integer = integer_;
    field.decimals = integer_ ? 0 : decimals_;
    field.binary = integer_ && distinct_.size() <= 2;
    if (distinct_.size() <= kMaxDistinct) {
      field.step = unit_ * least_distance({distinct_.begin(), distinct_.end()});
    }
    return field;
  }

 private:
  double origin_, unit_;
  int64_t count_ = 0;
  double min_ = 0, max_ = 0, sum_ = 0, mean_ = 0, squares_ = 0;
  float last_ = 0;
  bool integer_ = true;
  int64_t decimals_ = 0;
  std::unordered_set<float> distinct_;
};

/// Fields [first, last) of an item; all values of it where there is one field.
std::vector<FieldSpec> facts_of_block(const Tensor& tensor, const Narrowing& narrowing,
                                      size_t num_fields, size_t first, size_t last,
                                      std::span<const int64_t> rows) {
  const std::span<const float> values = tensor.values<float>();
  const size_t per_item = values.size() / static_cast<size_t>(tensor.shape()[0]);
  const bool single = num_fields == 1;
  std::vector<FloatField> fields;
  for (size_t f = first; f < last; ++f) {
    const bool plain = narrowing.origin.empty();
    fields.emplace_back(plain ? 0.0 : narrowing.origin[f], plain ? 1.0 : narrowing.unit[f]);
  }
  const size_t begin = single ? 0 : first, end = single ? per_item : last;
  const auto for_each_value = [&](auto body) {
    for_each_item(tensor.shape()[0], per_item, rows, [&](size_t start) {
      for (size_t i = begin; i < end; ++i) body(fields[single ? 0 : i - first], values[start + i]);
    });
  };
  for_each_value([](FloatField& field, float v) { field.add(v); });
  for (FloatField& field : fields) field.finish_sums();
  for_each_value([](FloatField& field, float v) { field.add_square(v); });
  std::vector<FieldSpec> facts;
  for (const FloatField& field : fields) facts.push_back(field.facts());
  for (size_t f = first; f < last && !narrowing.decimals.empty(); ++f) {
    facts[f - first].decimals = narrowing.decimals[f];
  }
  return facts;
}

/// Some columns at a time: what is remembered of different values stays small.
std::vector<FieldSpec> facts_of_floats(const Tensor& tensor, const Narrowing& narrowing,
                                       size_t num_fields, std::span<const int64_t> rows) {
  constexpr size_t kFieldsAtATime = 32;
  std::vector<FieldSpec> facts;
  for (size_t first = 0; first < num_fields; first += kFieldsAtATime) {
    const size_t last = std::min(num_fields, first + kFieldsAtATime);
    for (FieldSpec& field : facts_of_block(tensor, narrowing, num_fields, first, last, rows)) {
      facts.push_back(std::move(field));
    }
  }
  return facts;
}

}  // namespace

std::vector<FieldSpec> measure_fields(const Tensor& values, const Narrowing& narrowing,
                                      const std::vector<std::string>& names,
                                      std::span<const int64_t> rows) {
  ISTHMUS_CHECK(values.num_values() > 0, "facts of no values");
  const size_t num_fields = std::max<size_t>(1, names.size());
  std::vector<FieldSpec> fields = values.dtype() == Dtype::kU8
                                      ? facts_of_bytes(values, num_fields, rows)
                                      : facts_of_floats(values, narrowing, num_fields, rows);
  for (size_t f = 0; f < names.size(); ++f) fields[f].name = names[f];
  return fields;
}

}  // namespace isthmus
