// SPDX-License-Identifier: Apache-2.0
// Facts about the edge of the command line: words to settings, sources of options, help, exit
// statuses and error objects. Commands as a whole are tested by tests/cli.
#include <gtest/gtest.h>

#include <cstdlib>
#include <set>

#include "isthmus/base/text.h"
#include "isthmus/base/warning_info.h"
#include "isthmus/cli/arguments.h"
#include "isthmus/cli/command.h"
#include "isthmus/cli/help.h"
#include "isthmus/cli/progress.h"
#include "isthmus/cli/run_cli.h"
#include "isthmus/cli/settings.h"

namespace isthmus {
namespace {

struct Printed {
  int status = 0;
  std::string out, err;
};

Printed run(const std::vector<std::string>& words) {
  Printed printed;
  Terminal terminal;
  terminal.out = [&](std::string_view text) { printed.out += text; };
  terminal.err = [&](std::string_view text) { printed.err += text; };
  printed.status = run_cli(words, terminal, posix_fs());
  return printed;
}

std::vector<BoundOption> options_of(BoundCommand& command) {
  std::vector<BoundOption> options = command.options();
  hide_limits(options);
  return options;
}

class TrainWords : public ::testing::Test {
 protected:
  ParsedArguments parse(const std::vector<std::string>& words) {
    return parse_arguments(words, options_);
  }
  std::unique_ptr<BoundCommand> command_ = find_command("train")->make();
  EdgeOptions edge_;
  UseOptions use_;
  std::vector<BoundOption> options_ = [this] {
    std::vector<BoundOption> all = options_of(*command_);
    for (BoundOption& option : bind_options(edge_, "cli.")) all.push_back(std::move(option));
    return all;
  }();
};

TEST_F(TrainWords, MayBeGivenInEveryForm) {
  const ParsedArguments p = parse({"a.csv", "--latent", "8", "--epochs=3", "-o", "runs/x",
                                   "--dry_run", "--no-report", "--", "-q"});
  ASSERT_EQ(p.settings.size(), 5u);
  EXPECT_EQ(p.settings[0].key, "model.latent_dim");
  EXPECT_EQ(p.settings[0].value, "8");
  EXPECT_EQ(p.settings[1].value, "3");
  EXPECT_EQ(p.settings[2].key, "run.out");
  EXPECT_EQ(p.settings[3].value, "true");
  EXPECT_EQ(p.settings[4].key, "run.report");
  EXPECT_EQ(p.settings[4].value, "false");
  EXPECT_EQ(p.positionals, (std::vector<std::string>{"a.csv", "-q"}));
}

TEST_F(TrainWords, NegativeNumbersAreValues) {
  EXPECT_EQ(parse({"--lr", "-1"}).settings[0].value, "-1");
  EXPECT_EQ(parse({"-o", "-"}).settings[0].value, "-");
}

TEST_F(TrainWords, SetNamesAnyKey) {
  const ParsedArguments p = parse({"--set", "limits.header_bytes=8MiB"});
  EXPECT_EQ(p.settings[0].key, "limits.header_bytes");
  EXPECT_EQ(p.settings[0].value, "8MiB");
}

ErrorCode code_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.code();
  }
  return ErrorCode::kInternal;
}

TEST_F(TrainWords, FaultsHaveTheirNumbers) {
  EXPECT_EQ(code_of([&] { parse({"--latnet", "3"}); }), ErrorCode::kUnknownOption);
  EXPECT_EQ(code_of([&] { parse({"-x"}); }), ErrorCode::kUnknownOption);
  EXPECT_EQ(code_of([&] { parse({"--latent"}); }), ErrorCode::kMissingArgument);
  EXPECT_EQ(code_of([&] { parse({"--latent", "--epochs", "3"}); }), ErrorCode::kMissingArgument);
  EXPECT_EQ(code_of([&] { parse({"--no-report=1"}); }), ErrorCode::kBadValue);
  EXPECT_EQ(code_of([&] { parse({"--set", "limits"}); }), ErrorCode::kBadValue);
  EXPECT_EQ(code_of([&] { parse({"--set", "limits.headr=1"}); }), ErrorCode::kUnknownOption);
  EXPECT_EQ(code_of([&] { parse({"--width", "3"}); }), ErrorCode::kUnknownOption);
}

