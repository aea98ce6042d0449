// SPDX-License-Identifier: Apache-2.0
// A resumed run says what has changed since, and asks for attention only when bits may.
#include "isthmus/train/resume_changes.h"

#include <gtest/gtest.h>

#include "isthmus/base/version.h"
#include "isthmus/testing/tiny_run.h"

namespace isthmus {
namespace {

DeviceInfo this_device() {
  return {.kind = "cpu",
          .name = "A processor",
          .instruction_set = "AVX2",
          .threads = 2,
          .arithmetic = "xxh3-128:1"};
}

/// A folder whose run.json tells of such a past.
std::string folder_with(const std::string& name, const std::string& run_json) {
  const std::string folder = fresh_folder(name);
  posix_fs().make_folders(folder);
  write_text(posix_fs(), join_path(folder, "run.json"), run_json, Durability::kRename);
  return folder;
}

std::string record(const std::string& version, const std::string& compiler, int threads) {
  return R"({"build":{"version":")" + version + R"(","compiler":")" + compiler +
         R"("},"device":{"name":"A processor","isa":"AVX2","threads":)" + std::to_string(threads) +
         "}}";
}

ChangesSinceCheckpoint changes(const std::string& folder, const std::string& arithmetic) {
  return changes_since_checkpoint(posix_fs(), folder, this_device(), arithmetic);
}

TEST(ResumeChanges, NothingChanged) {
  const std::string folder = folder_with("same", record(std::string(kVersion), __VERSION__, 2));
  const ChangesSinceCheckpoint c = changes(folder, "xxh3-128:1");
  EXPECT_EQ(note_of(c), "arithmetic unchanged");
  EXPECT_EQ(warning_of(c), "");
}

TEST(ResumeChanges, AnotherNumberOfThreadsIsToldAndHarmless) {
  const std::string folder = folder_with("threads", record(std::string(kVersion), __VERSION__, 7));
  const ChangesSinceCheckpoint c = changes(folder, "xxh3-128:1");
  EXPECT_EQ(note_of(c), "arithmetic unchanged, threads 7 -> 2 (the same bits)");
  EXPECT_EQ(warning_of(c), "");
}

TEST(ResumeChanges, AnotherBuildMayChangeBits) {
  const std::string folder = folder_with("build", record("0.0.1", "7.1", 2));
  const ChangesSinceCheckpoint c = changes(folder, "xxh3-128:1");
  EXPECT_EQ(c.parts,
            "isthmus 0.0.1 -> " + std::string(kVersion) + ", compiler 7.1 -> " + __VERSION__);
  EXPECT_NE(warning_of(c).find("bits may differ"), std::string::npos);
}

TEST(ResumeChanges, OtherArithmeticIsNotBitIdentical) {
  const std::string folder = folder_with("other", record(std::string(kVersion), __VERSION__, 2));
  const ChangesSinceCheckpoint c = changes(folder, "xxh3-128:2");
  EXPECT_EQ(note_of(c), "arithmetic changed");
  EXPECT_NE(warning_of(c).find("not be bit-identical"), std::string::npos);
}

TEST(ResumeChanges, ARecordThatCannotBeReadCountsAsUnknown) {
  for (const char* text : {"", "[", "[]", "3", R"({"build":[],"device":3})",
                           R"({"build":{"version":{},"libraries":[3,{},{"name":1}]}})"}) {
    const ChangesSinceCheckpoint c = changes(folder_with("odd", text), "xxh3-128:1");
    EXPECT_EQ(c.threads, "") << text;
    EXPECT_FALSE(c.arithmetic) << text;
  }
  EXPECT_EQ(note_of(changes(fresh_folder("none"), "xxh3-128:1")), "arithmetic unchanged");
}

}  // namespace
}  // namespace isthmus
