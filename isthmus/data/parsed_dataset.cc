// SPDX-License-Identifier: Apache-2.0
// What files and arrays in memory have in common: the limit, the kind of the items, how their
// numbers lie in memory, facts about them.
#include "isthmus/data/parsed_dataset.h"

#include <algorithm>
#include <cmath>

#include "isthmus/base/log.h"
#include "isthmus/base/shown_list.h"
#include "isthmus/base/text.h"
#include "isthmus/data/arrange.h"
#include "isthmus/data/array_reader.h"
#include "isthmus/data/facts.h"
#include "isthmus/data/narrow.h"

namespace isthmus {
namespace {

void warn_of_merged_values(const std::vector<size_t>& fields,
                           const std::vector<std::string>& names) {
  if (fields.empty()) return;
  std::vector<std::string> shown;
  for (const size_t field : fields) {
    shown.push_back(names.empty() ? "the values" : "column \"" + names[field] + "\"");
  }
  const std::string text = shown_list(shown);
  log_warning("W3407",
              "float32 cannot tell apart more than 1 % of the different values of " +
                  escape_for_terminal(text),
              "split what is far apart, or leave it out with --exclude");
}

/// What stands where a field has no value at all.
double usual_value(const DataSpec& model, const std::vector<std::string>& names, size_t field) {
  size_t at = 0;
  if (!names.empty()) {
    const auto named = std::ranges::find(model.fields, names[field], &FieldSpec::name);
    at = named != model.fields.end() ? static_cast<size_t>(named - model.fields.begin()) : field;
  }
  if (at >= model.fields.size()) return 0;
  const FieldSpec& f = model.fields[at];
  return f.integer ? std::round(f.mean) : f.mean;
}

/// NaN gives way to the other values of its field in turn, so that facts hardly change.
template <class T>
Tensor take_absent(Tensor& values, const DataSpec& model, const std::vector<std::string>& names) {
  const auto is_absent = [](T v) { return std::isnan(v); };
  if (std::ranges::none_of(values.values<T>(), is_absent)) return {};
  values = values.clone();
  const std::span<T> cells = values.values<T>();
  Tensor absent(Dtype::kU8, values.shape());
  std::ranges::transform(cells, absent.values<uint8_t>().begin(), is_absent);
  const size_t width = std::max<size_t>(1, names.size());
  for (size_t f = 0; f < width; ++f) {
    std::vector<T> present;
    for (size_t i = f; i < cells.size(); i += width) {
      if (!is_absent(cells[i])) present.push_back(cells[i]);
    }
    if (present.empty()) present.push_back(static_cast<T>(usual_value(model, names, f)));
    size_t next = 0;
    for (size_t i = f; i < cells.size(); i += width) {
      if (is_absent(cells[i])) cells[i] = present[next++ % present.size()];
    }
  }
  return absent;
}

Tensor take_absent(ParsedData& all, const DataSpec& model) {
  const std::vector<std::string> names =
      all.kind == DataKind::kTable ? all.column_names : std::vector<std::string>{};
  if (all.values.dtype() == Dtype::kU8) return {};
  return all.values.dtype() == Dtype::kF64 ? take_absent<double>(all.values, model, names)
                                           : take_absent<float>(all.values, model, names);
}

/// Narrows the values and fills in what they tell.
void measure(ParsedData& all, DataSpec& spec) {
  const std::vector<std::string> names =
      all.kind == DataKind::kTable ? all.column_names : std::vector<std::string>{};
  NarrowedValues narrowed =
      narrow(std::move(all.values), std::max<size_t>(1, names.size()), names, all.kind);
  warn_of_merged_values(narrowed.merged, names);
  all.values = std::move(narrowed.values);
  spec.kind = all.kind;
  spec.flat_order = all.flat_order;
  spec.item_shape.assign(all.values.shape().begin() + 1, all.values.shape().end());
  spec.dtype = all.values.dtype();
  spec.narrowing = std::move(narrowed.narrowing);
  spec.fields = measure_fields(all.values, spec.narrowing, names);
}

template <class To, class From, class Convert>
Tensor converted(const Tensor& values, Convert convert) {
  Tensor out(dtype_of<To>(), values.shape());
  const auto* from = reinterpret_cast<const From*>(values.data());
  std::transform(from, from + values.num_values(), out.values<To>().begin(), convert);
  return out;
}

/// One of the three types that readers give: see array_reader.h.
Tensor readable(const Tensor& values, int64_t& rounded) {
  switch (values.dtype()) {
    case Dtype::kI32:
      return converted<double, int32_t>(values, [](int32_t v) { return static_cast<double>(v); });
    case Dtype::kI64:
      return converted<double, int64_t>(values, [&](int64_t v) {
        const auto wide = static_cast<double>(v);
        if (static_cast<long double>(wide) != static_cast<long double>(v)) ++rounded;
        return wide;
      });
    case Dtype::kF16:
      return converted<float, uint16_t>(values, f16_to_float);
    case Dtype::kBF16:
      return converted<float, uint16_t>(values, bf16_to_float);
    default:
      return values;
  }
}

void require_count(size_t given, int64_t wanted, const std::string& of, const std::string& per) {
  if (given == 0 || static_cast<int64_t>(given) == wanted) return;
  throw Error(ErrorCode::kSizesDisagree, group_digits(static_cast<int64_t>(given)) + " " + of +
                                             " for " + group_digits(wanted) + " " + per);
}

void add_labels(ParsedData& parsed, const ArrayFields& fields) {
  require_count(fields.labels.size(), parsed.values.shape()[0], "labels", "items");
  int32_t most = -1;
  for (size_t i = 0; i < fields.labels.size(); ++i) {
    const int32_t label = fields.labels[i];
    const bool named = fields.class_names.empty() || label < std::ssize(fields.class_names);
    if (label < 0 || !named) {
      throw Error(ErrorCode::kValueRange,
                  "label " + std::to_string(label) + " is no index of the " +
                      group_digits(std::ssize(fields.class_names)) + " class names",
                  "labels count from 0", {.row = static_cast<int64_t>(i)});
    }
    most = std::max(most, label);
  }
  parsed.labels = fields.labels;
  parsed.class_names = fields.class_names;
  for (int32_t c = 0; fields.class_names.empty() && c <= most; ++c) {
    parsed.class_names.push_back(std::to_string(c));
  }
}

}  // namespace

Dataset dataset_of(ParsedData parsed, const DataOptions& options) {
  if (options.limit && *options.limit < parsed.values.shape()[0]) {
    parsed.values = parsed.values.rows(0, *options.limit);
    if (!parsed.labels.empty()) parsed.labels.resize(static_cast<size_t>(*options.limit));
  }
  regard_as(parsed, options.as);
  Dataset dataset;
  if (options.holes) dataset.absent = take_absent(parsed, options.model.value_or(DataSpec{}));
  if (parsed.kind == DataKind::kTable) {
    dataset.file_columns =
        parsed.file_columns.empty() ? parsed.column_names : std::move(parsed.file_columns);
  }
  measure(parsed, dataset.spec);
  dataset.labels = std::move(parsed.labels);
  if (!dataset.labels.empty()) dataset.class_names = std::move(parsed.class_names);
  dataset.note = std::move(parsed.note);
  dataset.values = std::move(parsed.values);
  return dataset;
}

Dataset make_dataset(const Tensor& values, const ArrayFields& fields, const DataOptions& options,
                     const Limits& limits) {
  if (values.shape().empty()) {
    throw Error(ErrorCode::kArrayShape, "the array has no axes (a single number)",
                "an array of items needs a first axis that counts them");
  }
  if (values.num_values() == 0) {
    throw Error(ErrorCode::kEmptyData,
                "the array of shape " + shape_text(values.shape()) + " holds no values");
  }
  int64_t rounded = 0;
  const Tensor read = readable(values, rounded);
  ParsedData parsed = array_items(read, rounded, limits);
  if (!fields.columns.empty()) {
    if (parsed.kind != DataKind::kTable) {
      throw Error(ErrorCode::kConflict,
                  "columns have names in tables only, these items are " +
                      item_shape_text(Shape(values.shape().begin() + 1, values.shape().end())),
                  "leave the names out, or give an array of two axes");
    }
    require_count(fields.columns.size(), parsed.values.shape()[1], "names", "columns");
    parsed.column_names = fields.columns;
  }
  add_labels(parsed, fields);
  arrange_items(parsed, options, limits);
  Dataset dataset = dataset_of(std::move(parsed), options);
  dataset.source = fields.source;
  return dataset;
}

}  // namespace isthmus
