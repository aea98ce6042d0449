// SPDX-License-Identifier: Apache-2.0
// Columns and storage of the table reader (formats/csv.cc drives them). No parsing of records or
// numbers here.
#include "isthmus/data/csv_table.h"

#include <algorithm>
#include <charconv>
#include <unordered_map>
#include <unordered_set>

#include "isthmus/base/options.h"
#include "isthmus/base/shown_list.h"
#include "isthmus/base/text.h"
#include "isthmus/base/utf8.h"

namespace isthmus {
namespace {

constexpr size_t kBlockValues = size_t{1} << 19;

/// All columns of that name, else the one of that number.
std::vector<size_t> find_columns(const std::vector<std::string>& names, const std::string& wanted,
                                 std::string_view key) {
  std::vector<size_t> found;
  for (size_t i = 0; i < names.size(); ++i) {
    if (names[i] == wanted) found.push_back(i);
  }
  if (!found.empty()) return found;
  const size_t numbered = numbered_column(wanted, names.size());
  if (numbered != SIZE_MAX) return {numbered};
  const std::string near = nearest_word(wanted, names);
  throw Error(ErrorCode::kBadValue, "there is no column \"" + wanted + "\"",
              near.empty() ? "the columns are " + shown_list(names) : "did you mean " + near + "?",
              {.key = std::string(key)});
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const CodePoint c = decode_utf8(text);
    if (c.bytes <= 0) return false;
    text.remove_prefix(static_cast<size_t>(c.bytes));
  }
  return true;
}

void require_usable_names(const CsvColumns& columns, const CsvNames& table) {
  std::vector<size_t> used = columns.kept;
  if (columns.label != CsvColumns::kNone) used.push_back(columns.label);
  std::unordered_map<std::string_view, size_t> seen;
  for (const size_t i : used) {
    const std::string& name = table.names[i];
    const std::string number = std::to_string(i + 1);
    const ErrorWhere where{.line = table.line, .column = static_cast<int64_t>(i) + 1};
    if (escape_for_terminal(name) != name) {
      const bool foreign = !is_utf8(name);
      throw Error(ErrorCode::kCsvHeader,
                  "the name of column " + number + " (" + escape_for_terminal(name) + ") " +
                      (foreign ? "is not UTF-8" : "has control bytes"),
                  (foreign ? "save the table as UTF-8, such as from Latin-1: iconv -f latin1 -t "
                             "utf-8 FILE > new.csv; or "
                           : "rename it, or ") +
                      ("leave the column out: --exclude " + number),
                  where);
    }
    const auto [first, is_new] = seen.emplace(name, i);
    if (!is_new && first->second != i) {
      throw Error(ErrorCode::kCsvHeader,
                  "two columns are named \"" + name + "\" (" + std::to_string(first->second + 1) +
                      " and " + number + ")",
                  "rename one of them, or leave one out by its number: --exclude " + number, where);
    }
  }
}

[[noreturn]] void fail_missing(const std::vector<std::string>& missing, const CsvNames& table,
                               size_t needed) {
  throw Error(ErrorCode::kDataMismatch,
              "the table lacks " + group_digits(static_cast<int64_t>(missing.size())) + " of the " +
                  group_digits(static_cast<int64_t>(needed)) +
                  " columns of the model: " + shown_list(missing),
              table.header ? "the table has " + shown_list(table.names)
                           : "the table has " + std::to_string(table.names.size()) +
                                 " columns without names; with a header they are found by name");
}

/// Marks what the model needs. A table without a header is taken in the model's order.
std::vector<bool> model_columns(const CsvNames& table, const std::vector<std::string>& wanted,
                                const std::vector<bool>& allowed) {
  std::unordered_map<std::string_view, size_t> places;
  for (size_t i = 0; i < table.names.size(); ++i) places.emplace(table.names[i], i);
  std::vector<bool> keep(table.names.size(), false);
  std::vector<std::string> missing;
  for (const std::string& name : wanted) {
    const auto place = places.find(name);
    if (place == places.end()) {
      missing.push_back(name);
    } else {
      keep[place->second] = true;
      if (!allowed[place->second]) {
        throw Error(
            ErrorCode::kDataMismatch,
            "the model needs column \"" + name + "\", which --columns or --exclude leaves out",
            "leave these options away: a model finds its own columns");
      }
    }
  }
  if (missing.empty()) return keep;
  if (table.header || wanted.size() != table.names.size()) {
    fail_missing(missing, table, wanted.size());
  }
  keep.assign(table.names.size(), true);
  return keep;
}

}  // namespace

