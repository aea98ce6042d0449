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
  bool binary = false;    // only 0 and 1 occur
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

struct DataSpec {
  DataKind kind = DataKind::kArray;
  Shape item_shape;           // (28, 28), (32, 32, 3), (30)
  Dtype dtype = Dtype::kF32;  // as stored: kU8 or kF32
  std::vector<FieldSpec> fields;
  Scaling scaling;
  /// All stored values are 0 and 1 / whole numbers 0..255 as bytes.
  bool binary() const;
  int64_t num_values() const { return value_count(item_shape); }
};

/// "28x28 grey", "64x64 rgb", "30 columns"
std::string describe_item(const DataSpec& spec);

}  // namespace isthmus
