// SPDX-License-Identifier: Apache-2.0
// Cells that are no numbers, counted per column over a whole table, so that one error names all of
// them and a command line that leaves them out.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "isthmus/base/error.h"
#include "isthmus/data/csv_number.h"
#include "isthmus/data/csv_table.h"

namespace isthmus {

class CsvFaults {
 public:
  /// `row` counts data rows from 0, `column` is an index into the table's columns.
  void add(size_t column, CellKind kind, std::string_view cell, int64_t line, int64_t row);
  bool any() const { return !columns_.empty(); }
  bool has(size_t column) const { return columns_.contains(column); }
  int64_t count(size_t column, CellKind kind) const;
  void forget(size_t column) { columns_.erase(column); }
  void take_over(CsvFaults& other) { columns_.merge(other.columns_); }
  /// E3107 when the first row alone is at fault; else E3401 when all faults are nan or infinity,
  /// else E3104. `doubt` is said with the hint.
  [[noreturn]] void report(const CsvColumns& columns, const ColumnChoice& choice, int64_t num_rows,
                           const std::string& doubt) const;

 private:
  struct Column {
    CellKind kind = CellKind::kText;  // of the first fault
    std::string example;
    int64_t line = 0, row = 0;  // of the first fault
    std::map<CellKind, int64_t> counts;
    std::set<std::string> texts;  // different ones, at most kMaxTexts + 1
    int64_t total() const;
    bool looks_like_classes(int64_t num_rows) const;
    std::string describe(int64_t num_rows) const;
    std::string reason() const;
  };
  using Entry = std::pair<const size_t, Column>;

  static constexpr size_t kMaxTexts = 50;
  const Entry& first_fault() const;
  bool is_units_row(const CsvColumns& columns, int64_t num_rows) const;
  [[noreturn]] void report_units(const CsvColumns& columns) const;
  std::string message(const CsvColumns& columns, int64_t num_rows) const;
  std::string way_on(const CsvColumns& columns, const ColumnChoice& choice, int64_t num_rows) const;

  std::map<size_t, Column> columns_;
};

}  // namespace isthmus
