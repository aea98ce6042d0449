// SPDX-License-Identifier: Apache-2.0
// The record reader of delimited text: a small state machine over a byte stream. It knows bytes,
// lines and quotes, and nothing of numbers or headers (formats/csv.cc).
#include "isthmus/data/csv_records.h"

#include <algorithm>
#include <array>

namespace isthmus {
namespace {

constexpr uint64_t kBlockBytes = uint64_t{1} << 16;
constexpr size_t kSniffedRecords = 10;
constexpr std::array<char, 3> kDelimiters = {'\t', ';', ','};
constexpr std::string_view kUtf8Mark = "\xEF\xBB\xBF";

using Counts = std::array<int64_t, kDelimiters.size()>;

std::string_view as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Delimiters outside quotes per record; the last record counts only if the text ends with it.
std::vector<Counts> count_delimiters(std::string_view head) {
  std::vector<Counts> records;
  Counts counts = {};
  bool quoted = false, any = false;
  for (const char c : head) {
    if (c == '"') quoted = !quoted;
    if (!quoted && (c == '\n' || c == '\r')) {
      if (any) records.push_back(counts);
      if (records.size() == kSniffedRecords) return records;
      counts = {};
      any = false;
      continue;
    }
    any = true;
    for (size_t d = 0; d < kDelimiters.size(); ++d) {
      if (!quoted && c == kDelimiters[d]) ++counts[d];
    }
  }
  if (any && (records.empty() || head.size() < kBlockBytes)) records.push_back(counts);
  return records;
}

}  // namespace

char sniff_delimiter(std::string_view head) {
  const std::vector<Counts> records = count_delimiters(head);
  if (records.empty()) return ',';
  const Counts& first = records.front();
  for (size_t d = 0; d < kDelimiters.size(); ++d) {
    const bool even = std::all_of(records.begin(), records.end(),
                                  [&](const Counts& counts) { return counts[d] == first[d]; });
    if (first[d] > 0 && even) return kDelimiters[d];
  }
  const auto most = std::max_element(first.begin(), first.end());
  return *most > 0 ? kDelimiters[static_cast<size_t>(most - first.begin())] : ',';
}

CsvRecords::CsvRecords(ByteStream& in, const Limits& limits)
    : in_(in),
      max_record_bytes_(limits.csv_line_bytes.bytes),
      max_cells_(static_cast<size_t>(limits.csv_columns)) {
  fill();
  const std::string_view head = as_text(block_);
  if (head.starts_with("\xFF\xFE") || head.starts_with("\xFE\xFF")) {
    throw Error(ErrorCode::kUnknownFormat, "UTF-16 text", "save the table as UTF-8", {.offset = 0});
  }
  if (head.starts_with(kUtf8Mark)) used_ = kUtf8Mark.size();
  delimiter_ = sniff_delimiter(head.substr(used_));
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
              {.line = cell_.line, .column = static_cast<int64_t>(cells_.size()) + 1});
}

void CsvRecords::add(char c) {
  text_.push_back(c);
  cell_.end = text_.size();
}

void CsvRecords::end_cell() {
  if (cells_.size() == max_cells_) {
    fail(ErrorCode::kOverLimit, "a table of more than " + std::to_string(max_cells_) + " columns",
         "raise the limit with --set limits.csv_columns=N if the file is trusted");
  }
  cells_.push_back(cell_);
  cell_ = {.begin = text_.size(), .end = text_.size(), .line = line_};
  state_ = State::kStart;
}

void CsvRecords::begin_record() {
  text_.clear();
  cells_.clear();
  record_bytes_ = 0;
  record_line_ = line_;
  cell_ = {.begin = 0, .end = 0, .line = line_};
  state_ = State::kStart;
}

bool CsvRecords::next() {
  // Blank lines give no data that a limit could count: a packed file of them would take forever.
  for (uint64_t blank = 0; blank <= max_record_bytes_; ++blank) {
    begin_record();
    if (peek() == kEnd) return false;
    if (read_record()) return true;
  }
  fail(ErrorCode::kCsvLineTooLong,
       "more than " + std::to_string(max_record_bytes_) + " blank lines in a row");
}

/// False for a blank line.
bool CsvRecords::read_record() {
  while (!step(peek())) {
    if (record_bytes_ > max_record_bytes_) {
      fail(ErrorCode::kCsvLineTooLong,
           "a record of more than " + std::to_string(max_record_bytes_) + " bytes");
    }
  }
  return cells_.size() > 1 || record_bytes_ > 0;
}

/// Takes one byte; true when the record is complete.
bool CsvRecords::step(int c) {
  if (c == 0) fail(ErrorCode::kCorruptFile, "a NUL byte in a text table");
  if (state_ == State::kQuoted) return step_quoted(c);
  if (c == kEnd || c == '\n' || c == '\r') return end_line(c);
  const char byte = static_cast<char>(c);
  if (byte == delimiter_) {
    consume();
    end_cell();
  } else if (state_ == State::kAfterQuote) {
    fail(ErrorCode::kCsvQuote, "text follows a closing quote",
         "double the quotes inside a quoted field: \"a \"\"b\"\" c\"");
  } else if (byte == '"' && state_ == State::kStart) {
    consume();
    state_ = State::kQuoted;
  } else {
    consume();
    add(byte);
    state_ = State::kPlain;
  }
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
