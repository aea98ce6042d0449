// SPDX-License-Identifier: Apache-2.0
// The pieces of the table reader: choice of columns, growing values.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "isthmus/data/csv_records.h"
#include "isthmus/data/formats.h"

namespace isthmus {

/// Names of a table's columns as they stand in the file, before any choice.
struct CsvNames {
  std::vector<std::string> names;  // those without one: "c3"
  std::vector<bool> unnamed;       // by the header; all false without one
  bool header = false;
  int64_t line = 1;  // of the header
};
/// Gives a name to the columns that have none.
CsvNames name_columns(std::vector<std::string> names);

struct CsvColumns {
  std::vector<std::string> names;  // all columns of the file
  std::vector<bool> unnamed;
  std::vector<bool> extra;   // left out if they are no numbers
  std::vector<size_t> kept;  // indices of the value columns, ascending
  static constexpr size_t kNone = SIZE_MAX;
  size_t label = kNone;  // index of the label column
};
/// Applies a choice. E2003 for a name that is no column, E3103 for chosen columns with doubled or
/// unprintable names, E3402 when no column is left, E3501 when a model's column is missing.
CsvColumns choose_columns(CsvNames table, const ColumnChoice& choice);

/// The column of this number, from 1, or SIZE_MAX.
size_t numbered_column(const std::string& text, size_t count);

/// Rows of numbers that grow without copying; joined once at the end.
class RowBuffer {
 public:
  RowBuffer(size_t width, const Limits& limits) : width_(width), limits_(limits) {}
  /// Space for one more row. E3004 when the limit of data bytes is passed.
  double* add_row();
  int64_t num_rows() const { return num_rows_; }
  /// float64 (num_rows, columns.size()), of the columns with these places in a row; empties the
  /// buffer while copying.
  Tensor take(std::span<const size_t> columns);
  /// Gives up the rows.
  void clear();

 private:
  [[noreturn]] void fail_over_limit() const;
  size_t width_;
  const Limits& limits_;
  int64_t num_rows_ = 0;
  size_t rows_per_block_ = 0;
  std::vector<std::unique_ptr<double[]>> blocks_;
};

}  // namespace isthmus
