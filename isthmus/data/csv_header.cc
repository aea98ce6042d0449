// SPDX-License-Identifier: Apache-2.0
// The decision about a table's first record, column by column: what stands above numbers? It sees
// the first rows only, as many as the reader holds back (formats/csv.cc).
#include "isthmus/data/csv_header.h"

#include <algorithm>
#include <charconv>

#include "isthmus/base/text.h"
#include "isthmus/data/csv_number.h"

namespace isthmus {
namespace {

constexpr size_t kEnoughRows = 3;    // to tell their kind
constexpr size_t kLongSequence = 8;  // nobody measures 0, 1, ..., 7
constexpr double kFarInWidths = 2;

struct ColumnView {
  CellKind first = CellKind::kEmpty;
  bool like_a_name = false;  // a text, and no damaged number
  bool plain = false;        // digits only
  double value = 0;
  size_t numbers = 0, texts = 0;  // below
  double low = 0, high = 0;       // of the numbers
  bool with_decimals = true;      // all of them
  bool repeats_first = false;
  bool counts_rows = true;  // 0, 1, ... or 1, 2, ...
};

CellKind kind_of(std::string_view cell, double& value) {
  const CellKind kind = parse_cell(cell, value);
  if (kind != CellKind::kText || comma_use(cell) == CommaUse::kNone) return kind;
  value = 0;
  parse_decimal_comma(cell, value);
  return CellKind::kNumber;
}

bool is_plain(std::string_view cell) {
  cell = trim_blanks(cell);
  return !cell.empty() && std::ranges::all_of(cell, [](char c) { return c >= '0' && c <= '9'; });
}

bool is_like_a_name(std::string_view cell) {
  cell = trim_blanks(cell);
  return reason_of_text(cell).what == TextReason{}.what &&
         std::string_view("+-.,#%$0123456789").find(cell[0]) == std::string_view::npos;
}

void look_below(ColumnView& view, std::string_view first, std::string_view cell, size_t row) {
  double value = 0;
  const CellKind kind = kind_of(cell, value);
  view.repeats_first = view.repeats_first || cell == first;
  if (kind == CellKind::kText) ++view.texts;
  if (kind != CellKind::kNumber) {
    view.counts_rows = false;
    return;
  }
  view.low = view.numbers == 0 ? value : std::min(view.low, value);
  view.high = view.numbers == 0 ? value : std::max(view.high, value);
  ++view.numbers;
  view.with_decimals = view.with_decimals && cell.find_first_of(".,eE") != cell.npos;
  // Counts are written as digits: 0.0 is a measurement.
  const double from_zero = static_cast<double>(row);
  view.counts_rows =
      view.counts_rows && is_plain(cell) && (row == 0 ? value <= 1 : value == view.low + from_zero);
}

std::vector<ColumnView> look_at(const CsvRecord& first, std::span<const CsvRecord> later) {
  std::vector<ColumnView> views(first.num_cells());
  for (size_t i = 0; i < views.size(); ++i) {
    ColumnView& view = views[i];
    view.first = kind_of(first.cell(i), view.value);
    view.plain = is_plain(first.cell(i));
    view.like_a_name = view.first == CellKind::kText && is_like_a_name(first.cell(i));
    for (size_t r = 0; r < later.size(); ++r) {
      if (i < later[r].num_cells()) look_below(view, first.cell(i), later[r].cell(i), r);
    }
  }
  return views;
}

bool is_far(const ColumnView& view) {
  const double width = view.high - view.low;
  const double gap = std::max(view.low - view.value, view.value - view.high);
  return width > 0 && gap > kFarInWidths * width;
}

struct NumberedNames {
  bool sequence = false;  // whole numbers in an even step
  bool names = false;     // and the rows below are of another kind
};

NumberedNames look_for_numbered_names(const std::vector<ColumnView>& views, size_t num_rows) {
  std::vector<const ColumnView*> cells;
  for (const ColumnView& view : views) {
    if (view.first == CellKind::kNumber && view.numbers > 0) cells.push_back(&view);
  }
  if (cells.size() < 2) return {};
  const double step = cells[1]->value - cells[0]->value;
  NumberedNames found;
  found.sequence = step > 0 && (step == 1 || cells.size() > 2);
  for (size_t i = 0; i < cells.size() && found.sequence; ++i) {
    found.sequence = cells[i]->plain && (i == 0 || cells[i]->value - cells[i - 1]->value == step);
  }
  const auto all = [&](auto property) { return std::ranges::all_of(cells, property); };
  const bool other_kind = all([](const ColumnView* c) { return c->with_decimals; }) ||
                          all([](const ColumnView* c) { return is_far(*c); });
  found.names = found.sequence && ((num_rows >= kEnoughRows && other_kind) ||
                                   (cells.size() >= kLongSequence && step == 1));
  return found;
}

HeaderDecision doubtful(bool header, const CsvRecord& first) {
  constexpr size_t kShown = 4;
  std::vector<std::string> cells;
  for (size_t i = 0; i < std::min(kShown, first.num_cells()); ++i) {
    cells.push_back(escape_for_terminal(first.cell(i).substr(0, 20)));
  }
  if (first.num_cells() > kShown) cells.emplace_back("...");
  const std::string row = "the first row (" + join(cells, ", ") + ") is taken as ";
  return header ? HeaderDecision{true, row + "names of columns", "--header no if it is data"}
                : HeaderDecision{false, row + "data", "--header yes if it names the columns"};
}

}  // namespace

HeaderDecision tell_header(const CsvRecord& first, std::span<const CsvRecord> later) {
  size_t names = 0, odd = 0, numbers = 0, texts = 0, repeated = 0;
  bool plain = true;
  const std::vector<ColumnView> views = look_at(first, later);
  for (const ColumnView& view : views) {
    const bool text = view.first == CellKind::kText;
    const bool index = view.first == CellKind::kEmpty && &view == &views[0] && !later.empty();
    if (text && view.numbers > 0) ++(view.like_a_name ? names : odd);
    if (text && view.numbers == 0) ++(view.repeats_first ? repeated : texts);
    if (index && view.counts_rows) ++names;
    if (view.first == CellKind::kNumber && view.numbers > 0) {
      ++numbers;
      plain = plain && view.plain;
    }
  }
  if (later.empty()) return {.header = names + odd + texts > 0, .doubt = "", .hint = ""};
  const NumberedNames numbered = look_for_numbered_names(views, later.size());
  if (numbers == 0) {
    return {.header = names + odd > 0 || (texts > 0 && repeated == 0), .doubt = "", .hint = ""};
  }
  if (names > 0) return numbered.sequence ? HeaderDecision{true, "", ""} : doubtful(true, first);
  if (numbered.names) return doubtful(true, first);
  const bool unclear = (numbered.sequence && numbers > 2) || (texts > 0 && plain) || odd > 0;
  return unclear ? doubtful(false, first) : HeaderDecision{};
}

std::vector<std::string> names_in(const CsvRecord& record) {
  std::vector<std::string> names;
  for (size_t i = 0; i < record.num_cells(); ++i) {
    std::string name(trim_blanks(record.cell(i)));
    std::ranges::replace(name, '\n', ' ');
    std::erase(name, '\r');
    names.push_back(std::move(name));
  }
  return names;
}

}  // namespace isthmus
