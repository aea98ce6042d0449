// SPDX-License-Identifier: Apache-2.0
// The words of the error about cells that are no numbers. What is at fault is counted while the
// table is read (formats/csv.cc).
#include "isthmus/data/csv_faults.h"

#include <algorithm>
#include <vector>

#include "isthmus/base/options.h"
#include "isthmus/base/text.h"

namespace isthmus {
namespace {

constexpr size_t kShownColumns = 15;
constexpr size_t kShownBytes = 40;
constexpr size_t kMaxCommand = 2000;

std::string shortened(std::string_view cell) {
  const std::string shown = escape_for_terminal(cell.substr(0, kShownBytes));
  return cell.size() > kShownBytes ? shown + "..." : shown;
}

/// "--exclude 'a b,c'"
std::string option_text(const std::string& flag, const std::vector<std::string>& names) {
  return flag + " " + quote_for_shell(print_value(names));
}

}  // namespace

int64_t CsvFaults::Column::total() const {
  int64_t sum = 0;
  for (const auto& [what, times] : counts) sum += times;
  return sum;
}

std::string CsvFaults::Column::reason() const {
  switch (kind) {
    case CellKind::kEmpty:
      return "empty cells";
    case CellKind::kMissing:
      return "missing values";
    case CellKind::kNotFinite:
      return "values that are not finite";
    case CellKind::kTooLarge:
      return "numbers beyond float64's range (1.8e308)";
    default:
      return std::string(reason_of_text(example).what);
  }
}

/// A few different texts and nothing else.
bool CsvFaults::Column::looks_like_classes(int64_t num_rows) const {
  const std::string_view what = reason_of_text(example).what;
  const bool words = what == TextReason{}.what || what == "true and false";
  const auto found = counts.find(CellKind::kText);
  return words && kind == CellKind::kText && texts.size() > 1 && found != counts.end() &&
         found->second == num_rows && texts.size() <= kMaxTexts &&
         static_cast<int64_t>(texts.size()) * 3 <= num_rows;
}

std::string CsvFaults::Column::describe(int64_t num_rows) const {
  std::string text =
      reason() + " in " + group_digits(total()) + " of " + group_digits(num_rows) + " rows, first ";
  if (kind != CellKind::kEmpty) text += "\"" + example + "\" ";
  text += "in line " + std::to_string(line);
  if (kind == CellKind::kText && texts.size() > 1 && texts.size() <= kMaxTexts) {
    text += " (" + std::to_string(texts.size()) + " different)";
  }
  return text;
}

void CsvFaults::add(size_t column, CellKind kind, std::string_view cell, int64_t line,
                    int64_t row) {
  const auto [place, is_new] = columns_.try_emplace(column);
  Column& fault = place->second;
  if (is_new) {
    fault.kind = kind;
    fault.example = shortened(cell);
    fault.line = line;
    fault.row = row;
  }
  ++fault.counts[kind];
  if (kind == CellKind::kText && fault.texts.size() <= kMaxTexts) {
    fault.texts.insert(shortened(cell));
  }
}

int64_t CsvFaults::count(size_t column, CellKind kind) const {
  const auto place = columns_.find(column);
  if (place == columns_.end()) return 0;
  const auto found = place->second.counts.find(kind);
  return found == place->second.counts.end() ? 0 : found->second;
}

const CsvFaults::Entry& CsvFaults::first_fault() const {
  return *std::ranges::min_element(
      columns_, [](const Entry& a, const Entry& b) { return a.second.row < b.second.row; });
}

/// Units or a second header: no column has a number in the first row, and those that are columns
/// of numbers are at fault there alone.
bool CsvFaults::is_units_row(const CsvColumns& columns, int64_t num_rows) const {
  bool text = false;
  for (const size_t index : columns.kept) {
    const auto place = columns_.find(index);
    if (place == columns_.end() || place->second.row != 0) return false;
    const Column& fault = place->second;
    const bool once = fault.total() == 1;
    if (!once && fault.total() != num_rows) return false;
    text = text || (once && fault.kind == CellKind::kText);
  }
  return text && num_rows > 2;
}

void CsvFaults::report_units(const CsvColumns& columns) const {
  std::vector<std::string> cells;
  for (const size_t index : columns.kept) {
    if (cells.size() == kShownColumns) break;
    cells.push_back(columns_.at(index).example);
  }
  const int64_t line = first_fault().second.line;
  throw Error(
      ErrorCode::kCsvUnits,
      "the row under the header holds no numbers (" + join(cells, ", ") +
          "): units, or a second header",
      "delete line " + std::to_string(line) + ": sed " + std::to_string(line) + "d FILE > new.csv",
      {.line = line, .row = 0});
}

std::string CsvFaults::message(const CsvColumns& columns, int64_t num_rows) const {
  if (columns_.size() == 1) {
    const auto& [index, fault] = *columns_.begin();
    return "column \"" + columns.names[index] + "\" has " + fault.describe(num_rows);
  }
  std::string text = group_digits(static_cast<int64_t>(columns_.size())) + " of " +
                     group_digits(static_cast<int64_t>(columns.kept.size())) +
                     " columns have cells that are not numbers:";
  size_t shown = 0;
  for (const auto& [index, fault] : columns_) {
    if (shown++ == kShownColumns) {
      const auto more = static_cast<int64_t>(columns_.size() - kShownColumns);
      return text + "\n    and " + group_digits(more) + " more";
    }
    text += "\n    " + pad_right(columns.names[index], 12) + "  " + fault.describe(num_rows);
  }
  return text;
}

/// The command line that reads the rest of the table.
std::string CsvFaults::way_on(const CsvColumns& columns, const ColumnChoice& choice,
                              int64_t num_rows) const {
  if (!choice.model_columns.empty()) return "the model needs these columns: mend the cells";
  std::vector<std::string> faulty = choice.exclude, others = choice.exclude, good;
  std::string classes;
  bool words = false;  // rather than true and false
  for (const auto& [index, fault] : columns_) {
    faulty.push_back(columns.names[index]);
    const bool text = reason_of_text(fault.example).what == TextReason{}.what;
    if (!fault.looks_like_classes(num_rows) || (words && !text)) continue;
    classes = columns.names[index];
    words = text;
  }
  for (const auto& [index, fault] : columns_) {
    if (columns.names[index] != classes) others.push_back(columns.names[index]);
  }
  for (const size_t index : columns.kept) {
    if (!has(index)) good.push_back(columns.names[index]);
  }
  if (good.empty()) return "no column is left without them: mend the cells, or drop their rows";
  std::string command = option_text("--exclude", faulty);
  const bool chosen = !choice.columns.empty();
  if (chosen || command.size() > kMaxCommand) command = option_text("--columns", good);
  if (command.size() > kMaxCommand) {
    return "mend the cells, or give the good columns with --columns";
  }
  std::string text = "leave out what is listed: " + command;
  if (!chosen && !classes.empty() && columns.label == CsvColumns::kNone) {
    text += "; or keep classes as labels: " + option_text("--labels", {classes});
    if (!others.empty()) text += " " + option_text("--exclude", others);
  }
  const bool mixed = std::ranges::any_of(
      columns_, [&](const Entry& entry) { return entry.second.total() < num_rows; });
  if (mixed) text += "; or fill the cells or drop their rows";
  return text;
}

void CsvFaults::report(const CsvColumns& columns, const ColumnChoice& choice, int64_t num_rows,
                       const std::string& doubt) const {
  if (is_units_row(columns, num_rows)) report_units(columns);
  const auto& [index, first] = first_fault();
  const bool others = std::ranges::any_of(columns_, [](const Entry& entry) {
    return std::ranges::any_of(entry.second.counts, [](const auto& count) {
      return count.first != CellKind::kNotFinite && count.first != CellKind::kTooLarge;
    });
  });
  std::string hint = way_on(columns, choice, num_rows);
  const std::string_view remedy = reason_of_text(first.example).remedy;
  if (columns_.size() == 1 && first.kind == CellKind::kText && !remedy.empty()) {
    hint = std::string(remedy) + "; or " + hint;
  }
  // Where only the first row is at fault, it most likely names the columns.
  const bool first_row = std::ranges::all_of(columns_, [](const Entry& entry) {
    return entry.second.total() == 1 && entry.second.row == 0;
  });
  if (!doubt.empty()) hint = first_row ? doubt + "; or " + hint : hint + "; " + doubt;
  throw Error(others ? ErrorCode::kCsvNotANumber : ErrorCode::kNotFinite,
              message(columns, num_rows), std::move(hint),
              {.line = first.line,
               .column = static_cast<int64_t>(index) + 1,
               .row = first.row,
               .field = columns.names[index]});
}

}  // namespace isthmus
