// SPDX-License-Identifier: Apache-2.0
// The pieces of the table reader: header, choice of columns, growing values.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "isthmus/data/csv_records.h"
#include "isthmus/data/formats.h"

namespace isthmus {

struct CsvColumns {
  std::vector<std::string> names;  // all columns of the file
  std::vector<size_t> kept;        // indices of the value columns, ascending
  static constexpr size_t kNone = SIZE_MAX;
  size_t label = kNone;  // index of the label column
};

/// True if the record has a cell that is not a number.
bool is_header(const CsvRecords& record);
/// Names from the current record. E3103 for empty, doubled or unprintable names.
std::vector<std::string> header_names(const CsvRecords& record);
/// Applies a choice. E2003 for a name that is no column, E3402 when no column is left.
CsvColumns choose_columns(std::vector<std::string> names, const ColumnChoice& choice);

/// Rows of numbers that grow without copying; joined once at the end.
class RowBuffer {
 public:
  RowBuffer(size_t width, const Limits& limits) : width_(width), limits_(limits) {}
  /// Space for one more row. E3004 when the limit of data bytes is passed.
  double* add_row();
  int64_t num_rows() const { return num_rows_; }
  /// float64 (num_rows, width); empties the buffer while copying.
  Tensor take();

 private:
  size_t width_;
  const Limits& limits_;
  int64_t num_rows_ = 0;
  size_t rows_per_block_ = 0;
  std::vector<std::unique_ptr<double[]>> blocks_;
};

}  // namespace isthmus
