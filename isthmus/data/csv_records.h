// SPDX-License-Identifier: Apache-2.0
// Records of a delimited text: quoting by RFC 4180, LF, CRLF or CR, UTF-8 byte order mark, blank
// lines skipped. It streams: at most one record is in memory. Cells are text; what they mean is
// decided in formats/csv.cc.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "isthmus/base/limits.h"
#include "isthmus/data/gzip.h"

namespace isthmus {

class CsvRecords {
 public:
  /// Sniffs the delimiter (tab, semicolon or comma) from the first 64 KiB.
  CsvRecords(ByteStream& in, const Limits& limits);

  /// Reads the next record; false at the end of the text.
  /// Errors: E3102 quotes, E3105 record or run of blank lines too long, E3004 too many fields,
  /// E3009 a NUL byte.
  bool next();
  size_t num_cells() const { return cells_.size(); }
  /// Valid until next().
  std::string_view cell(size_t index) const {
    return std::string_view(text_).substr(cells_[index].begin,
                                          cells_[index].end - cells_[index].begin);
  }
  /// Line on which a cell starts, from 1.
  int64_t line_of(size_t index) const { return cells_[index].line; }
  int64_t line() const { return record_line_; }  // line on which the record starts
  char delimiter() const { return delimiter_; }

 private:
  struct Cell {
    size_t begin = 0, end = 0;  // in text_
    int64_t line = 0;
  };
  enum class State { kStart, kPlain, kQuoted, kAfterQuote };
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
  bool end_line(int c);
  [[noreturn]] void fail(ErrorCode code, std::string message, std::string hint = {}) const;

  ByteStream& in_;
  uint64_t max_record_bytes_;
  size_t max_cells_;
  char delimiter_ = ',';
  Bytes block_;
  size_t used_ = 0;
  std::string text_;  // cells of the record, one after another
  std::vector<Cell> cells_;
  Cell cell_;
  State state_ = State::kStart;
  uint64_t record_bytes_ = 0;
  int64_t line_ = 1, record_line_ = 1;
};

/// The delimiter of a text: the first of tab, semicolon and comma that occurs equally often in the
/// first ten records, else the most frequent one of the first record, else a comma.
char sniff_delimiter(std::string_view head);

}  // namespace isthmus
