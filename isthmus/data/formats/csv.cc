// SPDX-License-Identifier: Apache-2.0
// Tables of numbers as text. Drives the record reader, tells header from data, turns cells into
// numbers and names the place of whatever cannot be read. From the first faulty cell on, rows are
// only counted, so that one error names all faulty columns.
#include <algorithm>
#include <limits>
#include <optional>

#include "isthmus/base/text.h"
#include "isthmus/data/csv_faults.h"
#include "isthmus/data/csv_header.h"
#include "isthmus/data/csv_number.h"
#include "isthmus/data/csv_records.h"
#include "isthmus/data/csv_table.h"
#include "isthmus/data/formats.h"
#include "isthmus/data/label_values.h"

namespace isthmus {
namespace {

constexpr size_t kHeldRows = 100;  // to tell a header from data
constexpr size_t kHeldBytes = size_t{1} << 20;
constexpr size_t kMaxLabelBytes = 1000;

/// Numbers with points and with commas; one table has one of them.
struct DecimalMarks {
  struct Place {
    std::string cell;
    int64_t line = 0;
    size_t column = 0;
  };
  std::optional<Place> point, comma;
  bool sure = false;  // a comma that separates no thousands

  void require_one() const;
};

void DecimalMarks::require_one() const {
  if (!comma || (sure && !point)) return;
  const ErrorWhere where{.line = comma->line, .column = static_cast<int64_t>(comma->column) + 1};
  if (point) {
    throw Error(ErrorCode::kCsvDecimals,
                "numbers with commas (\"" + comma->cell + "\") and with points (\"" + point->cell +
                    "\", line " + std::to_string(point->line) +
                    "): one of them separates decimals, the other thousands",
                {}, where);
  }
  std::string whole = comma->cell, decimal = comma->cell;
  std::erase(whole, ',');
  std::ranges::replace(decimal, ',', '.');
  throw Error(ErrorCode::kCsvDecimals,
              "\"" + comma->cell + "\" can be " + whole + " or " + decimal +
                  ": all commas stand before three digits",
              {}, where);
}

bool all_in(const std::vector<std::string>& wanted, const std::vector<std::string>& names) {
  const std::vector<std::string> sorted = [&] {
    std::vector<std::string> copy = names;
    std::ranges::sort(copy);
    return copy;
  }();
  return std::ranges::all_of(
      wanted, [&](const std::string& name) { return std::ranges::binary_search(sorted, name); });
}

class TableReader {
 public:
  TableReader(ReadFile& file, const ColumnChoice& choice, const Limits& limits)
      : in_(file), records_(in_, limits), choice_(choice), limits_(limits) {}

  ParsedData read() {
    hold_back();
    CsvNames names = read_names();
    if (names.header && held_.empty()) {
      throw Error(ErrorCode::kEmptyData, "the table has a header and no rows");
    }
    last_is_open_ = !names.header;
    columns_ = choose_columns(std::move(names), choice_);
    row_.resize(columns_.kept.size());
    rows_.emplace(columns_.kept.size(), limits_);
    if (columns_.label != CsvColumns::kNone) {
      labels_.emplace("the label column \"" + columns_.names[columns_.label] + "\"");
    }
    read_rows();
    return finish();
  }

 private:
  /// Reads the first records, which may be a header and rows.
  void hold_back() {
    if (!records_.next()) {
      throw Error(ErrorCode::kEmptyData, records_.num_comments() > 0
                                             ? "the table has comments and no rows"
                                             : "the table is empty");
    }
    size_t bytes = 0;
    do {
      held_.push_back(records_.record());
      bytes += records_.record().num_bytes();
    } while (held_.size() <= kHeldRows && bytes < kHeldBytes &&
             static_cast<int64_t>(held_.size()) <= choice_.max_items && records_.next());
  }