/// Four kinds of slips on a word: a letter left out, doubled, swapped with the next, replaced.
std::vector<std::string> typos_of(const std::string& flag) {
  std::vector<std::string> typos;
  for (size_t i = 3; i + 1 < flag.size(); i += 3) {
    typos.push_back(flag.substr(0, i) + flag.substr(i + 1));
    typos.push_back(flag.substr(0, i) + flag[i] + flag.substr(i));
    std::string swapped = flag;
    std::swap(swapped[i], swapped[i + 1]);
    typos.push_back(swapped);
    std::string replaced = flag;
    replaced[i] = replaced[i] == 'x' ? 'y' : 'x';
    typos.push_back(replaced);
  }
  return typos;
}

TEST_F(TrainWords, TyposFindTheirWord) {
  std::set<std::string> known;
  for (const BoundOption& option : options_) {
    known.insert(option.flag);
    known.insert(option.alias);
  }
  int tried = 0, right = 0;
  for (const BoundOption& option : options_) {
    if (option.flag.size() < 6) continue;
    for (const std::string& typo : typos_of(option.flag)) {
      if (known.contains(typo) || typo == option.flag) continue;
      ++tried;
      try {
        parse({typo, "1"});
      } catch (const Error& error) {
        const bool found = error.hint() == "did you mean " + option.flag + "?" ||
                           error.hint() == "did you mean " + option.alias + "?";
        right += found ? 1 : 0;
      }
    }
  }
  EXPECT_GE(tried, 200);
  EXPECT_GE(right, tried * 95 / 100) << right << " of " << tried;
}

TEST(Commands, HaveNoFlagTwice) {
  for (const CommandDef& def : all_commands()) {
    EdgeOptions edge;
    UseOptions use;
    const std::vector<BoundOption> global = global_options(edge, use);
    const auto command = def.make();
    std::vector<BoundOption> options = options_of(*command);
    std::set<std::string> keys, flags;
    for (const BoundOption& option : options) keys.insert(option.key);
    for (const BoundOption& option : global) {
      if (!keys.contains(option.key)) options.push_back(option);
    }
    for (const BoundOption& option : options) {
      for (const std::string& flag : {option.flag, option.alias}) {
        if (flag.empty()) continue;
        EXPECT_TRUE(flags.insert(flag).second) << def.name << " " << flag;
      }
    }
  }
}

TEST(Commands, ShortOptionsAreOnlyTheAgreedOnes) {
  const std::set<std::string> agreed = {"-o", "-n", "-v", "-q"};
  const KnownOptions known;
  for (const BoundOption& option : known.options()) {
    if (option.flag.size() != 2) continue;
    EXPECT_TRUE(agreed.contains(option.flag)) << option.flag;
  }
}

TEST(Help, FitsEightyColumnsAndShowsEveryDefault) {
  for (const CommandDef& def : all_commands()) {
    const std::string screen = run({std::string(def.name), "-h"}).out;
    EXPECT_LE(std::count(screen.begin(), screen.end(), '\n'), 30) << screen;
    EXPECT_EQ(run({std::string(def.name), "--help"}).out,
              run({std::string(def.name), "--help-all"}).out);
    for (const char* word : {"-h", "--help"}) {
      const Printed printed = run({std::string(def.name), word});
      EXPECT_EQ(printed.status, 0);
      EXPECT_TRUE(printed.err.empty());
      for (const std::string& line : split(printed.out, '\n')) {
        EXPECT_LE(line.size(), 80u) << def.name << ": " << line;
      }
    }
  }
  EXPECT_NE(run({"train", "-h"}).out.find("(0.001)"), std::string::npos);
  EXPECT_NE(run({"train", "--help"}).out.find("--kl-warmup"), std::string::npos);
}

TEST(Help, WithoutArgumentsIsTwelveLines) {
  const Printed printed = run({});
  EXPECT_EQ(printed.status, 0);
  EXPECT_EQ(std::count(printed.out.begin(), printed.out.end(), '\n'), 12);
  EXPECT_TRUE(printed.err.empty());
}

