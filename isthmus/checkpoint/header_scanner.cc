// SPDX-License-Identifier: Apache-2.0
// Reads single JSON tokens from untrusted bytes: valid UTF-8, strict grammar, depth at most 4,
// plain numbers where the format wants them, memory within a budget. Used by safetensors_header.cc;
// not a general JSON reader (that is base/json.h).
#include "isthmus/checkpoint/header_scanner.h"

#include <algorithm>

#include "isthmus/base/utf8.h"

namespace isthmus {
namespace {

constexpr int kMaxDepth = 4;
constexpr uint64_t kMaxNumber = uint64_t{1} << 53;
constexpr size_t kInlineString = 15;  // longer strings are allocated
constexpr size_t kSmallestHeapString = 31;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

void append_utf8(std::string& out, uint32_t c) {
  const auto put = [&](uint32_t byte) { out += static_cast<char>(byte); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xC0 | (c >> 6)), put(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    put(0xE0 | (c >> 12)), put(0x80 | ((c >> 6) & 0x3F)), put(0x80 | (c & 0x3F));
  } else {
    put(0xF0 | (c >> 18)), put(0x80 | ((c >> 12) & 0x3F));
    put(0x80 | ((c >> 6) & 0x3F)), put(0x80 | (c & 0x3F));
  }
}

}  // namespace

std::string shown_text(std::string_view text) {
  constexpr size_t kShown = 64;
  if (text.size() <= kShown) return std::string(text);
  return std::string(text.substr(0, kShown)) + "...";
}

void HeaderScanner::fail(ErrorCode code, const std::string& message) const {
  throw Error(code, message, {}, {.offset = static_cast<int64_t>(offset())});
}

void HeaderScanner::charge(uint64_t bytes) {
  if (bytes > budget_) {
    fail(ErrorCode::kModelCounts,
         "the header has more names, texts or tensors than its size and limits.header_bytes allow");
  }
  budget_ -= bytes;
}

void HeaderScanner::skip_space() {
  while (!at_end()) {
    const char c = text_[position_];
    if (c != ' ' && c != '\n' && c != '\t' && c != '\r') return;
    ++position_;
  }
}

uint64_t HeaderScanner::token_offset() {
  skip_space();
  return offset();
}

bool HeaderScanner::next_is(char c) {
  skip_space();
  return !at_end() && text_[position_] == c;
}

bool HeaderScanner::accept(char c) {
  if (!next_is(c)) return false;
  ++position_;
  return true;
}

void HeaderScanner::expect(char c) {
  if (accept(c)) return;
  fail(ErrorCode::kModelSyntax,
       std::string("the header should have '") + c + "' here" + (at_end() ? ", but it ends" : ""));
}

void HeaderScanner::expect_end() {
  skip_space();
  if (!at_end()) fail(ErrorCode::kModelSyntax, "the header goes on behind its closing }");
}

/// The position of the closing quote of the string whose text starts at position_.
size_t HeaderScanner::find_string_end() const {
  for (size_t i = position_; i < text_.size(); ++i) {
    if (text_[i] == '"') return i;
    if (text_[i] == '\\') ++i;
  }
  fail(ErrorCode::kModelSyntax, "a text in the header is not closed");
}

std::string HeaderScanner::read_string() {
  expect('"');
  const size_t end = find_string_end();
  const size_t raw_bytes = end - position_;
  if (raw_bytes > kInlineString) charge(std::max(raw_bytes + 1, kSmallestHeapString));
  std::string out;
  out.reserve(raw_bytes);
  while (position_ < end) {
    const char next = text_[position_];
    if (next == '\\') {
      append_escape(out);
      continue;
    }
    if (next >= 0x20 && next < 0x7F) {
      out += next;
      ++position_;
      continue;
    }
    const CodePoint c = decode_utf8(text_.substr(position_, end - position_));
    if (c.bytes == 0) fail(ErrorCode::kModelSyntax, "the header is not valid UTF-8");
    if (c.value < 0x20) fail(ErrorCode::kModelSyntax, "a text in the header has a control byte");
    out.append(text_, position_, static_cast<size_t>(c.bytes));
    position_ += static_cast<size_t>(c.bytes);
  }
  if (out.size() > string_limit_) {
    fail(ErrorCode::kModelCounts,
         "a text of " + std::to_string(out.size()) +
             " bytes is over limits.string_bytes = " + std::to_string(string_limit_));
  }
  position_ = end + 1;
  return out;
}

uint32_t HeaderScanner::read_hex4() {
  uint32_t value = 0;
  for (int i = 0; i < 4; ++i) {
    if (at_end()) fail(ErrorCode::kModelSyntax, "an escape in the header is cut off");
    const char c = text_[position_];
    uint32_t digit = 16;
    if (is_digit(c)) digit = static_cast<uint32_t>(c - '0');
    if (c >= 'a' && c <= 'f') digit = static_cast<uint32_t>(c - 'a') + 10;
    if (c >= 'A' && c <= 'F') digit = static_cast<uint32_t>(c - 'A') + 10;
    if (digit == 16) fail(ErrorCode::kModelSyntax, "an escape in the header is not hexadecimal");
    value = value * 16 + digit;
    ++position_;
  }
  return value;
}

void HeaderScanner::append_escape(std::string& out) {
  constexpr std::string_view kLetters = "\"\\/bfnrt";
  constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
  ++position_;
  const char letter = text_[position_];  // find_string_end saw that a byte follows
  if (const size_t i = kLetters.find(letter); i != std::string_view::npos) {
    out += kMeanings[i];
    ++position_;
    return;
  }
  if (letter != 'u') fail(ErrorCode::kModelSyntax, "an escape in the header is unknown");
  ++position_;
  uint32_t c = read_hex4();
  if (c >= 0xD800 && c <= 0xDFFF) {
    const bool paired = c < 0xDC00 && text_.substr(position_, 2) == "\\u";
    if (paired) position_ += 2;
    const uint32_t low = paired ? read_hex4() : 0;
    if (low < 0xDC00 || low > 0xDFFF) fail(ErrorCode::kModelSyntax, "half a surrogate pair");
    c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
  }
  append_utf8(out, c);
}

void HeaderScanner::skip_digits() {
  if (at_end() || !is_digit(text_[position_])) {
    fail(ErrorCode::kModelSyntax, "the header has no valid value here");
  }
  while (!at_end() && is_digit(text_[position_])) ++position_;
}

/// A number by the grammar of JSON, in any notation.
std::string_view HeaderScanner::read_number_text() {
  skip_space();
  const size_t begin = position_;
  const auto take = [&](char c) {
    const bool taken = !at_end() && text_[position_] == c;
    position_ += taken ? 1 : 0;
    return taken;
  };
  take('-');
  if (!take('0')) skip_digits();
  if (take('.')) skip_digits();
  if (take('e') || take('E')) {
    if (!take('+')) take('-');
    skip_digits();
  }
  return text_.substr(begin, position_ - begin);
}

uint64_t HeaderScanner::read_number() {
  skip_space();
  if (at_end() || (!is_digit(text_[position_]) && text_[position_] != '-')) {
    skip_value(kMaxDepth - 1);
    fail(ErrorCode::kModelField, "a whole number is expected before this place");
  }
  const std::string_view digits = read_number_text();
  uint64_t value = 0;
  for (char c : digits) {
    const bool plain = is_digit(c);
    if (plain) value = value * 10 + static_cast<uint64_t>(c - '0');
    if (!plain || value > kMaxNumber) {
      fail(ErrorCode::kModelField,
           "the number " + shown_text(digits) + " is not a plain whole number up to 2^53");
    }
  }
  return value;
}

void HeaderScanner::skip_word(std::string_view word) {
  if (text_.substr(position_, word.size()) != word) {
    fail(ErrorCode::kModelSyntax, "the header has no valid value here");
  }
  position_ += word.size();
}

void HeaderScanner::skip_value(int depth) {
  skip_space();
  if (at_end()) fail(ErrorCode::kModelSyntax, "the header ends where a value is expected");
  const char c = text_[position_];
  if ((c == '{' || c == '[') && depth >= kMaxDepth) {
    fail(ErrorCode::kModelSyntax, "the header is nested deeper than " + std::to_string(kMaxDepth));
  }
  switch (c) {
    case '{':
      return read_object([&](const std::string&) { skip_value(depth + 1); });
    case '[':
      return read_array([&] { skip_value(depth + 1); });
    case '"':
      read_string();
      return;
    case 't':
      return skip_word("true");
    case 'f':
      return skip_word("false");
    case 'n':
      return skip_word("null");
    default:
      read_number_text();
  }
}

}  // namespace isthmus
