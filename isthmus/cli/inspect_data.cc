// SPDX-License-Identifier: Apache-2.0
// inspect on data: shape, type, range, what is constant or doubled, classes, columns, and what
// train would choose.
#include <algorithm>
#include <set>

#include "isthmus/base/as_written.h"
#include "isthmus/base/shown_list.h"
#include "isthmus/base/text.h"
#include "isthmus/cli/inspect.h"
#include "isthmus/data/known_sets.h"
#include "isthmus/data/locate.h"
#include "isthmus/data/repeats.h"
#include "isthmus/train/choices.h"
#include "isthmus/verbs/json_results.h"

namespace isthmus {
namespace {

constexpr size_t kShownColumns = 40;

double value_at(const Tensor& values, size_t index) {
  return values.dtype() == Dtype::kU8 ? values.values<uint8_t>()[index]
                                      : static_cast<double>(values.values<float>()[index]);
}

int64_t distinct_values(const Dataset& data, size_t column) {
  const size_t width = data.spec.fields.size();
  std::vector<double> values;
  for (size_t i = column; i < static_cast<size_t>(data.values.num_values()); i += width) {
    values.push_back(value_at(data.values, i));
  }
  std::sort(values.begin(), values.end());
  return std::unique(values.begin(), values.end()) - values.begin();
}

const char* type_of(const FieldSpec& field) {
  return field.binary && !field.constant ? "binary" : field.integer ? "integer" : "real";
}

Json columns_json(const Dataset& data) {
  Json columns = Json::array();
  if (data.spec.kind != DataKind::kTable) return columns;
  for (size_t i = 0; i < data.spec.fields.size(); ++i) {
    const FieldSpec& field = data.spec.fields[i];
    columns.push_back(Json::object()
                          .set("name", escape_for_terminal(field.name))
                          .set("type", type_of(field))
                          .set("missing", 0)
                          .set("min", as_written(field.min))
                          .set("max", as_written(field.max))
                          .set("mean", field.mean)
                          .set("distinct", distinct_values(data, i)));
  }
  return columns;
}

Json range_json(const Dataset& data) {
  double low = data.spec.fields.front().min, high = data.spec.fields.front().max, sum = 0;
  for (const FieldSpec& field : data.spec.fields) {
    low = std::min(low, field.min);
    high = std::max(high, field.max);
    sum += field.mean;
  }
  return Json::object()
      .set("min", as_written(low))
      .set("max", as_written(high))
      .set("mean", sum / static_cast<double>(data.spec.fields.size()));
}

Json constant_columns_json(const Dataset& data) {
  Json names = Json::array();
  for (const FieldSpec& field : data.spec.fields) {
    if (field.constant) names.push_back(escape_for_terminal(field.name));
  }
  return names;
}

Json classes_json(const Dataset& data) {
  const int64_t count = num_classes(data);
  Json classes = Json::array();
  std::vector<int64_t> sizes(static_cast<size_t>(std::max<int64_t>(count, 0)));
  for (int32_t label : data.labels) ++sizes[static_cast<size_t>(label)];
  for (size_t i = 0; i < sizes.size(); ++i) {
    classes.push_back(Json::object().set("label", data.class_names[i]).set("n", sizes[i]));
  }
  return classes;
}

Json head_json(const Dataset& data, int64_t rows) {
  Json head = Json::array();
  const int64_t count = std::min(rows, data.num_items());
  const auto width = static_cast<size_t>(data.spec.num_values());
  for (int64_t i = 0; i < count; ++i) {
    Json row = Json::array();
    for (size_t k = 0; k < width; ++k) {
      row.push_back(as_written(value_at(data.values, static_cast<size_t>(i) * width + k)));
    }
    head.push_back(std::move(row));
  }
  return head;
}

Json splits_json(const Dataset& data) {
  Json splits = Json::object();
  if (const KnownSet* set = find_known_set(data.source)) {
    for (const KnownSplit& split : set->splits) splits.set(split.name, split.num_items);
  } else {
    splits.set(data.split.empty() ? "all" : data.split, data.num_items());
  }
  return splits;
}

std::string list_text(const Json& names) {
  std::vector<std::string> words;
  for (const Json& name : names.as_array()) words.push_back(name.as_string());
  return shown_list(words);
}

void print_columns(const Json& columns, Inspected& item) {
  std::string label = "columns";
  size_t shown = 0;
  for (const Json& c : columns.as_array()) {
    if (shown++ == kShownColumns) {
      item.line("", group_digits(static_cast<int64_t>(columns.as_array().size() - kShownColumns)) +
                        " more");
      break;
    }
    item.line(label, pad_right(c.at("name").as_string(), 20) + " " +
                         pad_right(c.at("type").as_string(), 8) + " " +
                         print_value(c.at("min").as_double()) + " .. " +
                         print_value(c.at("max").as_double()) + ", mean " +
                         format_fixed(c.at("mean").as_double(), 3) + ", " +
                         group_digits(c.at("distinct").as_int()) + " distinct");
    label.clear();
  }
}

void print_data(const Dataset& data, Inspected& item) {
  const Json& json = item.json;
  const std::string split = data.split.empty() ? "" : " " + data.split;
  item.line("data", escape_for_terminal(data.source) + ": " + group_digits(data.num_items()) +
                        split + ", " + describe_item(data.spec) + ", " +
                        std::string(dtype_name(data.spec.dtype)) + ", " +
                        format_bytes(data.values.num_bytes()) + " in memory");
  const Json& range = json.at("range");
  item.line("range", print_value(range.at("min").as_double()) + " .. " +
                         print_value(range.at("max").as_double()) + ", mean " +
                         format_fixed(range.at("mean").as_double(), 4));
  item.line("doubles", format_fixed(100 * json.at("duplicate_share").as_double(), 1) +
                           " % of the items occur before");
  if (!json.at("constant_columns").as_array().empty()) {
    item.line("constant", list_text(json.at("constant_columns")));
  }
  if (!json.at("classes").as_array().empty()) {
    item.line("classes", group_digits(static_cast<int64_t>(json.at("classes").as_array().size())));
  }
  if (!data.note.empty()) item.line("note", data.note);
  print_columns(json.at("columns"), item);
  if (!data.bad_files.empty()) {
    item.line("skipped",
              group_digits(static_cast<int64_t>(data.bad_files.size())) + " unreadable images");
  }
  for (const Json& row : json.at("head").as_array()) {
    item.line("row", row.dump().substr(0, 68));
  }
}

/// What `isthmus train` would choose.
void suggest(const Dataset& data, Inspected& item) {
  Json suggested = Json::array();
  std::string label = "suggest";
  if (data.num_items() < 2) {
    item.json.set("suggested", std::move(suggested));
    return;
  }
  const ResolvedOptions resolved = resolve_options({}, data.spec, data.num_items(), {});
  for (const Choice& choice : notable_choices(resolved.choices)) {
    suggested.push_back(Json::object()
                            .set("key", choice.key)
                            .set("value", choice.value)
                            .set("reason", choice.reason));
    item.line(label, choice.key + " " + choice.value + " (" + choice.reason + ")");
    label.clear();
  }
  item.json.set("suggested", std::move(suggested));
}

}  // namespace

void inspect_data(CommandIo& io, const std::string& path, const InspectOptions& options,
                  Inspected& item) {
  item.json.set("kind", "data");
  const Dataset data = open_dataset(io.fs(), path, options.data, io.limits(), "train");
  item.json.set("format", data_kind_name(data.spec.kind))
      .set("data", data_json(data, path))
      .set("splits", splits_json(data))
      .set("range", range_json(data))
      .set("missing_cells", 0)
      .set("constant_columns", constant_columns_json(data))
      .set("duplicate_share", repeated_share(data))
      .set("classes", classes_json(data))
      .set("columns", columns_json(data))
      .set("memory_bytes", data.values.num_bytes())
      .set("head", head_json(data, options.rows));
  print_data(data, item);
  suggest(data, item);
}

}  // namespace isthmus
