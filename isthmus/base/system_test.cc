// SPDX-License-Identifier: Apache-2.0
// The small doors to the system (environment, clocks, log sink, memory, control groups) and the
// texts for people.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>

#include "isthmus/base/cgroup.h"
#include "isthmus/base/clock.h"
#include "isthmus/base/env.h"
#include "isthmus/base/log.h"
#include "isthmus/base/memory.h"
#include "isthmus/base/shown_list.h"
#include "isthmus/base/text.h"

namespace isthmus {
namespace {

TEST(ShownList, IsCutWithACount) {
  EXPECT_EQ(shown_list({}), "");
  EXPECT_EQ(shown_list({"a", "b"}), "a, b");
  std::vector<std::string> names(20000, "x");
  EXPECT_EQ(shown_list(names, 3), "x, x, x and 19,997 more");
  names.resize(4);
  EXPECT_EQ(shown_list(names, 3), "x, x, x, x") << "a count of one saves nothing";
  EXPECT_EQ(shown_list({std::string(63, 'n') + "ä"}), std::string(63, 'n') + "...");
}

TEST(Env, FindsItsOwnVariablesSorted) {
  setenv("ISTHMUS_TRAIN_EPOCHS", "3=4", 1);
  setenv("ISTHMUS_MODEL_BETA", "", 1);
  const auto found = isthmus_env_variables();
  unsetenv("ISTHMUS_TRAIN_EPOCHS");
  unsetenv("ISTHMUS_MODEL_BETA");
  const std::pair<std::string, std::string> beta{"ISTHMUS_MODEL_BETA", ""},
      epochs{"ISTHMUS_TRAIN_EPOCHS", "3=4"};
  const auto first = std::find(found.begin(), found.end(), beta);
  ASSERT_NE(first, found.end());
  EXPECT_NE(std::find(first, found.end(), epochs), found.end());
  EXPECT_FALSE(env_value("ISTHMUS_MODEL_BETA"));
  EXPECT_FALSE(known_env_variables().empty());
}

TEST(Clock, IsMonotonicAndWallTimeHasItsForm) {
  const double before = monotonic_clock().seconds();
  EXPECT_GE(monotonic_clock().seconds(), before);
  const std::string now = wall_time_utc();
  ASSERT_EQ(now.size(), 20u) << now;
  EXPECT_EQ(now[10], 'T');
  EXPECT_EQ(now[19], 'Z');
}

TEST(Log, GoesToTheSinkOrNowhere) {
  std::vector<std::string> seen;
  const LogSink old = set_log_sink([&](const LogEvent& e) { seen.push_back(e.code + e.text); });
  log_info("one");
  log_warning("W2102", "two");
  const LogSink mine = set_log_sink(old);
  EXPECT_TRUE(mine);
  log_info("three");
  EXPECT_EQ(seen, (std::vector<std::string>{"one", "W2102two"}));
}

TEST(Memory, IsKnown) {
  EXPECT_GT(total_ram_bytes(), uint64_t{64} << 20);
  EXPECT_GT(peak_rss_bytes(), uint64_t{1} << 20);
  EXPECT_LT(peak_rss_bytes(), total_ram_bytes());
  EXPECT_GT(usable_memory().bytes, 0u);
  EXPECT_LE(usable_memory().bytes, total_ram_bytes());
  EXPECT_FALSE(usable_memory().source.empty());
}

class Cgroups : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = ::testing::TempDir() + "isthmus_cgroup_" +
            ::testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(root_);
  }
  void TearDown() override { std::filesystem::remove_all(root_); }
  void put(const std::string& folder, const std::string& name, std::string_view text) {
    posix_fs().make_folders(root_ + folder);
    write_text(posix_fs(), root_ + folder + "/" + name, text, Durability::kRename);
  }
  CgroupLimits read(std::string_view groups) {
    return read_cgroup_limits(posix_fs(), root_, groups);
  }
  std::string root_;
};

TEST_F(Cgroups, OfVersion2AreTheSmallestOnTheWayUp) {
  put("/a", "cpu.max", "400000 100000\n");
  put("/a", "memory.max", "1000000\n");
  put("/a/b", "cpu.max", "max 100000\n");
  put("/a/b", "memory.max", "2000000\n");
  const CgroupLimits limits = read("0::/a/b\n");
  EXPECT_EQ(limits.cpus, 4.0);
  EXPECT_EQ(limits.cpu_source, root_ + "/a/cpu.max");
  EXPECT_EQ(limits.memory_bytes, 1000000u);
  EXPECT_EQ(limits.memory_source, root_ + "/a/memory.max");
}

