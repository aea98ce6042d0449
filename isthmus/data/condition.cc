// SPDX-License-Identifier: Apache-2.0
// Conditions as rows of numbers. Columns are looked up by name among all columns of a table, before
// a model's own are taken out of it.
#include "isthmus/data/condition.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "isthmus/base/shown_list.h"
#include "isthmus/base/text.h"
#include "isthmus/data/csv_table.h"
#include "isthmus/data/facts.h"
#include "isthmus/data/labels.h"
#include "isthmus/data/narrow.h"

namespace isthmus {
namespace {

constexpr std::string_view kLabel = "label";

size_t find_field(const Dataset& data, const std::string& name) {
  for (size_t i = 0; i < data.spec.fields.size(); ++i) {
    if (data.spec.fields[i].name == name) return i;
  }
  return SIZE_MAX;
}

std::vector<std::string> column_names(const Dataset& data) {
  std::vector<std::string> names;
  for (const FieldSpec& field : data.spec.fields) names.push_back(field.name);
  return names;
}

/// A value of data.values as the file held it.
double stored_value(const Dataset& data, int64_t row, size_t field) {
  const auto at = static_cast<size_t>(row) * static_cast<size_t>(data.spec.num_values()) + field;
  const double memory = data.values.dtype() == Dtype::kU8
                            ? static_cast<double>(data.values.values<uint8_t>()[at])
                            : static_cast<double>(data.values.values<float>()[at]);
  const Narrowing& n = data.spec.narrowing;
  if (n.origin.empty()) return memory;
  const size_t entry = n.origin.size() == 1 ? 0 : field;
  return n.origin[entry] + n.unit[entry] * memory;
}

ConditionSpec of_labels(const Dataset& data, std::span<const int64_t> rows) {
  if (data.labels.empty()) {
    throw Error(ErrorCode::kConflict, "data.condition = label, but the data have no labels",
                "name them: --labels FILE, or a column of the table", {.key = "data.condition"});
  }
  ConditionSpec spec;
  spec.classes = classes_of(data, rows);
  return spec;
}

/// The name of a column that was named, or numbered as in its file.
std::string column_meant(const Dataset& data, const std::string& word) {
  if (find_field(data, word) != SIZE_MAX) return word;
  const size_t numbered = numbered_column(word, data.file_columns.size());
  return numbered == SIZE_MAX ? word : data.file_columns[numbered];
}

ConditionSpec of_columns(const Dataset& data, const std::string& text,
                         std::span<const int64_t> rows) {
  ConditionSpec spec;
  for (const std::string& word : split(text, ',')) {
    const std::string name = column_meant(data, word);
    if (std::ranges::count(spec.columns, name) > 0) {
      throw Error(ErrorCode::kBadValue,
                  "data.condition = \"" + escape_for_terminal(text) + "\" names column \"" +
                      escape_for_terminal(name) + "\" twice",
                  "name each column once", {.key = "data.condition"});
    }
    const size_t field = data.spec.kind == DataKind::kTable ? find_field(data, name) : SIZE_MAX;
    if (field == SIZE_MAX) {
      const std::string near = nearest_word(name, column_names(data));
      throw Error(ErrorCode::kBadValue,
                  "data.condition = \"" + escape_for_terminal(text) + "\": there is no column \"" +
                      escape_for_terminal(name) + "\"",
                  near.empty() ? "label, or columns of a table by name or number"
                               : "did you mean \"" + near + "\"?",
                  {.key = "data.condition"});
    }
    double mean = 0, squares = 0;
    for (const int64_t row : rows) mean += stored_value(data, row, field);
    mean /= static_cast<double>(rows.size());
    for (const int64_t row : rows) {
      const double d = stored_value(data, row, field) - mean;
      squares += d * d;
    }
    const double deviation = std::sqrt(squares / static_cast<double>(rows.size()));
    if (!(deviation > 0)) {
      throw Error(
          ErrorCode::kValueRange,
          "column \"" + escape_for_terminal(name) + "\" holds one value only: " + print_value(mean),
          "it says nothing about an item: leave it out of --condition", {.key = "data.condition"});
    }
    spec.columns.push_back(name);
    spec.shift.push_back(mean);
    spec.scale.push_back(1 / deviation);
  }
  return spec;
}

Tensor class_condition(const Dataset& data, const ConditionSpec& spec) {
  if (data.labels.empty()) {
    throw Error(ErrorCode::kDataMismatch,
                "the model was trained with the class of an item as its condition, and the data "
                "have no labels",
                "name them: --labels FILE, or a column of the table");
  }
  const std::vector<int32_t> labels = labels_among(data, spec.classes);
  std::map<std::string, int64_t> unseen;
  for (size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] < 0) ++unseen[data.class_names[static_cast<size_t>(data.labels[i])]];
  }
  const Tensor context = one_hot(labels, spec.width());
  if (unseen.empty()) return context;
  std::vector<std::string> names;
  for (const auto& [name, count] : unseen) {
    names.push_back("\"" + name + "\" (" + group_digits(count) + " items)");
  }
  throw Error(ErrorCode::kDataMismatch,
              "classes that training did not have: " + escape_for_terminal(shown_list(names)),
              "the model knows " + escape_for_terminal(shown_list(spec.classes)));
}

/// What a model is told has to be there.
void require_present(const Dataset& data, const std::vector<size_t>& fields) {
  if (data.absent.num_values() == 0) return;
  const size_t width = data.spec.fields.size();
  for (int64_t row = 0; row < data.num_items(); ++row) {
    for (const size_t field : fields) {
      if (data.absent.values<uint8_t>()[static_cast<size_t>(row) * width + field] == 0) continue;
      const std::string name = data.spec.fields[field].name;
      throw Error(ErrorCode::kNotFinite,
                  "column \"" + escape_for_terminal(name) +
                      "\" is the condition of the model and has no value here",
                  "mend the cell, or leave the row out", {.row = row, .field = name});
    }
  }
}

