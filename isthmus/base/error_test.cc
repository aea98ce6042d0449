// SPDX-License-Identifier: Apache-2.0
// The table of error numbers and the text that users see.
#include "isthmus/base/error.h"

#include <gtest/gtest.h>

#include <set>

#include "isthmus/base/byte_cursor.h"
#include "isthmus/base/checked.h"
#include "isthmus/base/utf8.h"

namespace isthmus {
namespace {

TEST(ErrorTable, NumbersAndNamesAreDistinct) {
  std::set<int> numbers;
  std::set<std::string_view> names;
  for (const ErrorInfo& info : all_error_infos()) {
    EXPECT_TRUE(numbers.insert(static_cast<int>(info.code)).second) << info.name;
    EXPECT_TRUE(names.insert(info.name).second) << info.name;
  }
  EXPECT_GT(numbers.size(), 60u);
}

TEST(ErrorTable, EveryRowIsASentenceAndARemedy) {
  for (const ErrorInfo& info : all_error_infos()) {
    EXPECT_EQ(info.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_"),
              std::string_view::npos)
        << info.name;
    EXPECT_TRUE(info.summary.ends_with('.')) << info.name;
    EXPECT_TRUE(info.remedy.ends_with('.')) << info.name;
  }
}

TEST(ErrorTable, FirstDigitIsTheExitStatus) {
  EXPECT_EQ(exit_status(ErrorCode::kInternal), 1);
  EXPECT_EQ(exit_status(ErrorCode::kBadValue), 2);
  EXPECT_EQ(exit_status(ErrorCode::kCsvNotANumber), 3);
  EXPECT_EQ(exit_status(ErrorCode::kModelDigest), 4);
  EXPECT_EQ(exit_status(ErrorCode::kDiskFull), 5);
  EXPECT_EQ(exit_status(ErrorCode::kFolderLocked), 75);
  for (const ErrorInfo& info : all_error_infos()) {
    const int status = exit_status(info.code);
    EXPECT_TRUE((status >= 1 && status <= 7) || status == 75) << info.name;
  }
}

TEST(ErrorTable, NumbersAreFoundAsUsersTypeThem) {
  for (const char* text : {"E3104", "e3104", "3104"}) {
    const ErrorInfo* info = find_error_info(text);
    ASSERT_NE(info, nullptr) << text;
    EXPECT_EQ(info->code, ErrorCode::kCsvNotANumber);
  }
  for (const char* text : {"", "E", "E9999", "E3104x", "EE3104", " 3104", "99999999999999999999"}) {
    EXPECT_EQ(find_error_info(text), nullptr) << text;
  }
  EXPECT_EQ(error_label(ErrorCode::kCsvNotANumber), "E3104");
  EXPECT_EQ(error_info(ErrorCode::kDiskFull).name, "disk_full");
}

TEST(Error, TextHasNumberPlaceMessageAndHint) {
  const Error e(ErrorCode::kCsvNotANumber, "\"N/A\" is not a number", "drop it: --exclude price",
                {.file = "sales.csv", .line = 12, .column = 7});
  EXPECT_STREQ(e.what(),
               "error[E3104]: sales.csv:12:7: \"N/A\" is not a number\n"
               "  hint: drop it: --exclude price");
}

TEST(Error, UsesTheRemedyOfTheTableWithoutAHint) {
  const Error e(ErrorCode::kFileMissing, "no such file");
  EXPECT_EQ(e.hint(), "Check the path.");
}

TEST(Error, NamesTheKeyUnlessTheMessageDoes) {
  const Error silent(ErrorCode::kModelConfig, "expected a number", "h",
                     {.file = "m", .key = "beta"});
  EXPECT_STREQ(silent.what(), "error[E4103]: m: beta: expected a number\n  hint: h");
  const Error loud(ErrorCode::kBadValue, "beta = \"x\" is not a number", "h", {.key = "beta"});
  EXPECT_STREQ(loud.what(), "error[E2003]: beta = \"x\" is not a number\n  hint: h");
}

TEST(Error, InFileFillsInOnlyAMissingFile) {
  Error e(ErrorCode::kTruncated, "short", "h", {.offset = 16});
  e.in_file("train.idx").in_file("other");
  EXPECT_STREQ(e.what(), "error[E3005]: train.idx:offset 16: short\n  hint: h");
}

TEST(Error, PlacesAreDescribed) {
  EXPECT_EQ(describe({}), "");
  EXPECT_EQ(describe({.file = "a.csv"}), "a.csv");
  EXPECT_EQ(describe({.file = "a.csv", .line = 3}), "a.csv:3");
  EXPECT_EQ(describe({.file = "a.npy", .row = 5}), "a.npy:row 5");
  EXPECT_EQ(describe({.line = 12, .column = 7}), "line 12:7");
}

TEST(Error, NothingShownCanSteerTheTerminal) {
  const Error e(ErrorCode::kUnreadable, "bad \x1b[31m name\a",
                "try \x9b"
                "0m",
                {.file = "a\nb\x1b]0;x\x07.csv"});
  const std::string text = e.what();
  for (char c : text) EXPECT_TRUE(c == '\n' || static_cast<unsigned char>(c) >= 0x20);
  EXPECT_NE(text.find("a\\x0ab\\x1b]0;x\\x07.csv"), std::string::npos) << text;
}

TEST(EscapeForTerminal, KeepsTextAndEscapesTheRest) {
  EXPECT_EQ(escape_for_terminal("Größe 大 \xF0\x9F\x90\x88"), "Größe 大 \xF0\x9F\x90\x88");
  EXPECT_EQ(escape_for_terminal("a\tb\x7f"), "a\\x09b\\x7f");
  EXPECT_EQ(escape_for_terminal("\xC2\x9b"), "\\xc2\\x9b");           // C1 control
  EXPECT_EQ(escape_for_terminal("\xE2\x80\xAE"), "\\xe2\\x80\\xae");  // right-to-left override
  EXPECT_EQ(escape_for_terminal("\xFF\xC3"), "\\xff\\xc3");
  EXPECT_EQ(escape_for_terminal(std::string_view("\0x", 2)), "\\x00x");
}

TEST(Utf8, RefusesWhatTheStandardRefuses) {
  EXPECT_EQ(decode_utf8("\xC3\xA9").value, 0xE9u);
  EXPECT_EQ(decode_utf8("\xF4\x8F\xBF\xBF").value, 0x10FFFFu);
  for (const char* bad :
       {"\xC0\x80", "\xC1\xBF", "\xE0\x80\x80", "\xED\xA0\x80", "\xF0\x80\x80\x80",
        "\xF4\x90\x80\x80", "\xF8\x88\x80\x80\x80", "\x80", "\xC3", "\xE2\x82"}) {
    EXPECT_EQ(decode_utf8(bad).bytes, 0);
  }
  EXPECT_EQ(decode_utf8("").bytes, 0);
}

TEST(Check, ThrowsWithPlaceAndCondition) {
  try {
    ISTHMUS_CHECK(1 + 1 == 3, "sums add up");
    FAIL();
  } catch (const InternalError& e) {
    const std::string text = e.what();
    EXPECT_NE(text.find("isthmus/base/error_test.cc:"), std::string::npos) << text;
    EXPECT_NE(text.find("sums add up (1 + 1 == 3)"), std::string::npos) << text;
    EXPECT_NE(text.find("E1001"), std::string::npos);
  }
}

TEST(Checked, OverflowThrowsInsteadOfWrapping) {
  constexpr uint64_t kMax = UINT64_MAX;
  EXPECT_EQ((CheckedU64(kMax - 1) + 1).value(), kMax);
  EXPECT_THROW(CheckedU64(kMax) + 1, Error);
  EXPECT_THROW(CheckedU64(0) - 1, Error);
  EXPECT_THROW(CheckedU64(uint64_t{1} << 32) * (uint64_t{1} << 32), Error);
  EXPECT_EQ(checked_product(std::vector<int64_t>{}).value(), 1u);
  EXPECT_EQ(checked_product(std::vector<int64_t>{3, 0, int64_t{1} << 62}).value(), 0u);
  EXPECT_THROW(checked_product(std::vector<int64_t>{-1}), Error);
}

TEST(ByteCursor, ReadsBothOrdersAndNeverPastTheEnd) {
  const std::vector<std::byte> bytes = {std::byte{1}, std::byte{2}, std::byte{3}, std::byte{4},
                                        std::byte{5}};
  ByteCursor a(bytes);
  EXPECT_EQ(a.be32(), 0x01020304u);
  EXPECT_EQ(a.u8(), 5);
  EXPECT_EQ(a.remaining(), 0u);
  EXPECT_THROW(a.u8(), Error);
  ByteCursor b(bytes);
  EXPECT_EQ(b.le(3), 0x030201u);
  EXPECT_EQ(b.offset(), 3u);
  EXPECT_THROW(b.take(UINT64_MAX), Error);
  EXPECT_EQ(b.offset(), 3u);
}

}  // namespace
}  // namespace isthmus
