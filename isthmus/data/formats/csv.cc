// SPDX-License-Identifier: Apache-2.0
// Tables of numbers as text. Drives the record reader, tells header from data, turns cells into
// float32 and names the place of whatever cannot be read. The first bad cell is reported together
// with how many rows have the same text, because one odd token usually fills a column.
#include <algorithm>
#include <optional>

#include "isthmus/base/log.h"
#include "isthmus/base/text.h"
#include "isthmus/data/csv_number.h"
#include "isthmus/data/csv_records.h"
#include "isthmus/data/csv_table.h"
#include "isthmus/data/formats.h"
#include "isthmus/data/label_values.h"

namespace isthmus {
namespace {

struct BadCell {
  CellKind kind = CellKind::kNumber;
  std::string text;
  int64_t line = 0;
  size_t index = 0;
  int64_t alike = 0;
};

class TableReader {
 public:
  TableReader(ReadFile& file, const ColumnChoice& choice, const Limits& limits)
      : in_(file), records_(in_, limits), choice_(choice), limits_(limits) {}

  ParsedData read() {
    if (!records_.next()) throw Error(ErrorCode::kEmptyData, "the table is empty");
    const bool header = is_header(records_);
    columns_ = choose_columns(header ? header_names(records_)
                                     : numbered_names(static_cast<int64_t>(records_.num_cells())),
                              choice_);
    rows_.emplace(columns_.kept.size(), limits_);
    if (columns_.label != CsvColumns::kNone) {
      labels_.emplace("the label column \"" + columns_.names[columns_.label] + "\"");
    }
    if (header && !records_.next()) {
      throw Error(ErrorCode::kEmptyData, "the table has a header and no rows");
    }
    do {
      require_width();
      read_row();
    } while (!bad_ && rows_->num_rows() < choice_.max_items && records_.next());
    if (bad_) report_bad_cell();
    return finish();
  }

 private:
  void require_width() const {
    if (records_.num_cells() == columns_.names.size()) return;
    const std::string delimiter =
        records_.delimiter() == '\t' ? "tab" : std::string(1, records_.delimiter());
    throw Error(ErrorCode::kCsvRagged,
                std::to_string(records_.num_cells()) + " fields, but the first row has " +
                    std::to_string(columns_.names.size()) + " (delimiter " + delimiter + ")",
                {},
                {.line = records_.line(),
                 .column = static_cast<int64_t>(
                     std::min(records_.num_cells(), columns_.names.size() + 1))});
  }
  void read_row() {
    double* row = rows_->add_row();
    for (size_t k = 0; k < columns_.kept.size(); ++k) {
      const size_t index = columns_.kept[k];
      const CellKind kind = parse_cell(records_.cell(index), row[k]);
      if (kind == CellKind::kNumber) continue;
      bad_ = BadCell{kind, std::string(records_.cell(index)), records_.line_of(index), index, 1};
      return;
    }
    if (labels_) {
      labels_->add(records_.cell(columns_.label),
                   {.line = records_.line_of(columns_.label),
                    .column = static_cast<int64_t>(columns_.label) + 1,
                    .field = columns_.names[columns_.label]});
    }
  }
  /// Goes through the rest of the table to count cells like the bad one. A later fault in the
  /// table's structure ends the count, it is not the first fault.
  int64_t count_alike() {
    int64_t num_rows = rows_->num_rows();
    try {
      while (records_.next() && records_.num_cells() == columns_.names.size()) {
        ++num_rows;
        if (records_.cell(bad_->index) == bad_->text) ++bad_->alike;
      }
    } catch (const Error&) {
      return num_rows;
    }
    return num_rows;
  }
  [[noreturn]] void report_bad_cell() {
    const int64_t num_rows = count_alike();
    const std::string& name = columns_.names[bad_->index];
    const bool text = bad_->kind == CellKind::kNotANumber;
    constexpr size_t kShown = 40;
    const std::string shown = escape_for_terminal(bad_->text.substr(0, kShown)) +
                              (bad_->text.size() > kShown ? "..." : "");
    std::string hint = "drop the column: --exclude \"" + name + "\", or remove or mend the rows";
    if (bad_->text.find(',') != std::string::npos) hint += "; decimals need a point, not a comma";
    throw Error(text ? ErrorCode::kCsvNotANumber : ErrorCode::kNotFinite,
                "\"" + shown + "\" is not " + (text ? "a number" : "a finite number") +
                    " (column \"" + name + "\", " + group_digits(bad_->alike) + " of " +
                    group_digits(num_rows) + " rows alike)",
                std::move(hint),
                {.line = bad_->line,
                 .column = static_cast<int64_t>(bad_->index) + 1,
                 .row = rows_->num_rows() - 1,
                 .field = name});
  }
  ParsedData finish() {
    ParsedData data;
    data.kind = DataKind::kTable;
    limits_.require_data_bytes(CheckedU64(static_cast<uint64_t>(rows_->num_rows())) *
                               columns_.kept.size() * sizeof(double));
    data.values = rows_->take();
    for (const size_t index : columns_.kept) data.column_names.push_back(columns_.names[index]);
    if (labels_) {
      Labels labels = labels_->finish();
      data.labels = std::move(labels.values);
      data.class_names = std::move(labels.class_names);
    }
    return data;
  }

  ByteStream in_;
  CsvRecords records_;
  const ColumnChoice& choice_;
  const Limits& limits_;
  CsvColumns columns_;
  std::optional<RowBuffer> rows_;
  std::optional<LabelValues> labels_;
  std::optional<BadCell> bad_;
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
          .summary = "table of numbers, comma, semicolon or tab, header optional, plain or .gz",
          .extensions = {"csv", "tsv", "txt", "csv.gz", "tsv.gz", "txt.gz"},
          .sniff = looks_like_text,
          .parse = parse_csv};
}
}  // namespace formats

}  // namespace isthmus
