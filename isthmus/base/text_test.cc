// SPDX-License-Identifier: Apache-2.0
// Facts about texts for people: what a shell reads back, where lines break. The shell itself is the
// judge of quoting.
#include "isthmus/base/text.h"

#include <gtest/gtest.h>

#include <cstdio>

#include "isthmus/base/as_written.h"

namespace isthmus {
namespace {

/// What `bash -c` prints of one argument.
std::string through_bash(const std::string& quoted) {
  const std::string script = "printf %s " + quoted + "\n";
  const std::string command = "bash <<'ISTHMUS_END'\n" + script + "ISTHMUS_END\n";
  FILE* pipe = popen(command.c_str(), "r");
  std::string out;
  for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) out += static_cast<char>(c);
  pclose(pipe);
  return out;
}

TEST(Shell, ReadsEveryQuotedWordBack) {
  for (const char* word : {"plain/path-1.csv", "a b.csv", "it's $HOME.csv", "ünï/x", "~", "=ls",
                           "`ls`", "\"q\"", "a\\b", "*.csv", "a\tb", "e\x1b[2Jx", "x\\'\x1by",
                           "bad\xff"
                           "byte",
                           "n\nl", "rtl\xe2\x80\xaex", "!", "#c", "a;b&c|d"}) {
    EXPECT_EQ(through_bash(quote_for_shell(word)), word) << quote_for_shell(word);
  }
}

TEST(Shell, LeavesPlainWordsAloneAndQuotesTheEmptyOne) {
  EXPECT_EQ(quote_for_shell("runs/demo-2"), "runs/demo-2");
  EXPECT_EQ(quote_for_shell(""), "''");
  EXPECT_EQ(quote_for_shell("a b"), "'a b'");
  EXPECT_EQ(quote_path_for_shell("-x.csv"), "./-x.csv");
  EXPECT_EQ(quote_path_for_shell("- x.csv"), "'./- x.csv'");
}

TEST(Shell, ShowsNoByteThatATerminalObeys) {
  EXPECT_EQ(quote_for_shell("a\x1b[2J"), "$'a\\x1b[2J'");
}

TEST(Numbers, AreAsPeopleWroteThem) {
  EXPECT_EQ(as_written(double{0.13f}), 0.13);
  EXPECT_EQ(as_written(double{-2.95f}), -2.95);
  EXPECT_EQ(as_written(0.12345678901234), 0.12345678901234);
  EXPECT_EQ(as_written(255), 255);
  EXPECT_EQ(as_written(1e300), 1e300);
  for (float v : {1e-41f, 3.4e38f, 16777217.f, 0.1f, 1.0f / 3}) {
    EXPECT_EQ(static_cast<float>(as_written(double{v})), v);
  }
}

TEST(Wrapping, BreaksBetweenWordsAndGoesOnFurtherIn) {
  EXPECT_EQ(wrap_text("one two three four", 9, 2), "one two\n  three\n  four");
  EXPECT_EQ(wrap_text("  hint: one two three", 14, 2), "  hint: one\n    two three");
  EXPECT_EQ(wrap_text("short", 80, 2), "short");
  EXPECT_EQ(wrap_text("aligned   columns", 80, 2), "aligned   columns");
  EXPECT_EQ(wrap_text("unbreakableword next", 5, 1), "unbreakableword\n next");
  EXPECT_EQ(wrap_text("ä ö ü", 5, 2), "ä ö ü");
}

TEST(Wrapping, KeepsACommandInOnePiece) {
  EXPECT_EQ(wrap_text("go on with it: isthmus train --resume runs/a", 20, 2),
            "go on with it:\n  isthmus train --resume runs/a");
  EXPECT_EQ(wrap_text("go on: build/isthmus train --resume runs/a", 12, 2),
            "go on:\n  build/isthmus train --resume runs/a");
  EXPECT_EQ(wrap_text("isthmus doctor lists the devices", 80, 2),
            "isthmus doctor lists the devices");
}

}  // namespace
}  // namespace isthmus