TEST_F(Cgroups, OfAContainerAreReadAtTheMount) {
  put("", "cpu.max", "150000 100000\n");
  put("", "memory.max", "max\n");
  const CgroupLimits limits = read("0::/docker/1234\n");
  EXPECT_EQ(limits.cpus, 1.5);
  EXPECT_FALSE(limits.memory_bytes);
}

TEST_F(Cgroups, OfVersion1AreRead) {
  put("/cpu,cpuacct/job", "cpu.cfs_quota_us", "250000\n");
  put("/cpu,cpuacct/job", "cpu.cfs_period_us", "100000\n");
  put("/memory/job", "memory.limit_in_bytes", "5000\n");
  put("/memory", "memory.limit_in_bytes", "9223372036854771712\n");
  const CgroupLimits limits = read("4:cpu,cpuacct:/job\n3:memory:/job\n2:pids:/job\n");
  EXPECT_EQ(limits.cpus, 2.5);
  EXPECT_EQ(limits.memory_bytes, 5000u);
}

TEST_F(Cgroups, NonsenseSetsNoLimit) {
  put("", "cpu.max", "abc\n");
  put("", "memory.max", "-5\n");
  for (const char* groups : {"", "\n", "::", "0:", "0::/", "garbage"}) {
    const CgroupLimits limits = read(groups);
    EXPECT_FALSE(limits.cpus);
    EXPECT_FALSE(limits.memory_bytes);
  }
}

TEST(Text, NumbersAreGrouped) {
  EXPECT_EQ(group_digits(0), "0");
  EXPECT_EQ(group_digits(999), "999");
  EXPECT_EQ(group_digits(1000), "1,000");
  EXPECT_EQ(group_digits(1234567), "1,234,567");
  EXPECT_EQ(group_digits(-123456), "-123,456");
  EXPECT_EQ(group_digits(INT64_MIN), "-9,223,372,036,854,775,808");
}

TEST(Text, TimesAndSizesAreShort) {
  EXPECT_EQ(format_seconds(12.9), "0:00:12");
  EXPECT_EQ(format_seconds(3661), "1:01:01");
  EXPECT_EQ(format_seconds(360000), "100:00:00");
  EXPECT_EQ(format_seconds(std::nan("")), "-");
  EXPECT_EQ(format_bytes(0), "0 B");
  EXPECT_EQ(format_bytes(1023), "1023 B");
  EXPECT_EQ(format_bytes(1024), "1 KiB");
  EXPECT_EQ(format_bytes(1536), "1.5 KiB");
  EXPECT_EQ(format_bytes(uint64_t{180} << 20), "180 MiB");
  EXPECT_EQ(format_bytes((uint64_t{1} << 20) - 1), "1 MiB");
  EXPECT_EQ(format_bytes(UINT64_MAX), "16 EiB");
}

TEST(Text, FixedNumbersHaveNoLocaleAndNoMinusZero) {
  EXPECT_EQ(format_fixed(3.14159, 2), "3.14");
  EXPECT_EQ(format_fixed(-0.001, 2), "0.00");
  EXPECT_EQ(format_fixed(-1.5, 1), "-1.5");
  EXPECT_EQ(format_fixed(1e308, 0).size(), 309u);
  EXPECT_EQ(format_fixed(INFINITY, 2), "-");
}

TEST(Text, IsJoinedSplitAndEscaped) {
  EXPECT_EQ(join({"a", "b"}, ", "), "a, b");
  EXPECT_EQ(join({}, ","), "");
  EXPECT_EQ(split("a,,b", ','), (std::vector<std::string>{"a", "", "b"}));
  EXPECT_EQ(split("", ','), (std::vector<std::string>{""}));
  EXPECT_EQ(escape_html("<a href=\"x\">&'"), "&lt;a href=&quot;x&quot;&gt;&amp;&#39;");
  EXPECT_EQ(pad_right("ü", 3), "ü  ");
  EXPECT_EQ(pad_right("abcd", 3), "abcd");
}

}  // namespace
}  // namespace isthmus