TEST(Help, NamesEveryCommandAndTopic) {
  const std::string all = run({"--help"}).out;
  for (const std::string& line : split(all, '\n')) EXPECT_LE(line.size(), 80u) << line;
  for (const CommandDef& def : all_commands()) {
    EXPECT_NE(all.find("  " + std::string(def.name) + " "), std::string::npos) << def.name;
  }
  for (const HelpTopic& topic : help_topics()) {
    const Printed printed = run({"help", std::string(topic.name)});
    EXPECT_EQ(printed.status, 0);
    for (const std::string& line : split(printed.out, '\n')) EXPECT_LE(line.size(), 80u) << line;
  }
}

TEST(Help, ExplainsEveryErrorNumber) {
  for (const ErrorInfo& info : all_error_infos()) {
    const Printed printed = run({"help", error_label(info.code)});
    EXPECT_EQ(printed.status, 0);
    EXPECT_NE(printed.out.find(info.name), std::string::npos);
  }
  EXPECT_EQ(run({"help", "E9999"}).status, 2);
}

TEST(Help, ExplainsTheNumberOfEveryWarning) {
  for (const WarningInfo& info : all_warning_infos()) {
    const Printed printed = run({"help", warning_label(info)});
    EXPECT_EQ(printed.status, 0);
    EXPECT_NE(printed.out.find(info.name), std::string::npos);
  }
  EXPECT_EQ(run({"help", "W9999"}).status, 2);
}

TEST(Run, UsageFaultsExitWithTwo) {
  EXPECT_EQ(run({"trian"}).status, 2);
  EXPECT_EQ(run({"train", "--latnet", "3"}).status, 2);
  EXPECT_EQ(run({"--latnet", "3", "train"}).status, 2);
  EXPECT_EQ(run({"eval", "m"}).status, 2);
  EXPECT_EQ(run({"datasets", "extra"}).status, 2);
  EXPECT_EQ(run({"train", "no-such-file.csv"}).status, 3);
  EXPECT_EQ(run({"eval", "no-such-model", "fashion-mnist"}).status, 3);
}

TEST(Run, ErrorsAreOnStderrWithTheirHint) {
  const Printed printed = run({"train", "photos/", "--latnet", "32"});
  EXPECT_EQ(printed.err, "error[E2002]: unknown option --latnet\n  hint: did you mean --latent?\n");
  EXPECT_TRUE(printed.out.empty());
}

TEST(Run, ErrorsAreOneObjectWithJson) {
  const Printed printed = run({"train", "no-such-file.csv", "--json"});
  const auto parsed = parse_json(printed.out.substr(0, printed.out.size() - 1), {});
  ASSERT_TRUE(std::holds_alternative<Json>(parsed));
  const Json& json = std::get<Json>(parsed);
  EXPECT_EQ(json.at("schema").as_string(), "isthmus.error/1");
  EXPECT_EQ(json.at("code").as_string(), "E3001");
  EXPECT_EQ(json.at("exit").as_int(), printed.status);
  EXPECT_EQ(json.at("where").at("file").as_string(), "no-such-file.csv");
  EXPECT_FALSE(json.at("hint").as_string().empty());
}

TEST(Run, QuietLeavesErrors) {
  const Printed printed = run({"-q", "train", "no-such-file.csv"});
  EXPECT_TRUE(printed.err.starts_with("error[E3001]"));
  EXPECT_TRUE(printed.out.empty());
  EXPECT_TRUE(run({"-q", "datasets"}).out.empty());
}

TEST(Run, ColoursAreOnLabelsOnly) {
  const Printed printed = run({"--color", "always", "trian"});
  EXPECT_TRUE(printed.err.starts_with("\x1b[1;31merror[E2001]\x1b[0m: unknown"));
}

class Sources : public ::testing::Test {
 protected:
  void TearDown() override { unsetenv("ISTHMUS_TRAIN_EPOCHS"); }
  std::string config(const std::string& text) {
    const std::string path = ::testing::TempDir() + "/isthmus_sources.toml";
    write_text(posix_fs(), path, text, Durability::kRename);
    return path;
  }
  std::string epochs(const std::string& path, const std::vector<Setting>& flags) {
    const auto command = find_command("train")->make();
    const std::vector<BoundOption> options = command->options();
    const KnownOptions known;
    origins_.clear();
    apply_settings(posix_fs(), options, known.options(), path, flags, origins_);
    return find_option(options, "train.epochs").get();
  }
  OptionOrigins origins_;
};

