// SPDX-License-Identifier: Apache-2.0
// What is known of a data set: the shape and kind of an item, the stored type, names, ranges and
// how stored values become the numbers that a model sees. It travels inside the model file.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "isthmus/tensor/tensor.h"

namespace isthmus {

enum class DataKind : uint8_t { kImage, kArray, kTable };
std::string_view data_kind_name(DataKind kind);  // "image" "array" "table"

/// Facts of one column (tables), or of all values together (images and arrays: one entry).
struct FieldSpec {
  std::string name;         // column name; "" for images and arrays
  double min = 0, max = 0;  // of the stored values
  double mean = 0;          // of the stored values
  double standard_deviation = 0;
  double step = 0;        // least distance of two values; 0: more than 1,024 different values
  int64_t decimals = -1;  // places after the point that write all values; -1: unknown, many
  bool binary = false;    // at most two values occur, both whole: min and max
  bool constant = false;  // one value only
  bool integer = false;   // only whole numbers occur
};

/// value = (stored - shift) * scale. One entry for all values, or one per column.
struct Scaling {
  std::string kind = "none";  // "none" "unit" "standardize"
  std::vector<double> shift = {0.0};
  std::vector<double> scale = {1.0};
  bool operator==(const Scaling&) const = default;
};

/// How stored values lie in memory as float32: stored = origin + unit * memory. One entry for all
/// values, or one per column; empty: origin 0 and unit 1. It belongs to one opened data set, not to
/// a model.
struct Narrowing {
  std::vector<double> origin;
  std::vector<double> unit;  // powers of two
  /// Places after the point that write the values as the file held them, one per field; empty: to
  /// be told from the values in memory.
  std::vector<int64_t> decimals;
  bool operator==(const Narrowing&) const = default;
};

/// A column of a table with one value only: no part of an item, but written where rows are.
struct ConstantColumn {
  std::string name;
  int64_t index = 0;  // among all columns, constant ones included
  double value = 0;
  bool operator==(const ConstantColumn&) const = default;
};

/// What a model is told beside an item: its class (one-hot), or columns of its row.
struct ConditionSpec {
  std::vector<std::string> classes;  // names, or empty
  std::vector<std::string> columns;  // of a table, or empty
  /// value = (stored - shift) * scale, per column.
  std::vector<double> shift, scale;
  /// Numbers of a condition; 0: there is none.
  int64_t width() const { return static_cast<int64_t>(classes.size() + columns.size()); }
  bool operator==(const ConditionSpec&) const = default;
};

/// How rows of numbers hold images in colour: the training data said it, or had axes.
enum class FlatOrder : uint8_t { kUntold, kChannelsLast, kChannelsFirst };

struct DataSpec {
  DataKind kind = DataKind::kArray;
  Shape item_shape;  // (28, 28), (32, 32, 3), (30)
  FlatOrder flat_order = FlatOrder::kUntold;
  Dtype dtype = Dtype::kF32;  // kU8 where all values are whole numbers from 0 to 255, else kF32
  std::vector<FieldSpec> fields;
  Scaling scaling;
  Narrowing narrowing;
  std::vector<ConstantColumn> constants;  // ascending by index
  ConditionSpec condition;
  /// "static", "dynamic": grey values are drawn to two, once or anew in each epoch; empty: they are
  /// what they are. Data for the model are drawn once, by numbers of this seed. See binarize.h.
  std::string binarize;
  uint32_t binarize_seed = 0;
  std::vector<std::string> classes;  // of the labels that a model was trained on; empty: on none
  /// Standard deviation of rounding, per field or one for all, on the model's scale; empty: that of
  /// the fields. See rounding_errors().
  std::vector<double> rounding;
  /// At most two values occur, both whole, in every field.
  bool binary() const;
  int64_t num_values() const { return value_count(item_shape); }
};

/// "28x28 grey", "64x64 rgb", "30 columns"
std::string describe_item(const DataSpec& spec);

}  // namespace isthmus
