// SPDX-License-Identifier: Apache-2.0
// A folder of results is whole or not there, whichever write fails.
#include "isthmus/base/new_folder.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <map>

#include "isthmus/testing/fault_fs.h"

namespace isthmus {
namespace {

using Content = std::map<std::string, std::string>;

class Folders : public ::testing::Test {
 protected:
  void TearDown() override { std::filesystem::remove_all(root_); }

  static void write_three(Fs& fs, const std::string& path,
                          const std::vector<std::string>& replaced) {
    NewFolder folder(fs, path);
    folder.replace(replaced);
    for (const std::string name : {"a", "b", "c"}) {
      folder.write(name, std::as_bytes(std::span(name)));
    }
    folder.keep();
  }
  /// Everything below the root, hidden files too.
  Content content() const {
    Content found;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root_)) {
      if (!entry.is_regular_file()) continue;
      const Bytes bytes = posix_fs().read_file(entry.path(), 99);
      found[std::filesystem::relative(entry.path(), root_)] = {
          reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    }
    return found;
  }
  /// Each write fails once, starting from files with these contents. Then they are all that is
  /// there; `after` when none failed.
  void expect_all_or_nothing(const Content& before, const Content& after,
                             const std::vector<std::string>& replaced = {}) {
    for (int64_t n = 1;; ++n) {
      std::filesystem::remove_all(root_);
      posix_fs().make_folders(root_);
      for (const auto& [name, text] : before) {
        std::filesystem::create_directories(std::filesystem::path(root_) / "out");
        write_text(posix_fs(), join_path(root_, name), text, Durability::kRename);
      }
      FaultFs fs(posix_fs());
      fs.fail_at(n, ErrorCode::kDiskFull);
      try {
        write_three(fs, join_path(root_, "out/"), replaced);
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::kDiskFull);
        EXPECT_EQ(content(), before) << "write " << n;
        continue;
      }
      // A replaced file that could not be removed at the very end stays out of sight.
      Content seen = content();
      std::erase_if(seen, [](const auto& file) { return file.first.starts_with("out/."); });
      EXPECT_EQ(seen, after) << "write " << n;
      if (fs.writes() < n) return;
    }
  }

  std::string root_ = ::testing::TempDir() + "isthmus_new_folder_" + std::to_string(getpid());
};

TEST_F(Folders, AreWholeOrNotThere) {
  expect_all_or_nothing({}, {{"out/a", "a"}, {"out/b", "b"}, {"out/c", "c"}});
}

TEST_F(Folders, ThatExistGetAllFilesOrNone) {
  expect_all_or_nothing({{"out/mine", "m"}},
                        {{"out/mine", "m"}, {"out/a", "a"}, {"out/b", "b"}, {"out/c", "c"}});
  EXPECT_EQ(posix_fs().list_folder(join_path(root_, "out")).size(), 4u);
}

TEST_F(Folders, StaleFilesOfAnEarlierResultGoWithIt) {
  expect_all_or_nothing({{"out/mine", "m"}, {"out/a", "old"}, {"out/d", "old"}, {"out/e", "old"}},
                        {{"out/mine", "m"}, {"out/a", "a"}, {"out/b", "b"}, {"out/c", "c"}},
                        {"a", "d", "e"});
  EXPECT_EQ(posix_fs().list_folder(join_path(root_, "out")).size(), 4u);
}

}  // namespace
}  // namespace isthmus