TEST_F(Sources, WinInTheirOrder) {
  const std::string path = config("[train]\nepochs = \"3\"\n[eval]\nsamples = 7\n");
  EXPECT_EQ(epochs("none", {}), "auto");
  EXPECT_EQ(epochs(path, {}), "3");
  EXPECT_EQ(origins_.at("train.epochs"), "config");
  setenv("ISTHMUS_TRAIN_EPOCHS", "4", 1);
  EXPECT_EQ(epochs(path, {}), "4");
  EXPECT_EQ(origins_.at("train.epochs"), "env");
  EXPECT_EQ(epochs(path, {{"train.epochs", "5", "--epochs"}}), "5");
  EXPECT_EQ(origins_.at("train.epochs"), "flag");
}

TEST_F(Sources, EveryKeyCanBeSetFromAFile) {
  const KnownOptions known;
  for (const BoundOption& option : known.options()) {
    if (option.key.starts_with("cli.") || option.get() == "none" || option.get().empty()) continue;
    const bool number = option.type == "integer" || option.type == "number";
    const bool bare = (number && option.get() != "auto") || option.type == "flag";
    const std::string value = bare ? option.get() : "\"" + option.get() + "\"";
    const size_t dot = option.key.find('.');
    const std::string path = config("[" + option.key.substr(0, dot) + "]\n" +
                                    option.key.substr(dot + 1) + " = " + value + "\n");
    EXPECT_NO_THROW(epochs(path, {})) << option.key;
  }
}

TEST_F(Sources, FaultsNameLineAndColumn) {
  const std::string path = config("[optimizer]\n\nlearning_rate = \"fast\"\n");
  try {
    epochs(path, {});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kConfigValue);
    EXPECT_EQ(error.where().line, 3);
    EXPECT_EQ(error.where().column, 17);
    EXPECT_NE(config_excerpt(posix_fs(), error).find("^^^^^^ expected a number, greater than 0"),
              std::string::npos);
  }
  try {
    epochs(config("a." + std::string(500, 'a') + " = " + std::string(5000, '[')), {});
    FAIL();
  } catch (const Error& error) {
    EXPECT_LT(config_excerpt(posix_fs(), error).size(), 300u)
        << "only the part of a long line that matters";
    EXPECT_NE(config_excerpt(posix_fs(), error).find("...aaa"), std::string::npos);
  }
  EXPECT_EQ(code_of([&] { epochs(config("[train]\nepoch = 3\n"), {}); }), ErrorCode::kConfigKey);
  EXPECT_EQ(code_of([&] { epochs(config("[train\n"), {}); }), ErrorCode::kConfigSyntax);
  EXPECT_EQ(code_of([&] { epochs(config("[train]\ntime = 2001-01-01\n"), {}); }),
            ErrorCode::kConfigValue);
}

TEST(ConfigFile, OtherCharactersThanAsciiStandInQuotes) {
  const std::vector<ConfigEntry> entries =
      parse_config("\ufeff# größer\n[\"é\"]\nlabels = 'ä' # ä\n", "a.toml");
  ASSERT_EQ(entries.size(), 1u);
  EXPECT_EQ(entries[0].key, "é.labels");
  EXPECT_EQ(entries[0].value, "ä");
  for (const std::string bad :
       {"a = 7 ä\n", "ä = 1", "a = 1 ä", "a = “7”\n", "a = 7\"ä\"", "[/a]\n"}) {
    EXPECT_EQ(code_of([&] { parse_config(bad, "a.toml"); }), ErrorCode::kConfigSyntax) << bad;
  }
}

