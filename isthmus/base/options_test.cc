// SPDX-License-Identifier: Apache-2.0
// Options from texts: what is accepted, what is refused, what the refusal says.
#include "isthmus/base/options.h"

#include <gtest/gtest.h>

#include "isthmus/base/limits.h"
#include "isthmus/base/own_options.h"

namespace isthmus {
namespace {

std::vector<std::string> schedules() { return {"constant", "cosine", "step"}; }

struct Inner {
  float beta1 = 0.9f;
  std::string schedule = "constant";
  static constexpr auto fields() {
    return std::tuple{
        field(&Inner::beta1, "beta1", between(0, 1), "Decay."),
        field(&Inner::schedule, "learning_schedule", one_of(schedules), "How the rate changes.")};
  }
};
struct Outer {
  bool report = true;
  int latent_dim = 20;
  int64_t epochs = 10;
  uint64_t seed = 0;
  double learning_rate = 1e-3;
  std::string out;
  std::vector<int64_t> hidden = {256, 128};
  std::vector<std::string> exclude;
  std::optional<double> clip;
  Duration time{60};
  ByteSize memory{uint64_t{1} << 30};
  Inner optimizer;
  static constexpr auto fields() {
    using O = Outer;
    return std::tuple{
        field(&O::report, "report", any_value(), "Write a report."),
        field(&O::latent_dim, "latent_dim", at_least(1), "Latent size.", {.flag = "--latent"}),
        field(&O::epochs, "epochs", at_least(1), "Passes."),
        field(&O::seed, "seed", any_value(), "Seed."),
        field(&O::learning_rate, "learning_rate", greater_than(0), "Rate.", {.alias = "--lr"}),
        field(&O::out, "out", any_value(), "Where to."),
        field(&O::hidden, "hidden", at_least(1), "Widths."),
        field(&O::exclude, "exclude", any_value(), "Columns."),
        field(&O::clip, "clip", greater_than(0), "Norm."),
        field(&O::time, "time", greater_than(0), "Budget."),
        field(&O::memory, "memory", any_value(), "Budget."),
        nested(&O::optimizer, "optimizer", "The optimizer.")};
  }
};

Error error_of(std::string_view key, std::string_view text) {
  Outer o;
  try {
    set_option(o, key, text);
  } catch (const Error& e) {
    return e;
  }
  ADD_FAILURE() << key << " accepts \"" << text << "\"";
  return Error(ErrorCode::kInternal, "");
}

TEST(Options, AreBoundInOrderWithNestedKeys) {
  Outer o;
  const auto options = bind_options(o);
  ASSERT_EQ(options.size(), 13u);
  EXPECT_EQ(options[1].key, "latent_dim");
  EXPECT_EQ(options[1].flag, "--latent");
  EXPECT_EQ(options[1].type, "integer");
  EXPECT_EQ(options[1].bounds, "at least 1");
  EXPECT_EQ(options[1].default_text, "20");
  EXPECT_EQ(options[4].flag, "--learning-rate");
  EXPECT_EQ(options[4].alias, "--lr");
  EXPECT_EQ(options[8].default_text, "none");
  EXPECT_EQ(options[12].key, "optimizer.learning_schedule");
  EXPECT_EQ(options[12].flag, "--learning-schedule");
  EXPECT_EQ(options[12].words, schedules());
}

TEST(Options, AreSetFromTexts) {
  Outer o;
  set_option(o, "latent_dim", "2");
  set_option(o, "learning_rate", "1e-2");
  set_option(o, "hidden", "512, 64");
  set_option(o, "exclude", "id,\"\",a\\,b, c ");
  set_option(o, "clip", "0.5");
  set_option(o, "time", "250ms");
  set_option(o, "memory", "512MiB");
  set_option(o, "optimizer.beta1", "0.1");
  set_option(o, "seed", "18446744073709551615");
  EXPECT_EQ(o.latent_dim, 2);
  EXPECT_EQ(o.learning_rate, 0.01);
  EXPECT_EQ(o.hidden, (std::vector<int64_t>{512, 64}));
  EXPECT_EQ(o.exclude, (std::vector<std::string>{"id", "", "a,b", "c"}));
  EXPECT_EQ(o.clip, 0.5);
  EXPECT_EQ(o.time.seconds, 0.25);
  EXPECT_EQ(o.memory.bytes, uint64_t{512} << 20);
  EXPECT_EQ(o.optimizer.beta1, 0.1f);
  EXPECT_EQ(o.seed, UINT64_MAX);
  set_option(o, "clip", "none");
  set_option(o, "hidden", "");
  EXPECT_FALSE(o.clip);
  EXPECT_TRUE(o.hidden.empty());
}

TEST(Options, TruthHasFourSpellings) {
  Outer o;
  for (const char* no : {"false", "off", "no", "0"}) {
    o.report = true;
    set_option(o, "report", no);
    EXPECT_FALSE(o.report) << no;
  }
  for (const char* yes : {"true", "on", "yes", "1"}) {
    o.report = false;
    set_option(o, "report", yes);
    EXPECT_TRUE(o.report) << yes;
  }
  error_of("report", "True");
  error_of("report", "");
}

TEST(Options, SharesMayBePercentages) {
  double share = 0.5;
  parse_value("share", "1%", between(0, 1), share);
  EXPECT_EQ(share, 0.01);
  parse_value("share", "100%", between(0, 1), share);
  EXPECT_EQ(share, 1);
  EXPECT_THROW(parse_value("share", "101%", between(0, 1), share), Error);
  EXPECT_THROW(parse_value("share", "%", between(0, 1), share), Error);
  EXPECT_THROW(parse_value("rate", "1%", greater_than(0), share), Error);
}

TEST(Options, RefusalNamesValueBoundsAndDefault) {
  const Error e = error_of("latent_dim", "abc");
  EXPECT_EQ(e.code(), ErrorCode::kBadValue);
  EXPECT_EQ(e.message(), "latent_dim = \"abc\" is not a whole number");
  EXPECT_EQ(e.hint(), "expected an integer, at least 1 (default 20)");
  EXPECT_EQ(e.where().key, "latent_dim");
  EXPECT_EQ(error_of("latent_dim", "0").message(), "latent_dim = \"0\" is out of range");
  EXPECT_EQ(error_of("clip", "0").hint(), "expected a number, greater than 0 (default none)");
  EXPECT_EQ(error_of("optimizer.learning_schedule", "cosin").hint(),
            "did you mean \"cosine\"? expected one of constant, cosine, step (default constant)");
}

TEST(Options, NothingMayFollowAValue) {
  for (const char* text : {"", " 2", "2 ", "2x", "+2", "0x2", "2.0", "1e3", "2,3", "-", "none",
                           "99999999999", "--2"}) {
    error_of("latent_dim", text);
  }
  for (const char* text :
       {"", "nan", "inf", "-inf", "1e999", "0.1.2", "1,5", "0x1p3", " 1", "1 "}) {
    error_of("learning_rate", text);
  }
  for (const char* text : {"1,,2", ",1", "1,", "a", "1;2", "256,0", "99999999999999999999"}) {
    error_of("hidden", text);
  }
  for (const char* text : {"a,,b", ",a", "a,"}) error_of("exclude", text);
  for (const char* text : {"-1", "1.5", "18446744073709551616"}) error_of("seed", text);
  for (const char* text : {"60", "s", "0s", "-5s", "1e3s", "5 m", "5min", "nans", "infs"}) {
    error_of("time", text);
  }
  for (const char* text : {"", "MiB", "-1", "1XiB", "1 GiB", "99999999999TiB", "nanB"}) {
    error_of("memory", text);
  }
}

TEST(Options, FailureLeavesTheOldValue) {
  Outer o;
  EXPECT_THROW(set_option(o, "hidden", "64,x"), Error);
  EXPECT_THROW(set_option(o, "clip", "x"), Error);
  EXPECT_EQ(o.hidden, (std::vector<int64_t>{256, 128}));
  EXPECT_FALSE(o.clip);
}

TEST(Options, FloatBoundsAreThoseOfTheText) {
  // The float nearest to 0.1 is above 0.1.
  float value = 0;
  parse_value("x", "0.1", between(0, 0.1), value);
  EXPECT_EQ(value, 0.1f);
  EXPECT_THROW(parse_value("x", "1e39", any_value(), value), Error);
}

TEST(Options, PrintedTextReadsBackTheSame) {
  const auto check = [](auto value) {
    decltype(value) back{};
    parse_value("x", print_value(value), any_value(), back);
    EXPECT_EQ(back, value) << print_value(value);
  };
  check(true);
  check(INT64_MIN);
  check(INT64_MAX);
  check(UINT64_MAX);
  for (double v : {0.0, -0.0, 0.1, 1e-3, 1e300, 5e-324, 123456789.125, 1.0 / 3}) check(v);
  for (float v : {0.1f, 1e-45f, 3.4e38f, 16777216.0f, 1.0f / 3}) check(v);
  for (double s : {0.001, 0.25, 1.0, 59.5, 60.0, 90.0, 3600.0, 86400.0, 172800.0, 0.1, 1e-9,
                   1234567.891, 1e12, 0.0}) {
    check(Duration{s});
  }
  for (uint64_t b : {uint64_t{0}, uint64_t{1}, uint64_t{4096}, uint64_t{512} << 20,
                     (uint64_t{1} << 40) + 1, uint64_t{3} << 40, UINT64_MAX}) {
    check(ByteSize{b});
  }
  check(std::vector<int64_t>{});
  check(std::vector<int64_t>{-1, 0, 5});
  check(std::vector<std::string>{});
  check(std::vector<std::string>{"", "a,b", " c ", "\\", "\"\"", "\"", "d e", "\\,", "ü"});
}

TEST(Options, GetAndSetChangeNothing) {
  Outer o;
  o.exclude = {"price, net", ""};
  o.clip = 1.0 / 3;
  for (const BoundOption& option : bind_options(o)) {
    const std::string before = option.get();
    option.set(before);
    EXPECT_EQ(option.get(), before) << option.key;
  }
}

TEST(Options, UnitsAreTheUsualOnes) {
  const auto bytes = [](std::string_view text) {
    ByteSize b;
    parse_value("x", text, any_value(), b);
    return b.bytes;
  };
  EXPECT_EQ(bytes("1KiB"), 1024u);
  EXPECT_EQ(bytes("2G"), uint64_t{2} << 30);
  EXPECT_EQ(bytes("2GB"), 2000000000u);
  EXPECT_EQ(bytes("1.5GiB"), uint64_t{3} << 29);
  EXPECT_EQ(print_value(ByteSize{uint64_t{1536} << 10}), "1536KiB");
  EXPECT_EQ(print_value(Duration{600}), "10m");
  EXPECT_EQ(print_value(Duration{7200}), "2h");
  EXPECT_EQ(print_value(Duration{0.25}), "250ms");
  EXPECT_EQ(print_value(Duration{90}), "90s");
}

TEST(Options, UnknownKeyIsRefusedWithTheNearest) {
  const Error e = error_of("latent_dmi", "3");
  EXPECT_EQ(e.code(), ErrorCode::kUnknownOption);
  EXPECT_EQ(e.hint(), "did you mean \"latent_dim\"?");
  EXPECT_EQ(error_of("beta", "3").hint(), "did you mean \"optimizer.beta1\"?");
  EXPECT_EQ(error_of("zzz", "3").hint(), error_info(ErrorCode::kUnknownOption).remedy);
}

TEST(Options, BoundsAreDescribed) {
  EXPECT_EQ(describe_bounds(any_value()), "");
  EXPECT_EQ(describe_bounds(at_least(1)), "at least 1");
  EXPECT_EQ(describe_bounds(greater_than(0)), "greater than 0");
  EXPECT_EQ(describe_bounds(between(0, 0.5)), "between 0 and 0.5");
  EXPECT_EQ(describe_bounds(between(1, 100000000)), "between 1 and 100,000,000");
  EXPECT_EQ(describe_bounds({.low = 0, .high = 1, .high_open = true}),
            "at least 0 and less than 1");
  EXPECT_EQ(describe_bounds(one_of(schedules)), "one of constant, cosine, step");
}

TEST(Limits, CanBeSetAndNameTheOptionThatRaisesThem) {
  Limits limits;
  set_option(limits, "header_bytes", "8MiB");
  EXPECT_EQ(limits.header_bytes.bytes, uint64_t{8} << 20);
  set_option(limits, "data_bytes", "100");
  limits.require_data_bytes(100);
  try {
    limits.require_data_bytes(101);
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::kOverLimit);
    EXPECT_NE(e.hint().find("--set limits.data_bytes=101"), std::string::npos) << e.hint();
  }
}

struct ShareOptions {
  double level = 0.25;
  static constexpr auto fields() {
    return std::tuple{field(&ShareOptions::level, "zoo.level", between(0, 1), "Share.")};
  }
};
struct WidthOptions {
  double level = 0.5;
  static constexpr auto fields() {
    return std::tuple{field(&WidthOptions::level, "zoo.level", greater_than(0), "Width.")};
  }
};

/// Which of the owners will be chosen is not known where a value is read.
TEST(UnitedOptions, TellWhatEachOwnerWantsOfAValueThatSuitsNone) {
  const std::vector<OptionOwner> owners = {{.zoo = "zoo",
                                            .key = "zoo.name",
                                            .name = "share",
                                            .options = described_options<ShareOptions>()},
                                           {.zoo = "zoo",
                                            .key = "zoo.name",
                                            .name = "width",
                                            .options = described_options<WidthOptions>()},
                                           {.zoo = "zoo",
                                            .key = "zoo.name",
                                            .name = "other",
                                            .options = described_options<ShareOptions>()}};
  const std::vector<BoundOption> united = united_options(owners);
  ASSERT_EQ(united.size(), 1u);
  EXPECT_EQ(united[0].default_text, "auto");
  EXPECT_EQ(united[0].owners, "share, width, other");
  EXPECT_NO_THROW(united[0].set("7"));
  EXPECT_NO_THROW(united[0].set("0"));
  try {
    united[0].set("-1");
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::kBadValue);
    EXPECT_EQ(e.hint(),
              "share, other: expected a number, between 0 and 1 (default 0.25); "
              "width: expected a number, greater than 0 (default 0.5)");
  }
}

}  // namespace
}  // namespace isthmus
