// SPDX-License-Identifier: Apache-2.0
// Tables as CSV text (RFC 4180, LF). Numbers are the shortest text that reads back the same.
//
//   CsvText csv(/*safe=*/true);
//   csv.text("row"); csv.text("score"); csv.end_row();
//   csv.number("0");  csv.number(table_number(12.41f, false)); csv.end_row();
//   write_text(fs, path, csv.take(), Durability::kRename);
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "isthmus/tensor/tensor.h"

namespace isthmus {

/// A number as every text writer prints it: the shortest text that reads back the same, whole
/// numbers without an exponent. Empty for NaN and infinity.
std::string table_number(float value, bool whole);
std::string table_number(double value, bool whole);

class CsvText {
 public:
  /// `safe`: texts that a spreadsheet would run as formulas get a leading apostrophe.
  explicit CsvText(bool safe) : safe_(safe) {}
  void text(std::string_view cell);
  void number(std::string_view number);  // table_number()
  void end_row();
  std::string take() { return std::move(out_); }

 private:
  void begin_cell();
  bool safe_;
  bool first_ = true;
  std::string out_;
};

struct CsvWriteOptions {
  bool safe = false;
  std::vector<bool> integer;  // per column: round to whole numbers; empty: none
};
/// A header of names and a row per item of a float32 or float64 tensor (N, D).
std::string write_csv(const std::vector<std::string>& names, const Tensor& values,
                      const CsvWriteOptions& options);

}  // namespace isthmus