TEST(ConfigFile, DeepNestingIsRefusedBeforeItIsParsed) {
  const auto repeated = [](const std::string& text, int times) {
    std::string out;
    for (int i = 0; i < times; ++i) out += text;
    return out;
  };
  const int deep = 100000;
  for (const std::string& bad :
       {repeated("a.", deep) + "a = 1\n", repeated("a . ", deep) + "a = 1\n",
        "[" + repeated("a.", deep) + "a]\nb = 1\n", "[[" + repeated("'a'.", deep) + "a]]\n",
        "a = " + repeated("[", deep) + repeated("]", deep) + "\n",
        "a = " + repeated("{a=", deep) + "1" + repeated("}", deep),
        "a = {" + repeated("a.", deep) + "a = 1}\n", "a = [\n" + repeated("{a.a=[\n", deep),
        "# \"\na = 1 # '''\n" + repeated("a.", deep) + "a = 1\n",
        "a = '''x''''\n" + repeated("a.", deep) + "a = 1\n",
        "a = \"\"\"\\\"\"\"\"\"\"\n" + repeated("a.", deep) + "a = 1\n"}) {
    EXPECT_EQ(code_of([&] { parse_config(bad, "a.toml"); }), ErrorCode::kConfigSyntax)
        << bad.substr(0, 40);
  }
  try {
    parse_config("b = 1\n" + repeated("a.", 16) + "a = 1\n", "a.toml");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.where().line, 2);
    EXPECT_EQ(error.where().column, 32);
  }
}

TEST(ConfigFile, DotsAndBracketsInTextsAndNumbersAreNotDepth) {
  const std::string dots(100, '.'), brackets(100, '[');
  const std::string texts = "a.b = '" + dots + brackets + "'\n\"c" + dots + "\" = 1 # " + dots +
                            brackets + "\nd = '''\n" + dots + "''" + dots + "\n'''''\n";
  EXPECT_EQ(parse_config(texts, "a.toml").size(), 3u);
  std::string numbers = "a = [";
  for (int i = 0; i < 1000; ++i) numbers += "0.5, ";
  EXPECT_EQ(parse_config(numbers + "1]\n", "a.toml").size(), 1u);
}

Progress progress_of(int64_t epochs, double objective) {
  Progress p;
  p.epoch = epochs / 2;
  p.max_epochs = epochs;
  p.share = 0.611;
  p.terms = {.objective = objective, .reconstruction = objective - 15.4, .kl = 15.4};
  p.items_per_second = 118123;
  p.eta_seconds = 4;
  return p;
}

TEST(ProgressLine, FitsItsTerminal) {
  for (int width : {20, 40, 60, 80, 100, 120, 200}) {
    for (int64_t epochs : {2, 20, 500}) {
      for (double objective : {-3.0, 251.3, 12345.6}) {
        const std::string line = progress_line(progress_of(epochs, objective), "images", width);
        EXPECT_LT(line.size(), static_cast<size_t>(width)) << line;
      }
    }
  }
}

TEST(ProgressLine, ShowsAllOnAWideTerminal) {
  EXPECT_EQ(progress_line(progress_of(26, 251.3), "images", 140),
            "epoch 13/26 [============>-------]  61%  objective 251.3  reconstruction 235.9  "
            "kl 15.4  118k images/s  ETA 0:00:04");
}

Progress open_ended() {
  Progress p = progress_of(500, 251.3);
  p.eta_seconds = kUnknown;
  p.best_score = -242.13;
  p.without_gain = 3;
  p.patience = 10;
  p.earliest_end_seconds = 12.4;
  return p;
}

TEST(ProgressLine, OfAnOpenEndShowsTheBestPatienceAndTheEarliestEnd) {
  const std::string wide = progress_line(open_ended(), "images", 200);
  EXPECT_NE(wide.find("best -242.1 (3 of 10 without gain), ends in 0:00:12 at the earliest"),
            std::string::npos)
      << wide;
  const std::string narrow = progress_line(open_ended(), "images", 80);
  EXPECT_NE(narrow.find("best -242.1 (3 of 10) >= 0:00:12"), std::string::npos) << narrow;
}

TEST(ShortCount, HasThreeDigitsAtMost) {
  EXPECT_EQ(short_count(950), "950");
  EXPECT_EQ(short_count(118123), "118k");
  EXPECT_EQ(short_count(1234567), "1.2M");
  EXPECT_EQ(short_count(-1), "-");
}

}  // namespace
}  // namespace isthmus
