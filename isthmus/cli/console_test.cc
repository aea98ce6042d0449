// SPDX-License-Identifier: Apache-2.0
// Facts about what stands where on a terminal: lines that break between words, commands as they
// have to be typed, progress of long work.
#include "isthmus/cli/console.h"

#include <gtest/gtest.h>

#include "isthmus/base/text.h"
#include "isthmus/cli/program.h"
#include "isthmus/cli/work_progress.h"

namespace isthmus {
namespace {

struct Screen {
  std::string out, err;
  Terminal terminal(bool is_terminal, const std::string& program = "isthmus") {
    Terminal t;
    t.out = [this](std::string_view text) { out += text; };
    t.err = [this](std::string_view text) { err += text; };
    t.out_is_terminal = t.err_is_terminal = is_terminal;
    t.width = [] { return 40; };
    t.program = program;
    return t;
  }
};

const Error kLong(
    ErrorCode::kBadValue, "a message that is longer than forty columns of a terminal",
    "a hint that is longer than forty columns: isthmus train --resume runs/a-long-name", {});

TEST(Console, BreaksLinesBetweenWordsOnATerminal) {
  Screen screen;
  Console console(screen.terminal(true), posix_fs());
  console.configure({.color = "never"});
  console.error(kLong);
  console.warning("W6002", "a warning that is longer than forty columns of a terminal", "");
  console.info("label", "a text that is longer than forty columns of a terminal");
  console.result("done in 0:00:03  a result that is longer than forty columns");
  EXPECT_EQ(screen.out,
            "done in 0:00:03  a result that is longer\n"
            "         than forty columns\n");
  EXPECT_EQ(screen.err,
            "error[E2003]: a message that is longer\n"
            "  than forty columns of a terminal\n"
            "  hint: a hint that is longer than forty\n"
            "    columns:\n"
            "    isthmus train --resume runs/a-long-name\n"
            "warning[W6002]: a warning that is longer\n"
            "  than forty columns of a terminal\n"
            "label    a text that is longer than\n"
            "         forty columns of a terminal\n");
}

TEST(Console, LeavesLinesWholeElsewhere) {
  Screen screen;
  Console console(screen.terminal(false), posix_fs());
  console.error(kLong);
  EXPECT_EQ(screen.err, std::string(kLong.what()) + "\n");
}

TEST(Console, SendsResultsToStderrWhenStdoutHasData) {
  Screen screen;
  Console console(screen.terminal(false), posix_fs());
  console.keep_stdout_for_data();
  console.result("errors", "1");
  console.result("2");
  EXPECT_EQ(screen.out, "");
  EXPECT_EQ(screen.err, "errors   1\n2\n");
}

TEST(Console, OutlivesAReaderWhoHasGone) {
  Screen screen;
  Terminal terminal = screen.terminal(false);
  terminal.out = [](std::string_view) { throw Error(ErrorCode::kPipeClosed, "gone"); };
  Console console(terminal, posix_fs());
  EXPECT_NO_THROW(console.result("for people"));
  EXPECT_THROW(console.write_out("data"), Error);
}

TEST(Program, NamesCommandsAsTheyWereTyped) {
  EXPECT_EQ(commands_as_typed("run isthmus doctor, or isthmus help", "./b/isthmus"),
            "run ./b/isthmus doctor, or ./b/isthmus help");
  EXPECT_EQ(commands_as_typed("isthmus opens only models; isthmus trainer", "x"),
            "isthmus opens only models; isthmus trainer");
  EXPECT_EQ(commands_as_typed("(isthmus doctor)", "my bin/isthmus"), "('my bin/isthmus' doctor)");
  EXPECT_EQ(commands_as_typed("isthmus doctor", "isthmus"), "isthmus doctor");
}

class HandClock final : public Clock {
 public:
  double seconds() const override { return now; }
  double now = 0;
};

TEST(WorkProgress, SaysEveryTenSecondsHowFarItIs) {
  Screen screen;
  Console console(screen.terminal(false), posix_fs());
  HandClock clock;
  const WorkProgress progress(console, clock);
  for (uint64_t done = 1; done <= 50; ++done) {
    clock.now = static_cast<double>(done);
    note_work("reading", done, 50);
  }
  EXPECT_EQ(screen.err,
            "reading  22%  ETA 0:00:35\n"
            "reading  42%  ETA 0:00:27\n"
            "reading  62%  ETA 0:00:18\n"
            "reading  82%  ETA 0:00:08\n");
}

TEST(WorkProgress, IsSilentForShortWorkAndWithQuietAndJson) {
  for (const EdgeOptions& options :
       {EdgeOptions{}, EdgeOptions{.json = true}, EdgeOptions{.quiet = true}}) {
    Screen screen;
    Console console(screen.terminal(false), posix_fs());
    console.configure(options);
    HandClock clock;
    const WorkProgress progress(console, clock);
    const bool is_short = !options.json && !options.quiet;
    for (uint64_t done = 1; done <= 50; ++done) {
      clock.now = static_cast<double>(done) * (is_short ? 0.1 : 10);
      note_work("reading", done, 50);
    }
    EXPECT_EQ(screen.err, "");
  }
}

TEST(WorkProgress, DrawsALineAndRemovesIt) {
  Screen screen;
  Console console(screen.terminal(true), posix_fs());
  console.configure({.progress = "bar"});
  HandClock clock;
  const WorkProgress progress(console, clock);
  clock.now = 1;
  note_work("items", 1, 4);
  clock.now = 3;
  note_work("items", 2, 4);
  EXPECT_EQ(screen.err, "items  50%  ETA 0:00:02");
  note_work("items", 4, 4);
  EXPECT_TRUE(screen.err.ends_with("\r\x1b[K")) << screen.err;
}

}  // namespace
}  // namespace isthmus