Tensor columns(const Dataset& data, const ConditionSpec& spec) {
  if (data.spec.kind != DataKind::kTable) {
    throw Error(ErrorCode::kDataMismatch,
                "the model was trained with columns of a table as its condition (" +
                    escape_for_terminal(shown_list(spec.columns)) + "), the data are " +
                    describe_item(data.spec),
                "give a table that has them");
  }
  std::vector<size_t> fields;
  std::vector<std::string> missing;
  for (const std::string& name : spec.columns) {
    fields.push_back(find_field(data, name));
    if (fields.back() == SIZE_MAX) missing.push_back(name);
  }
  if (!missing.empty()) {
    throw Error(ErrorCode::kDataMismatch,
                "the table lacks columns that are the condition of the model: " +
                    escape_for_terminal(shown_list(missing)),
                "the table has " + escape_for_terminal(shown_list(column_names(data))));
  }
  require_present(data, fields);
  Tensor context(Dtype::kF32, {data.num_items(), spec.width()});
  float* out = context.values<float>().data();
  for (int64_t i = 0; i < data.num_items(); ++i) {
    for (size_t c = 0; c < fields.size(); ++c) {
      *out++ =
          static_cast<float>((stored_value(data, i, fields[c]) - spec.shift[c]) * spec.scale[c]);
    }
  }
  return context;
}

[[noreturn]] void refuse_given(const std::string& text, const std::string& allowed) {
  throw Error(ErrorCode::kBadValue,
              "\"" + escape_for_terminal(text) + "\" is no condition of this model", allowed);
}

size_t class_place(const ConditionSpec& spec, const std::string& text) {
  for (size_t i = 0; i < spec.classes.size(); ++i) {
    if (spec.classes[i] == text) return i;
  }
  // Names that are numbers leave none for places: class 0 of "2", "3" would be another's.
  const bool named = std::ranges::any_of(spec.classes, [](const std::string& name) {
    return !name.empty() && name.find_first_not_of("0123456789") == std::string::npos;
  });
  size_t place = 0;
  const bool digits = !named && !text.empty() && text.size() < 10 &&
                      text.find_first_not_of("0123456789") == std::string::npos;
  if (digits) place = std::stoul(text);
  if (!digits || place >= spec.classes.size()) {
    refuse_given(text, "the classes are " + escape_for_terminal(shown_list(spec.classes)) +
                           (named ? "" : ", or their numbers from 0"));
  }
  return place;
}

}  // namespace

ConditionSpec make_condition(const Dataset& data, const std::string& text,
                             std::span<const int64_t> rows) {
  if (text == "none") return {};
  return text == kLabel ? of_labels(data, rows) : of_columns(data, text, rows);
}

Tensor condition_of(const Dataset& data, const ConditionSpec& spec) {
  return spec.columns.empty() ? class_condition(data, spec) : columns(data, spec);
}

std::vector<float> condition_row(const ConditionSpec& spec, const std::vector<std::string>& given) {
  std::vector<float> row(static_cast<size_t>(spec.width()));
  if (!spec.classes.empty()) {
    if (given.size() != 1) refuse_given(join(given, ","), "one class: --class NAME");
    row[class_place(spec, given.front())] = 1;
    return row;
  }
  std::vector<bool> said(spec.columns.size());
  for (const std::string& text : given) {
    const size_t equal = text.find('=');
    const auto at = std::find(spec.columns.begin(), spec.columns.end(), text.substr(0, equal));
    if (equal == std::string::npos || at == spec.columns.end()) {
      refuse_given(text, "say NAME=VALUE for " + escape_for_terminal(shown_list(spec.columns)));
    }
    const auto c = static_cast<size_t>(at - spec.columns.begin());
    if (said[c]) {
      throw Error(ErrorCode::kBadValue,
                  "\"" + escape_for_terminal(spec.columns[c]) + "\" is given twice",
                  "give each column one value");
    }
    double value = 0;
    parse_value(text.substr(0, equal), text.substr(equal + 1), any_value(), value);
    row[c] = static_cast<float>((value - spec.shift[c]) * spec.scale[c]);
    if (!std::isfinite(row[c])) {
      throw Error(ErrorCode::kBadValue,
                  escape_for_terminal(text) + " is out of range: in training the column had mean " +
                      print_value(static_cast<float>(spec.shift[c])) + " and deviation " +
                      print_value(static_cast<float>(1 / spec.scale[c])),
                  "give a value near those of training");
    }
    said[c] = true;
  }
  std::vector<std::string> missing;
  for (size_t c = 0; c < said.size(); ++c) {
    if (!said[c]) missing.push_back(spec.columns[c] + "=VALUE");
  }
  if (!missing.empty()) {
    throw Error(ErrorCode::kBadValue,
                "the condition of this model has more columns than were given",
                "add " + escape_for_terminal(shown_list(missing)));
  }
  return row;
}

Tensor usual_conditions(const ConditionSpec& spec, int64_t count) {
  Tensor rows(Dtype::kF32, {count, spec.width()});
  const auto classes = static_cast<int64_t>(spec.classes.size());
  for (int64_t i = 0; classes > 0 && i < count; ++i) {
    rows.values<float>()[static_cast<size_t>(i * classes + i % classes)] = 1;
  }
  return rows;
}

}  // namespace isthmus
