// SPDX-License-Identifier: Apache-2.0
// New data for an existing model: the same columns in the same order, the same item shape, the
// same type of numbers. What cannot be made to fit is refused here rather than giving nonsense.
#include <algorithm>

#include "isthmus/base/text.h"
#include "isthmus/data/dataset.h"
#include "isthmus/data/formats.h"
#include "isthmus/data/join.h"

namespace isthmus {
namespace {

constexpr double kMaxByte = 255;

std::vector<std::string> names_of(const DataSpec& spec) {
  std::vector<std::string> names;
  for (const FieldSpec& field : spec.fields) names.push_back(field.name);
  return names;
}

[[noreturn]] void fail(std::string message, std::string hint = {}) {
  throw Error(ErrorCode::kDataMismatch, std::move(message), std::move(hint));
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
             " columns of the model: " + join(missing, ", "),
         "the table has " + join(have, ", "));
  }
  data.values = take_columns(data.values, order);
  data.spec.fields = std::move(fields);
  data.spec.item_shape = wanted.item_shape;
}

void conform_type(Dataset& data, const DataSpec& wanted) {
  if (data.spec.dtype == wanted.dtype) return;
  const FieldSpec& facts = data.spec.fields.front();
  if (wanted.dtype == Dtype::kU8) {
    if (!facts.integer || facts.min < 0 || facts.max > kMaxByte) {
      fail("the model was trained on bytes 0..255, the data are reals from " +
               format_fixed(facts.min, 3) + " to " + format_fixed(facts.max, 3),
           "give the values as they were before scaling");
    }
    Tensor bytes(Dtype::kU8, data.values.shape());
    std::ranges::transform(data.values.values<float>(), bytes.values<uint8_t>().begin(),
                           [](float v) { return static_cast<uint8_t>(v); });
    data.values = bytes;
  } else {
    const FieldSpec& range = wanted.fields.front();
    if (facts.min < range.min || facts.max > range.max) {
      fail("the data are bytes from " + format_fixed(facts.min, 0) + " to " +
               format_fixed(facts.max, 0) + ", the model was trained on reals from " +
               format_fixed(range.min, 3) + " to " + format_fixed(range.max, 3),
           "scale the values as they were for training");
    }
    Tensor reals(Dtype::kF32, data.values.shape());
    std::ranges::copy(data.values.values<uint8_t>(), reals.values<float>().begin());
    data.values = reals;
  }
  data.spec.dtype = wanted.dtype;
}

}  // namespace

Dataset conform(const Dataset& dataset, const DataSpec& wanted) {
  Dataset data = dataset;
  const bool tables = data.spec.kind == DataKind::kTable && wanted.kind == DataKind::kTable;
  if (tables) conform_columns(data, wanted);
  if (data.spec.item_shape != wanted.item_shape) {
    fail("the items are " + describe_item(data.spec) + ", the model was trained on " +
         describe_item(wanted));
  }
  if (!wanted.fields.empty()) conform_type(data, wanted);
  data.spec.kind = wanted.kind;
  data.spec.scaling = wanted.scaling;
  return data;
}

}  // namespace isthmus