size_t numbered_column(const std::string& text, size_t count) {
  size_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, status] = std::from_chars(text.data(), end, number);
  const bool fits = status == std::errc() && stop == end && number >= 1 && number <= count;
  return fits ? number - 1 : SIZE_MAX;
}

CsvNames name_columns(std::vector<std::string> names) {
  CsvNames table;
  std::unordered_set<std::string> taken(names.begin(), names.end());
  for (size_t i = 0; i < names.size(); ++i) {
    table.unnamed.push_back(names[i].empty());
    if (!names[i].empty()) continue;
    names[i] = std::string("c").append(std::to_string(i + 1));
    while (!taken.insert(names[i]).second) names[i] += '_';
  }
  table.names = std::move(names);
  return table;
}

CsvColumns choose_columns(CsvNames table, const ColumnChoice& choice) {
  std::vector<bool> keep(table.names.size(), choice.columns.empty());
  for (const std::string& name : choice.columns) {
    for (const size_t i : find_columns(table.names, name, "data.columns")) keep[i] = true;
  }
  for (const std::string& name : choice.exclude) {
    for (const size_t i : find_columns(table.names, name, "data.exclude")) keep[i] = false;
  }
  CsvColumns columns;
  if (!choice.label_column.empty()) {
    columns.label = find_columns(table.names, choice.label_column, "data.labels").front();
  }
  if (!choice.model_columns.empty()) {
    keep = model_columns(table, choice.model_columns, keep);
  } else if (columns.label != CsvColumns::kNone) {
    keep[columns.label] = false;
  }
  columns.extra.resize(table.names.size());
  for (size_t i = 0; i < table.names.size(); ++i) {
    columns.extra[i] = !keep[i] && std::ranges::count(choice.model_extras, table.names[i]) == 1;
    if (keep[i] || columns.extra[i]) columns.kept.push_back(i);
  }
  if (columns.kept.empty()) {
    throw Error(ErrorCode::kEmptyData, "no column is left of " + std::to_string(table.names.size()),
                "exclude fewer columns");
  }
  require_usable_names(columns, table);
  columns.names = std::move(table.names);
  columns.unnamed = std::move(table.unnamed);
  return columns;
}

double* RowBuffer::add_row() {
  if (rows_per_block_ == 0) rows_per_block_ = std::max<size_t>(1, kBlockValues / width_);
  const CheckedU64 bytes =
      (CheckedU64(static_cast<uint64_t>(num_rows_)) + 1) * width_ * sizeof(double);
  if (bytes.value() > std::min(limits_.memory_bytes, limits_.data_bytes.bytes)) fail_over_limit();
  const size_t slot = static_cast<size_t>(num_rows_) % rows_per_block_;
  if (slot == 0) {
    blocks_.push_back(std::make_unique_for_overwrite<double[]>(rows_per_block_ * width_));
  }
  ++num_rows_;
  return blocks_.back().get() + slot * width_;
}

/// How much more there is, is not known: the bytes of this row would be met again in the next.
void RowBuffer::fail_over_limit() const {
  if (limits_.memory_bytes < limits_.data_bytes.bytes) {
    throw Error(ErrorCode::kOutOfMemory,
                "the first " + group_digits(num_rows_) +
                    " rows of the table fill the memory limit, " +
                    format_bytes(limits_.memory_bytes),
                "use fewer items (--limit), or raise --memory", {.key = "machine.memory"});
  }
  const std::string limit = print_value(limits_.data_bytes);
  const std::string twice =
      print_value(ByteSize{2 * std::max(limits_.data_bytes.bytes, uint64_t{1})});
  throw Error(ErrorCode::kOverLimit,
              group_digits(num_rows_) + " rows of the table fill limits.data_bytes, " + limit,
              "take its first rows with --limit N, or, if the file is trusted: --set "
              "limits.data_bytes=" +
                  twice,
              {.key = "limits.data_bytes"});
}

Tensor RowBuffer::take(std::span<const size_t> columns) {
  Tensor all(Dtype::kF64, {num_rows_, static_cast<int64_t>(columns.size())});
  auto out = all.values<double>();
  auto rows_left = static_cast<size_t>(num_rows_);
  size_t at = 0;
  for (auto& block : blocks_) {
    const size_t rows = std::min(rows_per_block_, rows_left);
    for (size_t r = 0; r < rows; ++r) {
      for (const size_t column : columns) {
        out[at++] = block[r * width_ + column];
      }
    }
    rows_left -= rows;
    block.reset();
  }
  clear();
  return all;
}

void RowBuffer::clear() {
  blocks_.clear();
  num_rows_ = 0;
}

}  // namespace isthmus