  bool has_commented_names() const {
    const CsvRecord& comment = records_.comment();
    const bool fits = records_.num_comments() > 0 && comment.num_cells() == held_[0].num_cells();
    if (!fits || choice_.header == TableHeader::kNo) return false;
    if (fits && comment.num_cells() == 1) {
      return trim_blanks(comment.cell(0)).find_first_of(" \t") == std::string_view::npos;
    }
    double ignored = 0;
    for (size_t i = 0; i < comment.num_cells(); ++i) {
      if (parse_cell(comment.cell(i), ignored) == CellKind::kText) return true;
    }
    return false;
  }

  /// What a model needs tells, too: its names are in the header, or it was trained without one.
  bool is_header(const CsvRecord& first) {
    if (choice_.header != TableHeader::kAuto) return choice_.header == TableHeader::kYes;
    const std::vector<std::string>& wanted = choice_.model_columns;
    if (!wanted.empty()) {
      if (all_in(wanted, names_in(first))) return true;
      const auto numbered = numbered_names(static_cast<int64_t>(first.num_cells()));
      double ignored = 0;
      bool numbers = all_in(wanted, numbered);
      for (size_t i = 0; i < numbered.size() && numbers; ++i) {
        numbers = std::ranges::find(wanted, numbered[i]) == wanted.end() ||
                  parse_cell(first.cell(i), ignored) == CellKind::kNumber;
      }
      if (numbers) return false;
    }
    const HeaderDecision told = tell_header(first, std::span(held_).subspan(1));
    if (!told.doubt.empty()) warnings_.push_back({"W3102", told.doubt, told.hint});
    return told.header;
  }

  CsvNames read_names() {
    const CsvRecord first = held_[0];
    CsvNames table;
    if (const bool commented = has_commented_names(); commented || is_header(first)) {
      const CsvRecord& header = commented ? records_.comment() : first;
      if (!commented) held_.erase(held_.begin());
      table = name_columns(fit_to_rows(names_in(header)));
      table.header = true;
      table.line = header.line();
      commented_names_ = commented;
      if (commented) {
        add_note("the names of the columns are from the comment in line " +
                 std::to_string(header.line()));
      }
    } else {
      table = name_columns(numbered_names(static_cast<int64_t>(first.num_cells())));
      table.line = first.line();
    }
    return table;
  }

  /// A delimiter at the end of the header or of all rows, and row names, which have no name.
  std::vector<std::string> fit_to_rows(std::vector<std::string> names) const {
    if (held_.empty()) return names;
    const CsvRecord& row = held_[0];
    if (names.size() == row.num_cells() + 1 && names.back().empty()) names.pop_back();
    if (names.size() + 1 != row.num_cells()) return names;
    const auto ends_empty = [](const CsvRecord& record) {
      return trim_blanks(record.cell(record.num_cells() - 1)).empty();
    };
    double ignored = 0;
    const bool row_names = records_.delimiter() != ',' || row.is_quoted(0) ||
                           parse_cell(row.cell(0), ignored) == CellKind::kText;
    if (std::ranges::all_of(held_, ends_empty)) {
      names.emplace_back();
    } else if (row_names) {
      names.insert(names.begin(), std::string());
    }
    return names;
  }

  void read_rows() {
    try {
      for (size_t i = 0; i < held_.size() && more_wanted(); ++i) read_row(held_[i]);
      held_.clear();
      while (more_wanted() && records_.next()) read_row(records_.record());
    } catch (const Error&) {
      // A later fault in the table's structure ends the count; it is not the first fault.
      if (!faults_.any()) throw;
    }
  }
  bool more_wanted() const {
    return num_rows_ < choice_.max_items &&
           (!faults_.any() || static_cast<uint64_t>(num_rows_) < limits_.data_bytes.bytes);
  }

