// SPDX-License-Identifier: Apache-2.0
// Strict JSON tokens for the header of a safetensors file. No tree is built: the caller says what
// it expects next. Every fault is an Error E4004..E4007 with the offset in the file.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "isthmus/base/error.h"
#include "isthmus/base/limits.h"

namespace isthmus {

/// At most 64 bytes of a text from the file, for messages.
std::string shown_text(std::string_view text);

class HeaderScanner {
 public:
  /// `text` starts at byte `file_offset` of the file. Decoded strings are charged to a budget of 4
  /// MiB and the size of the text, but at most limits.header_bytes.
  HeaderScanner(std::string_view text, uint64_t file_offset, const Limits& limits)
      : text_(text),
        file_offset_(file_offset),
        string_limit_(limits.string_bytes.bytes),
        budget_(std::min(limits.header_bytes.bytes, kFreeBytes + text.size())) {
    budget_ -= budget_ / 64;
  }

  /// Takes `bytes` from the memory budget; E4006 when it is spent.
  void charge(uint64_t bytes);

  std::string read_string();
  /// Digits only, at most 2^53.
  uint64_t read_number();
  /// Checks any value and drops it. `depth` counts the containers around it.
  void skip_value(int depth);

  bool next_is(char c);  // after white space
  bool accept(char c);   // takes it when it is next
  void expect(char c);
  void expect_end();

  /// Calls member(key) behind each colon; the member must read its value.
  template <class Member>
  void read_object(Member member) {
    expect('{');
    if (accept('}')) return;
    do {
      std::string key = read_string();
      expect(':');
      member(std::move(key));
    } while (accept(','));
    expect('}');
  }
  template <class Element>
  void read_array(Element element) {
    expect('[');
    if (accept(']')) return;
    do element();
    while (accept(','));
    expect(']');
  }

  /// The offset in the file: of the next byte, of the next token.
  uint64_t offset() const { return file_offset_ + position_; }
  uint64_t token_offset();
  [[noreturn]] void fail(ErrorCode code, const std::string& message) const;

 private:
  static constexpr uint64_t kFreeBytes = uint64_t{4} << 20;

  void skip_space();
  bool at_end() const { return position_ >= text_.size(); }
  size_t find_string_end() const;
  void append_escape(std::string& out);
  uint32_t read_hex4();
  std::string_view read_number_text();
  void skip_word(std::string_view word);
  void skip_digits();

  std::string_view text_;
  size_t position_ = 0;
  uint64_t file_offset_;
  uint64_t string_limit_;
  uint64_t budget_;
};

}  // namespace isthmus
