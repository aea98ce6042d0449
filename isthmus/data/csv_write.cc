// SPDX-License-Identifier: Apache-2.0
// The CSV writer. What it writes, formats/csv.cc reads back unchanged (unless made safe).
#include "isthmus/data/csv_write.h"

#include <charconv>
#include <cmath>

#include "isthmus/base/options.h"

namespace isthmus {
namespace {

bool needs_quotes(std::string_view cell) {
  if (cell.empty()) return false;
  return cell.find_first_of(",;\t\"\r\n") != cell.npos || cell.front() == ' ' || cell.back() == ' ';
}

bool is_formula(std::string_view cell) {
  return !cell.empty() && std::string_view("=+-@\t\r").find(cell.front()) != std::string_view::npos;
}

}  // namespace

std::string table_number(double value, bool whole) {
  constexpr double kMaxWhole = 9e18;  // below 2^63
  if (!std::isfinite(value)) return "";
  if (whole && std::fabs(value) < kMaxWhole) return std::to_string(std::llround(value));
  return print_value(value);
}

std::string table_number(float value, bool whole) {
  return whole || !std::isfinite(value) ? table_number(double{value}, whole) : print_value(value);
}

void CsvText::begin_cell() {
  if (!first_) out_ += ',';
  first_ = false;
}

void CsvText::text(std::string_view cell) {
  begin_cell();
  const bool defuse = safe_ && is_formula(cell);
  if (!needs_quotes(cell)) {
    if (defuse) out_ += '\'';
    out_ += cell;
    return;
  }
  out_ += '"';
  if (defuse) out_ += '\'';
  for (const char c : cell) {
    if (c == '"') out_ += '"';
    out_ += c;
  }
  out_ += '"';
}

void CsvText::number(std::string_view number) {
  begin_cell();
  out_ += number;
}

void CsvText::end_row() {
  out_ += '\n';
  first_ = true;
}

namespace {

template <class T>
void write_rows(CsvText& csv, std::span<const T> cells, size_t width,
                const std::vector<bool>& whole) {
  for (size_t i = 0; i < cells.size(); ++i) {
    csv.number(table_number(cells[i], !whole.empty() && whole[i % width]));
    if (i % width + 1 == width) csv.end_row();
  }
}

}  // namespace

std::string write_csv(const std::vector<std::string>& names, const Tensor& values,
                      const CsvWriteOptions& options) {
  const size_t width = names.size();
  ISTHMUS_CHECK(values.shape().size() == 2 && values.shape()[1] == static_cast<int64_t>(width),
                "a name per column");
  ISTHMUS_CHECK(options.integer.empty() || options.integer.size() == width,
                "an integer flag per column");
  CsvText csv(options.safe);
  for (const std::string& name : names) csv.text(name);
  csv.end_row();
  if (values.dtype() == Dtype::kF64) {
    write_rows(csv, values.values<double>(), width, options.integer);
  } else {
    write_rows(csv, values.values<float>(), width, options.integer);
  }
  return csv.take();
}

}  // namespace isthmus