  void require_width(const CsvRecord& record) const {
    if (record.num_cells() == columns_.names.size()) return;
    const auto count = static_cast<int64_t>(record.num_cells());
    throw Error(
        ErrorCode::kCsvRagged,
        group_digits(count) + (count == 1 ? " field" : " fields") + ", but the first row has " +
            group_digits(static_cast<int64_t>(columns_.names.size())) + " (delimiter " +
            delimiter_name(records_.delimiter()) + ")",
        records_.delimiter() == ',' && record.num_cells() > columns_.names.size()
            ? "mend the row; texts with commas need quotes, decimal commas another delimiter"
            : "",
        {.line = record.line(),
         .column = static_cast<int64_t>(std::min(record.num_cells(), columns_.names.size() + 1))});
  }

  void read_row(const CsvRecord& record) {
    require_width(record);
    double* row = faults_.any() ? row_.data() : rows_->add_row();
    for (size_t k = 0; k < columns_.kept.size(); ++k) {
      const size_t index = columns_.kept[k];
      const CellKind kind = parse(record, index, row[k]);
      if (kind == CellKind::kNumber) continue;
      if (choice_.holes && !is_open(index) && is_without_value(kind, record.cell(index))) {
        row[k] = std::numeric_limits<double>::quiet_NaN();
        continue;
      }
      CsvFaults& faults = is_open(index) ? open_faults_ : faults_;
      faults.add(index, kind, record.cell(index), record.line_of(index), num_rows_);
    }
    if (columns_.kept[0] == 0) count_rows(row[0]);
    if (faults_.any()) rows_->clear();
    if (labels_) add_label(record);
    ++num_rows_;
  }

  CellKind parse(const CsvRecord& record, size_t index, double& value) {
    const std::string_view cell = record.cell(index);
    const CellKind kind = parse_cell(cell, value);
    // Between commas, a comma in quotes is left to be reported.
    if (records_.delimiter() == ',') return kind;
    const auto place = [&] {
      return DecimalMarks::Place{std::string(trim_blanks(cell)), record.line_of(index), index};
    };
    if (kind == CellKind::kNumber) {
      if (!marks_.point && cell.find('.') != cell.npos) marks_.point = place();
      return kind;
    }
    if (kind != CellKind::kText) return kind;
    const CommaUse use = comma_use(cell);
    if (use != CommaUse::kDecimal && use != CommaUse::kEither) return kind;
    if (!marks_.comma) marks_.comma = place();
    marks_.sure = marks_.sure || use == CommaUse::kDecimal;
    return parse_decimal_comma(cell, value);
  }

  void add_label(const CsvRecord& record) {
    const std::string_view cell = trim_blanks(record.cell(columns_.label));
    const ErrorWhere where{.line = record.line_of(columns_.label),
                           .column = static_cast<int64_t>(columns_.label) + 1,
                           .field = columns_.names[columns_.label]};
    if (cell.size() > kMaxLabelBytes) {
      throw Error(ErrorCode::kCsvCategories,
                  "a label of " + group_digits(static_cast<int64_t>(cell.size())) + " bytes", {},
                  where);
    }
    labels_->add(cell, where);
  }

  /// Columns that may be left out in the end: without a name, or behind the last delimiter.
  bool is_open(size_t index) const {
    if (columns_.extra[index]) return true;
    if (!choice_.columns.empty() || !choice_.model_columns.empty()) return false;
    return columns_.unnamed[index] || (last_is_open_ && index + 1 == columns_.names.size());
  }
  void count_rows(double value) {
    if (num_rows_ == 0) first_count_ = value;
    const bool start = first_count_ == 0 || first_count_ == 1;
    counts_ = counts_ && start && value == first_count_ + static_cast<double>(num_rows_);
  }

  /// Whether a column is left out after all is known about it, and says so.
  bool leave_out(size_t index) {
    if (columns_.extra[index]) return open_faults_.has(index);
    if (!is_open(index)) return false;
    const std::string number = std::to_string(index + 1);
    if (open_faults_.count(index, CellKind::kEmpty) == num_rows_) {
      add_note("column " + number + " has no name and no values and was left out");
      return true;
    }
    if (!columns_.unnamed[index]) return false;
    const bool text = open_faults_.count(index, CellKind::kText) > 0;
    if (index == 0 && (text || (counts_ && num_rows_ > 1 && !open_faults_.has(0)))) {
      warnings_.push_back(
          {"W3101",
           std::string("left out column 1, which has no name and ") +
               (text ? "holds text" : "counts the rows"),
           "it is taken as an index; to keep it, name it in the header or in --columns, as " +
               columns_.names[0]});
      return true;
    }
    warnings_.push_back(
        {"W3103",
         "column " + number + " has no name, it is read as \"" + columns_.names[index] + "\"",
         "to leave it out: --exclude " + columns_.names[index]});
    return false;
  }

