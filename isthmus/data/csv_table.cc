// SPDX-License-Identifier: Apache-2.0
// Columns and storage of the table reader (formats/csv.cc drives them). No parsing of
// records or numbers here.
#include "isthmus/data/csv_table.h"

#include <algorithm>
#include <cstring>
#include <unordered_set>

#include "isthmus/base/shown_list.h"
#include "isthmus/base/text.h"
#include "isthmus/data/csv_number.h"

namespace isthmus {
namespace {

constexpr size_t kShownNames = 40;
constexpr size_t kBlockValues = size_t{1} << 19;

size_t find_column(const std::vector<std::string>& names, const std::string& wanted,
                   std::string_view key) {
  const auto exact = std::find(names.begin(), names.end(), wanted);
  if (exact != names.end()) return static_cast<size_t>(exact - names.begin());
  const auto numbered = std::find(names.begin(), names.end(), std::string("c").append(wanted));
  if (numbered != names.end()) return static_cast<size_t>(numbered - names.begin());
  const std::string near = nearest_word(wanted, names);
  const std::string hint = near.empty() ? "the columns are " + shown_list(names, kShownNames)
                                        : "did you mean " + near + "?";
  throw Error(ErrorCode::kBadValue, "there is no column \"" + wanted + "\"", hint,
              {.key = std::string(key)});
}

}  // namespace

bool is_header(const CsvRecords& record) {
  double ignored = 0;
  for (size_t i = 0; i < record.num_cells(); ++i) {
    if (parse_cell(record.cell(i), ignored) == CellKind::kNotANumber) return true;
  }
  return false;
}

std::vector<std::string> header_names(const CsvRecords& record) {
  std::vector<std::string> names;
  std::unordered_set<std::string_view> seen;
  for (size_t i = 0; i < record.num_cells(); ++i) {
    const std::string_view name = record.cell(i);
    const ErrorWhere where{.line = record.line_of(i), .column = static_cast<int64_t>(i) + 1};
    if (name.find_first_not_of(" \t") == std::string_view::npos) {
      throw Error(ErrorCode::kCsvHeader, "column " + std::to_string(i + 1) + " has no name",
                  "give it one; a table from pandas: to_csv(file, index=False)", where);
    }
    if (escape_for_terminal(name) != name) {
      throw Error(ErrorCode::kCsvHeader,
                  "the name of column " + std::to_string(i + 1) + " (" + escape_for_terminal(name) +
                      ") has control bytes or is not UTF-8",
                  "save the table as UTF-8", where);
    }
    if (!seen.insert(name).second) {
      throw Error(ErrorCode::kCsvHeader, "two columns are named \"" + std::string(name) + "\"", {},
                  where);
    }
    names.emplace_back(name);
  }
  return names;
}

CsvColumns choose_columns(std::vector<std::string> names, const ColumnChoice& choice) {
  std::vector<bool> keep(names.size(), choice.columns.empty());
  for (const std::string& name : choice.columns) {
    keep[find_column(names, name, "data.columns")] = true;
  }
  for (const std::string& name : choice.exclude) {
    keep[find_column(names, name, "data.exclude")] = false;
  }
  CsvColumns columns;
  if (!choice.label_column.empty()) {
    columns.label = find_column(names, choice.label_column, "data.labels");
    keep[columns.label] = false;
  }
  for (size_t i = 0; i < names.size(); ++i) {
    if (keep[i]) columns.kept.push_back(i);
  }
  if (columns.kept.empty()) {
    throw Error(ErrorCode::kEmptyData, "no column is left of " + std::to_string(names.size()),
                "exclude fewer columns");
  }
  columns.names = std::move(names);
  return columns;
}

double* RowBuffer::add_row() {
  if (rows_per_block_ == 0) rows_per_block_ = std::max<size_t>(1, kBlockValues / width_);
  const size_t slot = static_cast<size_t>(num_rows_) % rows_per_block_;
  if (slot == 0) {
    const CheckedU64 rows = CheckedU64(static_cast<uint64_t>(num_rows_)) + rows_per_block_;
    // A block is taken only as a whole; what counts against the limit are the rows before it.
    limits_.require_data_bytes((rows - rows_per_block_ + 1) * width_ * sizeof(double));
    blocks_.push_back(std::make_unique_for_overwrite<double[]>(rows_per_block_ * width_));
  }
  ++num_rows_;
  return blocks_.back().get() + slot * width_;
}

Tensor RowBuffer::take() {
  Tensor all(Dtype::kF64, {num_rows_, static_cast<int64_t>(width_)});
  auto out = all.values<double>();
  const size_t block_values = rows_per_block_ * width_;
  for (size_t b = 0; b < blocks_.size(); ++b) {
    const size_t start = b * block_values;
    const size_t count = std::min(block_values, out.size() - start);
    std::memcpy(out.data() + start, blocks_[b].get(), count * sizeof(double));
    blocks_[b].reset();
  }
  blocks_.clear();
  num_rows_ = 0;
  return all;
}

}  // namespace isthmus
