// SPDX-License-Identifier: Apache-2.0
// Concatenation of data sets before their facts are measured, and the column matching that it
// shares with conform.cc.
#include "isthmus/data/join.h"

#include <algorithm>
#include <type_traits>
#include <unordered_map>
#include <utility>

#include "isthmus/base/checked.h"
#include "isthmus/base/text.h"
#include "isthmus/data/arrange.h"

namespace isthmus {
namespace {

template <class T>
Tensor take_columns_of(const Tensor& values, const std::vector<size_t>& order) {
  const auto rows = static_cast<size_t>(values.shape()[0]);
  const auto width = static_cast<size_t>(values.shape()[1]);
  Tensor taken(values.dtype(), {values.shape()[0], static_cast<int64_t>(order.size())});
  auto from = values.values<T>();
  auto to = taken.values<T>();
  for (size_t r = 0; r < rows; ++r) {
    for (size_t c = 0; c < order.size(); ++c) {
      to[r * order.size() + c] = from[r * width + order[c]];
    }
  }
  return taken;
}

Shape item_shape(const ParsedData& data) {
  const Shape& shape = data.values.shape();
  return Shape(shape.begin() + 1, shape.end());
}

std::string describe(const NamedPart& part) {
  return escape_for_terminal(part.name) + " (items of " + item_shape_text(item_shape(part.data)) +
         ")";
}

void require_alike(const NamedPart& first, NamedPart& other) {
  if (first.data.kind != other.data.kind || item_shape(first.data) != item_shape(other.data)) {
    throw Error(ErrorCode::kSizesDisagree,
                describe(first) + " and " + describe(other) + " cannot be one data set",
                "several DATA must have one item shape");
  }
  if (first.data.column_names == other.data.column_names) return;
  const auto order = match_columns(first.data.column_names, other.data.column_names);
  const auto missing = std::find(order.begin(), order.end(), SIZE_MAX);
  if (missing != order.end()) {
    const auto at = static_cast<size_t>(missing - order.begin());
    throw Error(ErrorCode::kSizesDisagree,
                "column \"" + first.data.column_names[at] + "\" of " +
                    escape_for_terminal(first.name) + " is not in " +
                    escape_for_terminal(other.name),
                "several tables must have the same columns");
  }
  other.data.values = take_columns(other.data.values, order);
  other.data.column_names = first.data.column_names;
}

void add_note(std::string& notes, const std::string& note) {
  if (note.empty()) return;
  if (!notes.empty()) notes += "; ";
  notes += note;
}

/// Images of 8 bits among others of 16 are brought to 16, which is said; levels beside reals from 0
/// to 1 are two scales.
void agree_on_scale(std::vector<NamedPart>& parts) {
  if (parts[0].data.kind != DataKind::kImage) return;
  std::vector<PixelLevels> levels;
  for (const NamedPart& part : parts) levels.push_back(levels_of(part.data.values));
  const auto brightest = std::ranges::max_element(levels, {}, &PixelLevels::most);
  for (size_t i = 0; i < parts.size(); ++i) {
    const bool reals = levels[i].least >= 0 && levels[i].most <= 1 && !levels[i].whole;
    if (reals && (brightest->bytes() || brightest->deep())) {
      throw Error(
          ErrorCode::kSizesDisagree,
          escape_for_terminal(parts[i].name) + " holds reals from 0 to 1, " +
              escape_for_terminal(parts[static_cast<size_t>(brightest - levels.begin())].name) +
              " whole numbers up to " + print_value(brightest->most),
          "several DATA must have one scale: multiply or divide one of them");
    }
    const bool byte = levels[i].bytes() && is_byte_beside(levels[i].most, brightest->most);
    if (!brightest->deep() || !byte) continue;
    ParsedData& data = parts[i].data;
    data.values = multiplied_by_257(data.values);
    add_note(data.note, group_digits(data.values.shape()[0]) + " images of 8 bits of " +
                            escape_for_terminal(parts[i].name) +
                            " were multiplied by 257, others have 16 bits");
  }
}

/// The narrowest type that holds the values of all parts.
Dtype joint_dtype(const std::vector<NamedPart>& parts) {
  Dtype joint = Dtype::kU8;
  for (const NamedPart& part : parts) {
    const Dtype dtype = part.data.values.dtype();
    if (dtype == Dtype::kF64 || joint == Dtype::kU8) joint = dtype;
  }
  return joint;
}

template <class From>
void copy_values_of(const Tensor& from, Tensor& to, size_t at) {
  const std::span<const From> values = from.values<From>();
  switch (to.dtype()) {
    case Dtype::kU8:
      if constexpr (std::is_same_v<From, uint8_t>) {
        std::ranges::copy(values, to.values<uint8_t>().begin() + static_cast<ptrdiff_t>(at));
      }
      break;
    case Dtype::kF64:
      std::ranges::copy(values, to.values<double>().begin() + static_cast<ptrdiff_t>(at));
      break;
    default:
      std::ranges::transform(values, to.values<float>().begin() + static_cast<ptrdiff_t>(at),
                             [](From v) { return static_cast<float>(v); });
  }
}

void copy_values(const Tensor& from, Tensor& to, size_t at) {
  switch (from.dtype()) {
    case Dtype::kU8:
      return copy_values_of<uint8_t>(from, to, at);
    case Dtype::kF64:
      return copy_values_of<double>(from, to, at);
    default:
      return copy_values_of<float>(from, to, at);
  }
}

void append_labels(const ParsedData& part, ParsedData& all) {
  std::unordered_map<std::string, int32_t> ids;
  for (const std::string& name : all.class_names) ids.emplace(name, ids.size());
  for (const int32_t label : part.labels) {
    const std::string& name = part.class_names[static_cast<size_t>(label)];
    const auto [found, is_new] = ids.try_emplace(name, static_cast<int32_t>(ids.size()));
    if (is_new) all.class_names.push_back(name);
    all.labels.push_back(found->second);
  }
}

}  // namespace

Tensor take_columns(const Tensor& values, const std::vector<size_t>& order) {
  switch (values.dtype()) {
    case Dtype::kU8:
      return take_columns_of<uint8_t>(values, order);
    case Dtype::kF64:
      return take_columns_of<double>(values, order);
    default:
      return take_columns_of<float>(values, order);
  }
}

std::vector<size_t> match_columns(const std::vector<std::string>& wanted,
                                  const std::vector<std::string>& names) {
  std::unordered_map<std::string_view, size_t> places;
  for (size_t i = 0; i < names.size(); ++i) places.emplace(names[i], i);
  std::vector<size_t> order;
  for (const std::string& name : wanted) {
    const auto found = places.find(name);
    order.push_back(found == places.end() ? SIZE_MAX : found->second);
  }
  return order;
}

ParsedData join_parts(std::vector<NamedPart> parts) {
  ISTHMUS_CHECK(!parts.empty(), "nothing to join");
  if (parts.size() == 1) return std::move(parts[0].data);
  CheckedU64 num_items = 0;
  for (NamedPart& part : parts) {
    require_alike(parts[0], part);
    num_items += static_cast<uint64_t>(part.data.values.shape()[0]);
  }
  agree_on_scale(parts);
  const auto is_labelled = [](const NamedPart& part) { return !part.data.labels.empty(); };
  const bool labelled = std::all_of(parts.begin(), parts.end(), is_labelled);
  ParsedData all;
  all.kind = parts[0].data.kind;
  all.flat_order = parts[0].data.flat_order;
  for (const NamedPart& part : parts) {
    if (part.data.flat_order != all.flat_order) all.flat_order = FlatOrder::kUntold;
  }
  all.column_names = parts[0].data.column_names;
  all.file_columns = parts[0].data.file_columns;
  if (!labelled && std::any_of(parts.begin(), parts.end(), is_labelled)) {
    add_note(all.note, "labels were left out: not all parts have labels");
  }
  Shape shape = parts[0].data.values.shape();
  shape[0] = static_cast<int64_t>(num_items.value());
  all.values = Tensor(joint_dtype(parts), shape);
  size_t at = 0;
  for (NamedPart& part : parts) {
    copy_values(part.data.values, all.values, at);
    at += static_cast<size_t>(part.data.values.num_values());
    if (labelled) append_labels(part.data, all);
    add_note(all.note, part.data.note);
    part.data = {};
  }
  return all;
}

}  // namespace isthmus
