// SPDX-License-Identifier: Apache-2.0
// The table of error numbers and the text of an error. Everything that ends in front of a user goes
// through here, so this is also where bytes from outside lose their power over the terminal.
// Printing itself is done by the edge.
#include "isthmus/base/error.h"

#include <array>
#include <cctype>
#include <charconv>

#include "isthmus/base/utf8.h"

namespace isthmus {
namespace {

constexpr auto kErrorInfos = std::to_array<ErrorInfo>({
#define ISTHMUS_ERROR_CODE(enumerator, number, name, summary, remedy) \
  {ErrorCode::enumerator, name, summary, remedy},
#include "isthmus/base/error_codes.inc"
#undef ISTHMUS_ERROR_CODE
});

/// Controls, and marks that reorder or hide the text around them.
bool is_dangerous(uint32_t c) {
  return c < 0x20 || (c >= 0x7F && c <= 0x9F) || c == 0x200E || c == 0x200F || c == 0x2028 ||
         c == 0x2029 || (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) || c == 0xFEFF;
}

void append_escaped_byte(std::string& out, char c) {
  constexpr char kDigits[] = "0123456789abcdef";
  const auto byte = static_cast<uint8_t>(c);
  out += "\\x";
  out += kDigits[byte >> 4];
  out += kDigits[byte & 15];
}

std::string escape(std::string_view bytes, bool keep_newlines) {
  std::string out;
  out.reserve(bytes.size());
  while (!bytes.empty()) {
    const CodePoint c = decode_utf8(bytes);
    const auto length = static_cast<size_t>(c.bytes > 0 ? c.bytes : 1);
    const bool kept = c.bytes > 0 && (!is_dangerous(c.value) || (keep_newlines && c.value == '\n'));
    for (char byte : bytes.substr(0, length)) {
      if (kept) {
        out += byte;
      } else {
        append_escaped_byte(out, byte);
      }
    }
    bytes.remove_prefix(length);
  }
  return out;
}

void append_name(std::string& text, std::string_view name, std::string_view message) {
  if (name.empty()) return;
  const std::string shown = escape_for_terminal(name);
  if (message.find(shown) != std::string_view::npos) return;
  if (!text.empty()) text += ": ";
  text += shown;
}

}  // namespace

std::span<const ErrorInfo> all_error_infos() { return kErrorInfos; }

const ErrorInfo& error_info(ErrorCode code) {
  for (const ErrorInfo& info : kErrorInfos) {
    if (info.code == code) return info;
  }
  return kErrorInfos[0];
}

const ErrorInfo* find_error_info(std::string_view text) {
  if (!text.empty() && (text[0] == 'E' || text[0] == 'e')) text.remove_prefix(1);
  int number = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (status != std::errc() || end != text.data() + text.size()) return nullptr;
  for (const ErrorInfo& info : kErrorInfos) {
    if (static_cast<int>(info.code) == number) return &info;
  }
  return nullptr;
}

int exit_status(ErrorCode code) {
  const int first_digit = static_cast<int>(code) / 1000;
  return first_digit == 8 ? 75 : first_digit;
}

std::string error_label(ErrorCode code) {
  std::string label = "E";
  label += std::to_string(static_cast<int>(code));
  return label;
}

std::string describe(const ErrorWhere& where) {
  std::string text = escape_for_terminal(where.file);
  const auto add = [&](std::string_view label, const std::optional<int64_t>& number) {
    if (!number) return;
    if (!text.empty()) text += ':';
    text += label;
    text += std::to_string(*number);
  };
  const bool bare = where.file.empty();
  add(bare ? "line " : "", where.line);
  add(bare && !where.line ? "column " : "", where.column);
  add("offset ", where.offset);
  add("row ", where.row);
  return text;
}

Error::Error(ErrorCode code, std::string message, std::string hint, ErrorWhere where)
    : code_(code),
      message_(escape(message, true)),
      hint_(escape(hint.empty() ? error_info(code).remedy : std::string_view(hint), true)),
      where_(std::move(where)) {
  compose();
}

Error& Error::in_file(std::string_view file) {
  if (where_.file.empty()) {
    where_.file = std::string(file);
    compose();
  }
  return *this;
}

void Error::compose() {
  std::string place = describe(where_);
  append_name(place, where_.field, message_);
  append_name(place, where_.key, message_);
  text_ = "error[" + error_label(code_) + "]: ";
  if (!place.empty()) text_ += place + ": ";
  text_ += message_;
  text_ += "\n  hint: " + hint_;
}

InternalError::InternalError(std::string message)
    : text_("internal error[E1001]: " + escape(message, true) +
            "\n  hint: " + std::string(error_info(ErrorCode::kInternal).remedy)) {}

std::string escape_for_terminal(std::string_view bytes) { return escape(bytes, false); }

void fail_check(const char* condition, const char* file, int line, std::string_view message) {
  // Only the part of the path inside the source tree is of use to a reader.
  std::string_view place = file;
  const auto start = place.rfind("/isthmus/");
  if (start != std::string_view::npos) place.remove_prefix(start + 1);
  throw InternalError(std::string(place) + ":" + std::to_string(line) + ": " +
                      std::string(message) + " (" + condition + ")");
}

}  // namespace isthmus
