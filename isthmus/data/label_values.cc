// SPDX-License-Identifier: Apache-2.0
// From the labels as texts to dense classes. All readers of labels end here: label files
// (idx_pair.cc) and label columns of tables (formats/csv.cc).
#include "isthmus/data/label_values.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <optional>

#include "isthmus/base/options.h"
#include "isthmus/base/text.h"

namespace isthmus {
namespace {

std::optional<double> as_number(std::string_view text) {
  double value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, status] = std::from_chars(text.data(), end, value);
  constexpr double kExact = 9007199254740992;  // greater ones could be one number and two texts
  const bool exact = status == std::errc() && stop == end && std::fabs(value) < kExact;
  if (!exact) return std::nullopt;
  return value;
}

/// Classes of numbers by size; empty if a text is no number.
std::map<double, std::vector<int32_t>> by_number(
    const std::unordered_map<std::string, int32_t>& ids) {
  std::map<double, std::vector<int32_t>> classes;
  for (const auto& [text, id] : ids) {
    const auto number = as_number(text);
    if (!number) return {};
    classes[*number].push_back(id);
  }
  return classes;
}

std::string number_text(double value) {
  if (value == 0) return "0";  // also -0
  const bool whole = value == std::floor(value);
  return whole ? std::to_string(static_cast<int64_t>(value)) : print_value(value);
}

}  // namespace

void LabelValues::add(std::string_view text, const ErrorWhere& where) {
  const auto [found, is_new] =
      ids_.try_emplace(std::string(text), static_cast<int32_t>(ids_.size()));
  if (is_new && ids_.size() > kMaxClasses) {
    throw Error(
        ErrorCode::kCsvCategories,
        subject_ + " has more than " + group_digits(int64_t{kMaxClasses}) + " different values",
        "labels name classes; a column of measurements or ids belongs to the data, or is left out",
        where);
  }
  items_.push_back(found->second);
}

void LabelValues::add_front(std::string_view text) {
  add(text);
  std::rotate(items_.begin(), items_.end() - 1, items_.end());
}

Labels LabelValues::finish() const {
  Labels labels;
  std::vector<int32_t> class_of(ids_.size());
  const auto next = [&] { return static_cast<int32_t>(labels.class_names.size()); };
  for (const auto& [number, ids] : by_number(ids_)) {
    for (const int32_t id : ids) class_of[static_cast<size_t>(id)] = next();
    labels.class_names.push_back(number_text(number));
  }
  if (labels.class_names.empty()) {
    const std::map<std::string_view, int32_t> sorted(ids_.begin(), ids_.end());
    for (const auto& [text, id] : sorted) {
      class_of[static_cast<size_t>(id)] = next();
      labels.class_names.push_back(escape_for_terminal(text));
    }
  }
  labels.values.reserve(items_.size());
  for (const int32_t id : items_) labels.values.push_back(class_of[static_cast<size_t>(id)]);
  return labels;
}

}  // namespace isthmus
