// SPDX-License-Identifier: Apache-2.0
// The two exception types of isthmus and the checks that throw them.
//
// Error means that the user can act: it carries a number from error_codes.inc, the place, the
// values and a remedy. InternalError means a bug in isthmus; only ISTHMUS_CHECK throws it.
//
//   throw Error(ErrorCode::kCsvNotANumber, "\"N/A\" is not a number", "drop it: --exclude price",
//               {.file = "sales.csv", .line = 12, .column = 7});
#pragma once

#include <cstdint>
#include <exception>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace isthmus {

enum class ErrorCode : int {
#define ISTHMUS_ERROR_CODE(enumerator, number, name, summary, remedy) enumerator = number,
#include "isthmus/base/error_codes.inc"
#undef ISTHMUS_ERROR_CODE
};

/// One row of error_codes.inc.
struct ErrorInfo {
  ErrorCode code = ErrorCode::kInternal;
  std::string_view name;     // "csv_not_a_number"
  std::string_view summary;  // one sentence
  std::string_view remedy;   // one sentence
};

/// All rows in the order of the file.
std::span<const ErrorInfo> all_error_infos();
const ErrorInfo& error_info(ErrorCode code);
/// The row of a number as a user types it ("E3104", "e3104", "3104"); nullptr if there is none.
const ErrorInfo* find_error_info(std::string_view text);
/// First digit of the number; 75 for 8xxx.
int exit_status(ErrorCode code);
/// "E3104"
std::string error_label(ErrorCode code);

/// Where an error is. Empty or unset members are unknown. Lines, columns and fields count from 1.
struct ErrorWhere {
  std::string file = {};
  std::optional<int64_t> line = {};
  std::optional<int64_t> column = {};  // in tables: the field
  std::optional<int64_t> offset = {};  // byte offset in binary files
  std::optional<int64_t> row = {};     // item index, from 0
  std::string field = {};              // column or tensor name
  std::string key = {};                // option or JSON key
};

/// "sales.csv:12:7", "train.idx:offset 16", "" when nothing is known. Control bytes are escaped.
std::string describe(const ErrorWhere& where);

class Error : public std::exception {
 public:
  Error(ErrorCode code, std::string message, std::string hint = {}, ErrorWhere where = {});
  const char* what() const noexcept override { return text_.c_str(); }
  ErrorCode code() const { return code_; }
  const std::string& message() const { return message_; }
  const std::string& hint() const { return hint_; }  // the table's remedy when none was given
  const ErrorWhere& where() const { return where_; }
  /// Fills in the file when it is not known yet: callers add context on the way up.
  Error& in_file(std::string_view file);

 private:
  void compose();  // "error[E3104]: where: message\n  hint: ..."
  ErrorCode code_;
  std::string message_;
  std::string hint_;
  ErrorWhere where_;
  std::string text_;
};

class InternalError : public std::exception {
 public:
  explicit InternalError(std::string message);
  const char* what() const noexcept override { return text_.c_str(); }

 private:
  std::string text_;
};

/// Bytes as they may be shown on a terminal: control bytes and bad UTF-8 become \xNN.
std::string escape_for_terminal(std::string_view bytes);

[[noreturn]] void fail_check(const char* condition, const char* file, int line,
                             std::string_view message);

}  // namespace isthmus

/// An invariant of isthmus itself, always on. User input must never reach it.
#define ISTHMUS_CHECK(condition, message)                                             \
  do {                                                                                \
    if (!(condition)) ::isthmus::fail_check(#condition, __FILE__, __LINE__, message); \
  } while (false)

#ifdef NDEBUG
#define ISTHMUS_DCHECK(condition, message) \
  do {                                     \
  } while (false)
#else
#define ISTHMUS_DCHECK(condition, message) ISTHMUS_CHECK(condition, message)
#endif
