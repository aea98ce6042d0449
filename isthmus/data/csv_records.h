// SPDX-License-Identifier: Apache-2.0
// Records of a delimited text: quoting by RFC 4180, LF, CRLF or CR, UTF-8 byte order mark, blank
// lines and comments skipped. It streams: at most one record is in memory. Cells are text; what
// they mean is decided in formats/csv.cc.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "isthmus/base/limits.h"
#include "isthmus/data/csv_dialect.h"
#include "isthmus/data/gzip.h"

namespace isthmus {

class CsvRecord {
 public:
  size_t num_cells() const { return cells_.size(); }
  std::string_view cell(size_t index) const {
    return std::string_view(text_).substr(cells_[index].begin,
                                          cells_[index].end - cells_[index].begin);
  }
  bool is_quoted(size_t index) const { return cells_[index].quoted; }
  /// Line on which a cell starts, from 1.
  int64_t line_of(size_t index) const { return cells_[index].line; }
  int64_t line() const { return line_; }  // line on which the record starts
  size_t num_bytes() const { return text_.size() + cells_.size() * sizeof(Cell); }

 private:
  friend class CsvRecords;
  struct Cell {
    size_t begin = 0, end = 0;  // in text_
    int64_t line = 0;
    bool quoted = false;
  };
  std::string text_;  // cells, one after another
  std::vector<Cell> cells_;
  int64_t line_ = 1;
};

class CsvRecords {
 public:
  /// Sniffs the delimiter from the first 64 KiB.
  CsvRecords(ByteStream& in, const Limits& limits);

  /// Reads the next record; false at the end of the text. A line that begins with # is a comment:
  /// any in front of the first record, and behind it those that have not as many fields as that.
  /// Errors: E3102 quotes, E3105 record or run of skipped lines too long, E3004 too many fields,
  /// E3009 a NUL byte.
  bool next();
  const CsvRecord& record() const { return record_; }  // valid until next()
  char delimiter() const { return delimiter_; }
  /// Blanks are part of the fields, whatever was sniffed.
  void keep_blanks() {
    if (delimiter_ == kBlankRuns) delimiter_ = ',';
  }

  int64_t num_comments() const { return num_comments_; }
  /// The last comment in front of the first record, without its #, as fields.
  const CsvRecord& comment() const { return comment_; }

 private:
  using Cell = CsvRecord::Cell;
  enum class State { kStart, kPlain, kQuoted, kAfterQuote, kGap };
  static constexpr int kEnd = -1;

  int peek();
  void consume();
  void fill();
  void begin_record();
  void add(char c);
  void end_cell();
  bool read_record();
  bool step(int c);
  bool step_quoted(int c);
  bool step_blank();
  bool end_line(int c);
  bool read_comment();
  void split_comment(std::string_view line);
  [[noreturn]] void fail(ErrorCode code, std::string message, std::string hint = {}) const;

  ByteStream& in_;
  uint64_t max_record_bytes_;
  size_t max_cells_;
  char delimiter_ = ',';
  Bytes block_;
  size_t used_ = 0;
  CsvRecord record_, comment_;
  size_t width_ = 0;  // fields of the first record
  Cell cell_;
  State state_ = State::kStart;
  uint64_t record_bytes_ = 0;
  int64_t line_ = 1, num_comments_ = 0;
};

}  // namespace isthmus
