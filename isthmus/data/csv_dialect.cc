// SPDX-License-Identifier: Apache-2.0
// Counts of possible delimiters in the first records of a table. Nothing is parsed here; a wrong
// guess ends in an error that names the delimiter.
#include "isthmus/data/csv_dialect.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "isthmus/base/error.h"
#include "isthmus/data/csv_number.h"

namespace isthmus {
namespace {

constexpr size_t kSniffedBytes = size_t{1} << 16;
constexpr size_t kSniffedRecords = 10;
constexpr std::array<char, 5> kDelimiters = {'\t', ';', '|', ',', kBlankRuns};
constexpr size_t kComma = 3, kBlanks = 4;

struct Record {
  std::array<int64_t, kDelimiters.size()> counts = {};
  std::string_view line;
};

/// Counts delimiters outside quotes; returns where the record ends.
size_t count_delimiters(std::string_view text, Record& record) {
  bool quoted = false, gap = false, any = false;
  size_t i = 0;
  for (; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"') quoted = !quoted;
    if (!quoted && (c == '\n' || c == '\r')) break;
    if (quoted) continue;
    for (size_t d = 0; d < kBlanks; ++d) {
      if (c == kDelimiters[d]) ++record.counts[d];
    }
    const bool blank = is_blank_byte(c);
    if (gap && !blank) ++record.counts[kBlanks];
    any = any || !blank;
    gap = any && blank;
  }
  record.line = text.substr(0, i);
  return i;
}

/// The last record counts only if the text ends with it.
std::vector<Record> first_records(std::string_view head) {
  std::vector<Record> records;
  const bool whole = head.size() < kSniffedBytes;
  while (!head.empty() && records.size() < kSniffedRecords) {
    if (head[0] == '\n' || head[0] == '\r') {
      head.remove_prefix(1);
      continue;
    }
    if (head[0] == '#') {
      head.remove_prefix(std::min(head.size(), head.find_first_of("\r\n")));
      continue;
    }
    Record record;
    const size_t end = count_delimiters(head, record);
    const bool complete = end < head.size() || whole || records.empty();
    if (complete && !trim_blanks(record.line).empty()) records.push_back(record);
    head.remove_prefix(end);
  }
  return records;
}

bool is_even(const std::vector<Record>& records, size_t d) {
  const int64_t first = records.front().counts[d];
  const int64_t others = records.back().counts[d];
  const bool row_names = records.size() > 1 && first + 1 == others;
  return first > 0 && (first == others || row_names) &&
         std::all_of(records.begin() + 1, records.end(),
                     [&](const Record& r) { return r.counts[d] == others; });
}

/// At least two fields, all of them numbers, with a decimal comma or a point.
bool holds_numbers(std::string_view line, char delimiter) {
  const std::string_view stops = delimiter == kBlankRuns ? " \t" : std::string_view(&delimiter, 1);
  size_t fields = 0;
  line = trim_blanks(line);
  while (!line.empty()) {
    const size_t end = std::min(line.size(), line.find_first_of(stops));
    const std::string_view field = line.substr(0, end);
    double ignored = 0;
    const bool number = parse_cell(field, ignored) == CellKind::kNumber ||
                        (delimiter != ',' && comma_use(field) != CommaUse::kNone);
    if (!number) return false;
    ++fields;
    line.remove_prefix(std::min(line.size(), end + 1));
    if (delimiter == kBlankRuns) line = trim_blanks(line);
  }
  return fields > 1;
}

/// With a byte order mark or without.
bool looks_like_utf16(std::string_view head) {
  if (head.starts_with("\xFF\xFE") || head.starts_with("\xFE\xFF")) return true;
  // Without a mark: a text has no NUL bytes, and half of these are, on one side.
  head = head.substr(0, 256);
  std::array<size_t, 2> zeros = {};
  for (size_t i = 0; i < head.size(); ++i) {
    const bool printable = (head[i] >= 0x20 && head[i] < 0x7f) || head[i] == '\n' ||
                           head[i] == '\r' || head[i] == '\t';
    if (head[i] == '\0') {
      ++zeros[i % 2];
    } else if (!printable) {
      return false;
    }
  }
  const size_t half = head.size() / 2;
  return half > 1 && std::max(zeros[0], zeros[1]) >= half && std::min(zeros[0], zeros[1]) == 0;
}

}  // namespace

char sniff_delimiter(std::string_view head) {
  const std::vector<Record> records = first_records(head);
  if (records.empty()) return ',';
  const auto& first = records.front().counts;
  const auto most = std::max_element(first.begin(), first.begin() + kBlanks);
  const std::string_view last = records.back().line;
  const bool blanks = is_even(records, kBlanks) && (*most == 0 || holds_numbers(last, kBlankRuns));
  for (size_t d = 0; d < kBlanks; ++d) {
    if (!is_even(records, d)) continue;
    // "1,5 2,5" has as many commas in each line as fields.
    const bool decimals = d == kComma && blanks && !holds_numbers(last, ',');
    return decimals && holds_numbers(last, kBlankRuns) ? kBlankRuns : kDelimiters[d];
  }
  if (blanks) return kBlankRuns;
  if (*most > 0) return kDelimiters[static_cast<size_t>(most - first.begin())];
  const bool numbers = std::any_of(records.begin(), records.end(), [](const Record& record) {
    return holds_numbers(record.line, kBlankRuns);
  });
  return numbers ? kBlankRuns : ',';
}

std::string delimiter_name(char delimiter) {
  if (delimiter == '\t') return "tab";
  if (delimiter == kBlankRuns) return "blanks";
  return std::string(1, delimiter);
}

void refuse_other_text(std::string_view head) {
  if (looks_like_utf16(head)) {
    throw Error(ErrorCode::kUnknownFormat, "text in UTF-16, which is not read",
                "save the table as UTF-8, or: iconv -f utf-16 -t utf-8 FILE > new.csv",
                {.offset = 0});
  }
  head = head.substr(std::min(head.size(), head.find_first_not_of(" \t\r\n")));
  if (head.starts_with("{\"") || head.starts_with("[{") || head.starts_with("[[")) {
    throw Error(ErrorCode::kUnknownFormat, "JSON, which is not read as data",
                "save the numbers as CSV or NPY", {.offset = 0});
  }
}

}  // namespace isthmus
