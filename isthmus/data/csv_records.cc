// SPDX-License-Identifier: Apache-2.0
// The record reader of delimited text: a small state machine over a byte stream. It knows bytes,
// lines and quotes, and nothing of numbers or headers (formats/csv.cc).
#include "isthmus/data/csv_records.h"

#include <algorithm>

#include "isthmus/data/csv_number.h"

namespace isthmus {
namespace {

constexpr uint64_t kBlockBytes = uint64_t{1} << 16;
constexpr std::string_view kUtf8Mark = "\xEF\xBB\xBF";

std::string_view as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

namespace {

constexpr std::string_view kDelimiterWord = "sep=";

/// Bytes of a first line that only names the delimiter, as Excel writes it: "sep=;". Else 0.
size_t delimiter_line(std::string_view head) {
  const size_t at = kDelimiterWord.size();
  if (!head.starts_with(kDelimiterWord) || head.size() < at + 2) return 0;
  if (std::string_view(",;\t|").find(head[at]) == std::string_view::npos) return 0;
  if (head[at + 1] == '\n') return at + 2;
  if (head[at + 1] != '\r') return 0;
  return at + (head.size() > at + 2 && head[at + 2] == '\n' ? 3 : 2);
}

}  // namespace

CsvRecords::CsvRecords(ByteStream& in, const Limits& limits)
    : in_(in),
      max_record_bytes_(limits.csv_line_bytes.bytes),
      max_cells_(static_cast<size_t>(limits.csv_columns)) {
  fill();
  const std::string_view head = as_text(block_);
  refuse_other_text(head);
  if (head.starts_with(kUtf8Mark)) used_ = kUtf8Mark.size();
  if (const size_t named = delimiter_line(head.substr(used_))) {
    delimiter_ = head[used_ + kDelimiterWord.size()];
    used_ += named;
    ++line_;
  } else {
    delimiter_ = sniff_delimiter(head.substr(used_));
  }
}

void CsvRecords::fill() {
  block_ = in_.read_up_to(kBlockBytes);
  used_ = 0;
}

int CsvRecords::peek() {
  if (used_ == block_.size()) fill();
  return block_.empty() ? kEnd : static_cast<unsigned char>(block_[used_]);
}

void CsvRecords::consume() {
  ++used_;
  ++record_bytes_;
}

void CsvRecords::fail(ErrorCode code, std::string message, std::string hint) const {
  throw Error(code, std::move(message), std::move(hint),
              {.line = cell_.line, .column = static_cast<int64_t>(record_.cells_.size()) + 1});
}

void CsvRecords::add(char c) {
  record_.text_.push_back(c);
  cell_.end = record_.text_.size();
}

void CsvRecords::end_cell() {
  if (record_.cells_.size() == max_cells_) {
    fail(ErrorCode::kOverLimit, "a table of more than " + std::to_string(max_cells_) + " columns",
         "raise the limit with --set limits.csv_columns=N if the file is trusted");
  }
  record_.cells_.push_back(cell_);
  const size_t end = record_.text_.size();
  cell_ = {.begin = end, .end = end, .line = line_};
  state_ = State::kStart;
}

void CsvRecords::begin_record() {
  record_.text_.clear();
  record_.cells_.clear();
  record_.line_ = line_;
  record_bytes_ = 0;
  cell_ = {.begin = 0, .end = 0, .line = line_};
  state_ = State::kStart;
}

bool CsvRecords::next() {
  // Blank lines and comments give no data that a limit could count: a packed file of them would
  // take forever.
  uint64_t skipped = 0;
  while (skipped <= max_record_bytes_) {
    begin_record();
    const int c = peek();
    if (c == kEnd) return false;
    const bool found = c == '#' ? read_comment() : read_record();
    if (found) {
      if (width_ == 0) width_ = record_.num_cells();
      return true;
    }
    skipped += 1 + record_bytes_;
  }
  fail(ErrorCode::kCsvLineTooLong, "more than " + std::to_string(max_record_bytes_) +
                                       " blank lines or bytes of comments in a row");
}

/// False for a blank line.
bool CsvRecords::read_record() {
  while (!step(peek())) {
    if (record_bytes_ > max_record_bytes_) {
      fail(ErrorCode::kCsvLineTooLong,
           "a record of more than " + std::to_string(max_record_bytes_) + " bytes");
    }
  }
  if (record_.cells_.size() > 1) return true;
  return delimiter_ == kBlankRuns ? !record_.text_.empty() : record_bytes_ > 0;
}

/// Reads a line that begins with #. True if it is a record: it has as many fields as the first.
bool CsvRecords::read_comment() {
  std::string line;
  for (int c = peek(); c != kEnd && c != '\n' && c != '\r'; c = peek()) {
    if (c == 0) fail(ErrorCode::kCorruptFile, "a NUL byte in a text table");
    if (record_bytes_ >= max_record_bytes_) {
      fail(ErrorCode::kCsvLineTooLong,
           "a comment of more than " + std::to_string(max_record_bytes_) + " bytes");
    }
    line.push_back(static_cast<char>(c));
    consume();
  }
  const bool behind = width_ > 0;
  split_comment(behind ? line : line.substr(1));
  end_line(peek());
  if (behind && width_ > 1 && record_.num_cells() == width_) return true;
  ++num_comments_;
  if (!behind) comment_ = record_;
  return false;
}

/// All fields of the record but the last, which is left to end_line. Quotes mean nothing here.
void CsvRecords::split_comment(std::string_view line) {
  if (delimiter_ == kBlankRuns) line = trim_blanks(line);
  for (size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    const bool blank_run = delimiter_ == kBlankRuns && is_blank_byte(c);
    if (!blank_run && c != delimiter_) {
      add(c);
    } else if (!blank_run || !is_blank_byte(line[i + 1])) {  // a trimmed line ends in no blank
      end_cell();
    }
  }
}

/// Takes one byte; true when the record is complete.
bool CsvRecords::step(int c) {
  if (c == 0) fail(ErrorCode::kCorruptFile, "a NUL byte in a text table");
  if (state_ == State::kQuoted) return step_quoted(c);
  if (c == kEnd || c == '\n' || c == '\r') return end_line(c);
  if (delimiter_ == kBlankRuns) {
    if (is_blank_byte(c)) return step_blank();
    if (state_ == State::kGap) end_cell();
  }
  const char byte = static_cast<char>(c);
  if (byte == delimiter_) {
    consume();
    end_cell();
  } else if (state_ == State::kAfterQuote) {
    fail(ErrorCode::kCsvQuote, "text follows a closing quote",
         "double the quotes inside a quoted field: \"a \"\"b\"\" c\"");
  } else if (byte == '"' && state_ == State::kStart) {
    consume();
    cell_.quoted = true;
    state_ = State::kQuoted;
  } else {
    consume();
    add(byte);
    state_ = State::kPlain;
  }
  return false;
}

/// A field ends with the first blank behind it, and only if another one follows.
bool CsvRecords::step_blank() {
  consume();
  if (state_ != State::kStart) state_ = State::kGap;
  return false;
}

bool CsvRecords::step_quoted(int c) {
  if (c == kEnd) fail(ErrorCode::kCsvQuote, "a quoted field is not closed");
  consume();
  if (c != '"') {
    if (c == '\n') ++line_;
    add(static_cast<char>(c));
  } else if (peek() == '"') {
    consume();
    add('"');
  } else {
    state_ = State::kAfterQuote;
  }
  return false;
}

bool CsvRecords::end_line(int c) {
  end_cell();
  if (c == kEnd) return true;
  ++used_;  // the end of line is no part of the record's length
  if (c == '\r' && peek() == '\n') ++used_;
  ++line_;
  return true;
}

}  // namespace isthmus