  ParsedData finish() {
    std::vector<size_t> places, kept;
    for (size_t k = 0; k < columns_.kept.size(); ++k) {
      const size_t index = columns_.kept[k];
      if (leave_out(index)) {
        open_faults_.forget(index);
      } else {
        places.push_back(k);
        kept.push_back(index);
      }
    }
    columns_.kept = std::move(kept);
    faults_.take_over(open_faults_);
    if (faults_.any()) faults_.report(columns_, choice_, num_rows_, warnings_text());
    marks_.require_one();
    if (places.empty()) throw Error(ErrorCode::kEmptyData, "the table has no column of numbers");
    return result(places);
  }

  ParsedData result(const std::vector<size_t>& places) {
    if (marks_.comma) add_note("decimal commas were read (\"" + marks_.comma->cell + "\")");
    const int64_t comments = records_.num_comments() - (commented_names_ ? 1 : 0);
    if (comments > 0) add_note("lines of comments that were skipped: " + group_digits(comments));
    ParsedData data;
    data.kind = DataKind::kTable;
    data.values = rows_->take(places);
    for (const size_t index : columns_.kept) data.column_names.push_back(columns_.names[index]);
    data.file_columns = columns_.names;
    if (labels_) {
      Labels labels = labels_->finish();
      data.labels = std::move(labels.values);
      data.class_names = std::move(labels.class_names);
    }
    data.note = std::move(note_);
    data.warnings = std::move(warnings_);
    return data;
  }

  /// What else may be wrong, for the hint of an error.
  std::string warnings_text() const {
    for (const ReadWarning& warning : warnings_) {
      if (warning.code == "W3102") return warning.text + ": " + warning.hint;
    }
    return {};
  }
  void add_note(const std::string& note) {
    if (!note_.empty()) note_ += "; ";
    note_ += note;
  }

  ByteStream in_;
  CsvRecords records_;
  const ColumnChoice& choice_;
  const Limits& limits_;
  std::vector<CsvRecord> held_;
  CsvColumns columns_;
  std::vector<double> row_;  // when rows are only counted
  std::optional<RowBuffer> rows_;
  std::optional<LabelValues> labels_;
  CsvFaults faults_, open_faults_;
  DecimalMarks marks_;
  int64_t num_rows_ = 0;
  bool last_is_open_ = false, counts_ = true, commented_names_ = false;
  double first_count_ = -1;
  std::string note_;
  std::vector<ReadWarning> warnings_;
};

/// Text: no control bytes but tab, line feed, carriage return.
bool looks_like_text(std::span<const std::byte> head) {
  return !head.empty() && std::all_of(head.begin(), head.end(), [](std::byte b) {
    const auto c = static_cast<unsigned char>(b);
    return c >= 0x20 ? c != 0x7f : c == '\t' || c == '\n' || c == '\r';
  });
}

}  // namespace

ParsedData parse_csv(ReadFile& file, const ColumnChoice& choice, const Limits& limits) {
  return TableReader(file, choice, limits).read();
}

namespace formats {
FormatDef csv() {
  return {.name = "csv",
          .summary =
              "table of numbers: comma, semicolon, tab, bar or blanks, header optional, "
              "plain or .gz",
          .extensions = {"csv", "tsv", "txt", "csv.gz", "tsv.gz", "txt.gz", "dat"},
          .sniff = looks_like_text,
          .parse = parse_csv};
}
}  // namespace formats

}  // namespace isthmus
