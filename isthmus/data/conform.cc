// SPDX-License-Identifier: Apache-2.0
// New data for an existing model: the same columns in the same order, the same item shape, numbers
// of the same scale. What cannot be made to fit is refused here rather than giving nonsense.
#include <algorithm>

#include "isthmus/base/options.h"
#include "isthmus/base/shown_list.h"
#include "isthmus/base/text.h"
#include "isthmus/data/binarize.h"
#include "isthmus/data/condition.h"
#include "isthmus/data/dataset.h"
#include "isthmus/data/facts.h"
#include "isthmus/data/formats.h"
#include "isthmus/data/join.h"
#include "isthmus/data/narrow.h"

namespace isthmus {
namespace {

std::vector<std::string> names_of(const DataSpec& spec) {
  std::vector<std::string> names;
  for (const FieldSpec& field : spec.fields) names.push_back(field.name);
  return names;
}

[[noreturn]] void fail(std::string message, std::string hint = {}) {
  throw Error(ErrorCode::kDataMismatch, std::move(message), std::move(hint));
}

Narrowing take_entries(const Narrowing& narrowing, const std::vector<size_t>& order) {
  Narrowing taken;
  for (const size_t column : order) {
    if (!narrowing.origin.empty()) {
      taken.origin.push_back(narrowing.origin[column]);
      taken.unit.push_back(narrowing.unit[column]);
    }
    if (!narrowing.decimals.empty()) taken.decimals.push_back(narrowing.decimals[column]);
  }
  return taken;
}

void conform_columns(Dataset& data, const DataSpec& wanted) {
  const std::vector<std::string> have = names_of(data.spec);
  const std::vector<std::string> need = names_of(wanted);
  if (have == need) return;
  // A table without a header is taken in the model's order.
  if (have.size() == need.size() && have == numbered_names(static_cast<int64_t>(have.size()))) {
    for (size_t i = 0; i < need.size(); ++i) data.spec.fields[i].name = need[i];
    return;
  }
  const std::vector<size_t> order = match_columns(need, have);
  std::vector<std::string> missing;
  std::vector<FieldSpec> fields;
  for (size_t i = 0; i < order.size(); ++i) {
    if (order[i] == SIZE_MAX) {
      missing.push_back(need[i]);
    } else {
      fields.push_back(data.spec.fields[order[i]]);
    }
  }
  if (!missing.empty()) {
    fail("the table lacks " + group_digits(static_cast<int64_t>(missing.size())) + " of the " +
             group_digits(static_cast<int64_t>(need.size())) +
             " columns of the model: " + shown_list(missing),
         "the table has " + shown_list(have));
  }
  data.values = take_columns(data.values, order);
  if (data.absent.num_values() > 0) data.absent = take_columns(data.absent, order);
  data.spec.narrowing = take_entries(data.spec.narrowing, order);
  data.spec.fields = std::move(fields);
  data.spec.item_shape = wanted.item_shape;
}

/// Whether the values of an item stand in the same order, whatever the axes: equal numbers of them
/// are not enough where axes were exchanged, or colours flattened nobody knows how.
bool holds_same_items(const DataSpec& given, const DataSpec& wanted) {
  Shape have = given.item_shape, need = wanted.item_shape;
  std::erase(have, 1);
  std::erase(need, 1);
  if (have == need) return true;
  if (value_count(have) != value_count(need) || std::min(have.size(), need.size()) > 1)
    return false;
  return std::max(have.size(), need.size()) == 2 || wanted.flat_order == FlatOrder::kChannelsLast;
}

/// Rows of numbers as images and the other way round: other fields, the same values.
void conform_kind(Dataset& data, const DataSpec& wanted) {
  Shape shape = wanted.item_shape;
  shape.insert(shape.begin(), data.num_items());
  const bool table = wanted.kind == DataKind::kTable;
  const std::vector<std::string> names = table ? names_of(wanted) : std::vector<std::string>{};
  Tensor values = data.values.reshaped(shape);
  if (data.absent.num_values() > 0) data.absent = data.absent.reshaped(shape);
  if (!data.spec.narrowing.origin.empty()) values = widened(values, data.spec.narrowing);
  NarrowedValues narrowed =
      narrow(std::move(values), std::max<size_t>(1, names.size()), names, wanted.kind);
  data.values = std::move(narrowed.values);
  data.spec.narrowing = std::move(narrowed.narrowing);
  data.spec.dtype = data.values.dtype();
  data.spec.item_shape = wanted.item_shape;
  data.spec.fields = measure_fields(data.values, data.spec.narrowing, names);
}

std::string range_text(const FieldSpec& field) {
  return (field.integer ? "whole numbers from " : "reals from ") + print_value(field.min) + " to " +
         print_value(field.max);
}

/// Pixels come as 0 .. 255 and as 0 .. 1; a model of the one gives nonsense on the other.
void require_same_scale(const Dataset& data, const DataSpec& wanted) {
  if (wanted.kind == DataKind::kTable || wanted.fields.size() != 1) return;
  const FieldSpec &trained = wanted.fields.front(), &given = data.spec.fields.front();
  const auto unit_reals = [](const FieldSpec& f) { return f.min >= 0 && f.max <= 1 && !f.integer; };
  const bool masks = trained.binary && given.binary && !trained.constant && !given.constant;
  if (masks && (trained.min != given.min || trained.max != given.max)) {
    fail("the model was trained on the values " + print_value(trained.min) + " and " +
             print_value(trained.max) + ", the data hold " + print_value(given.min) + " and " +
             print_value(given.max),
         "give the values as they were for training");
  }
  const auto levels = [](const FieldSpec& f) { return f.integer && f.min >= 0 && f.max > 1; };
  const bool below = levels(trained) && given.integer && given.min < 0;
  const bool other =
      (levels(trained) && unit_reals(given)) || (unit_reals(trained) && levels(given));
  if (!below && !other) return;
  fail("the model was trained on " + range_text(trained) + ", the data are " + range_text(given),
       "give the values as they were for training, before any scaling");
}

/// Opened for a model, images have its size unless --resize says another.
std::string hint_of_size(const DataSpec& given, const DataSpec& wanted) {
  if (given.kind != DataKind::kImage || wanted.kind != DataKind::kImage) return {};
  const Shape &have = given.item_shape, &need = wanted.item_shape;
  const bool same_channels = have.size() == need.size() && (have.size() == 2 || have[2] == need[2]);
  if (!same_channels) return {};
  return "--resize " + item_shape_text({need[0], need[1]}) +
         ", or no --resize: images take the model's size by themselves";
}

}  // namespace

Dataset conform(const Dataset& dataset, const DataSpec& wanted) {
  Dataset data = dataset;
  // Before the columns of the condition are taken out of the rows.
  if (wanted.condition.width() > 0 && data.spec.condition != wanted.condition) {
    data.context = condition_of(data, wanted.condition);
    data.spec.condition = wanted.condition;
  }
  const bool tables = data.spec.kind == DataKind::kTable && wanted.kind == DataKind::kTable;
  if (tables) conform_columns(data, wanted);
  if (data.spec.kind != wanted.kind && holds_same_items(data.spec, wanted)) {
    conform_kind(data, wanted);
  }
  if (data.spec.item_shape != wanted.item_shape) {
    fail("the items are " + describe_item(data.spec) + ", the model was trained on " +
             describe_item(wanted),
         hint_of_size(data.spec, wanted));
  }
  require_same_scale(data, wanted);
  if (!wanted.binarize.empty()) {
    const BlackAndWhite ends{.black = wanted.fields.front().min,
                             .white = wanted.fields.front().max};
    if (!is_black_and_white(data.spec, ends)) data = binarized(data, ends, wanted.binarize_seed);
    data.spec.binarize = wanted.binarize;
    data.spec.binarize_seed = wanted.binarize_seed;
  }
  data.spec.kind = wanted.kind;
  data.spec.flat_order = wanted.flat_order;
  data.spec.scaling = wanted.scaling;
  return data;
}

}  // namespace isthmus
