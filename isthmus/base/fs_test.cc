// SPDX-License-Identifier: Apache-2.0
// The real file system in a temporary folder: atomicity, errors, locks.
#include "isthmus/base/fs.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <set>

#include "isthmus/base/error.h"
#include "isthmus/base/thread_pool.h"
#include "isthmus/testing/fault_fs.h"

namespace isthmus {
namespace {

class Files : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = ::testing::TempDir() + "isthmus_fs_" + std::to_string(getpid()) + "_" +
            ::testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(root_);
    fs_.make_folders(root_);
  }
  void TearDown() override { std::filesystem::remove_all(root_); }
  std::string path(std::string_view name) const { return join_path(root_, name); }
  std::string text(const std::string& file) {
    const Bytes bytes = fs_.read_file(file, 1 << 20);
    return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }
  static ErrorCode code_of(const std::function<void()>& action) {
    try {
      action();
    } catch (const Error& e) {
      EXPECT_FALSE(e.where().file.empty()) << e.what();
      return e.code();
    }
    return ErrorCode::kInternal;
  }
  unsigned mode(const std::string& file) {
    struct ::stat s {};
    EXPECT_EQ(::stat(file.c_str(), &s), 0);
    return s.st_mode & 07777;
  }

  Fs& fs_ = posix_fs();
  std::string root_;
};

TEST_F(Files, AreWrittenAndReadBack) {
  for (Durability d : {Durability::kRename, Durability::kSynced}) {
    write_text(fs_, path("a"), "first", d);
    EXPECT_EQ(text(path("a")), "first");
    write_text(fs_, path("a"), "", d);
    EXPECT_EQ(text(path("a")), "");
  }
  const std::string large(3'000'000, 'x');
  write_text(fs_, path("large"), large, Durability::kRename);
  EXPECT_EQ(fs_.read_file(path("large"), large.size()).size(), large.size());
  EXPECT_EQ(fs_.read_prefix(path("large"), 7).size(), 7u);
  EXPECT_EQ(fs_.read_prefix(path("large"), 1 << 30).size(), large.size());
  EXPECT_EQ(fs_.list_folder(root_), (std::vector<std::string>{"a", "large"}));
  const auto info = fs_.stat(path("large"));
  ASSERT_TRUE(info);
  EXPECT_TRUE(info->is_regular);
  EXPECT_EQ(info->bytes, large.size());
  EXPECT_TRUE(fs_.stat(root_)->is_folder);
  EXPECT_FALSE(fs_.stat(path("none")));
}

TEST_F(Files, LimitsHoldAtTheByte) {
  write_text(fs_, path("a"), "12345", Durability::kRename);
  EXPECT_EQ(fs_.read_file(path("a"), 6).size(), 5u);
  EXPECT_EQ(fs_.read_file(path("a"), 5).size(), 5u);
  EXPECT_EQ(fs_.read_file(path("a"), UINT64_MAX).size(), 5u);
  EXPECT_EQ(code_of([&] { fs_.read_file(path("a"), 4); }), ErrorCode::kOverLimit);
  // Files of the kernel announce no size; the limit holds all the same.
  EXPECT_GT(fs_.read_file("/proc/self/status", 1 << 20).size(), 0u);
  EXPECT_EQ(code_of([&] { fs_.read_file("/proc/self/status", 10); }), ErrorCode::kOverLimit);
  EXPECT_EQ(code_of([&] { fs_.read_file("/dev/zero", 100000); }), ErrorCode::kOverLimit);
}

TEST_F(Files, ReadErrorsAreNamed) {
  EXPECT_EQ(code_of([&] { fs_.read_file(path("none"), 9); }), ErrorCode::kFileMissing);
  EXPECT_EQ(code_of([&] { fs_.read_file(root_, 9); }), ErrorCode::kUnreadable);
  EXPECT_EQ(code_of([&] { fs_.list_folder(path("none")); }), ErrorCode::kFileMissing);
  write_text(fs_, path("a"), "x", Durability::kRename);
  EXPECT_EQ(code_of([&] { fs_.read_file(path("a/b"), 9); }), ErrorCode::kFileMissing);
}

TEST_F(Files, WriteErrorsAreNamedAndLeaveNothing) {
  const auto write = [&](const std::string& p) {
    return code_of([&] { write_text(fs_, p, "x", Durability::kSynced); });
  };
  EXPECT_EQ(write(path("none/a")), ErrorCode::kNoFolder);
  fs_.make_folders(path("folder"));
  EXPECT_EQ(write(path("folder")), ErrorCode::kIoError);
  write_text(fs_, path("file"), "x", Durability::kRename);
  EXPECT_EQ(write(path("file/a")), ErrorCode::kNoFolder);
  EXPECT_EQ(write("/proc/isthmus_test"), ErrorCode::kNoFolder);
  EXPECT_EQ(write(path(std::string(300, 'n'))), ErrorCode::kIoError);
  EXPECT_EQ(fs_.list_folder(root_), (std::vector<std::string>{"file", "folder"}));
}

TEST_F(Files, MissingPermissionIsNamed) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root to become somebody else";
  fs_.make_folders(path("sealed"));
  ASSERT_EQ(seteuid(65534), 0);
  const ErrorCode code =
      code_of([&] { write_text(fs_, path("sealed/a"), "x", Durability::kRename); });
  ASSERT_EQ(seteuid(0), 0);
  EXPECT_EQ(code, ErrorCode::kPermission);
}

TEST_F(Files, AFullDiskLeavesTheOldFileAndNoTemporary) {
  write_text(fs_, path("model"), "old", Durability::kRename);
  // A limit on the size of files stands for the full disk.
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  struct rlimit before {};
  getrlimit(RLIMIT_FSIZE, &before);
  struct rlimit small = before;
  small.rlim_cur = 1000;
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  std::string message;
  try {
    write_text(fs_, path("model"), std::string(5000, 'n'), Durability::kSynced);
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::kDiskFull);
    message = e.message();
  }
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, old_handler);
  EXPECT_NE(message.find("5000 bytes"), std::string::npos) << message;
  EXPECT_EQ(text(path("model")), "old");
  EXPECT_EQ(fs_.list_folder(root_), (std::vector<std::string>{"model"}));
}

TEST_F(Files, KeepTheModeOfTheOldFileAndElseFollowTheUmask) {
  const mode_t old_mask = umask(027);
  write_text(fs_, path("fresh"), "x", Durability::kRename);
  EXPECT_EQ(mode(path("fresh")), 0640u);
  ASSERT_EQ(chmod(path("fresh").c_str(), 0604), 0);
  write_text(fs_, path("fresh"), "y", Durability::kSynced);
  EXPECT_EQ(mode(path("fresh")), 0604u);
  umask(old_mask);
}

TEST_F(Files, DevicesAndPipesAreWrittenToAndStayWhatTheyAre) {
  EXPECT_EQ(code_of([&] { write_text(fs_, "/dev/full", "x", Durability::kSynced); }),
            ErrorCode::kDiskFull);
  write_text(fs_, "/dev/null", "x", Durability::kRename);
  EXPECT_FALSE(fs_.stat("/dev/null")->is_regular);
}

TEST_F(Files, LongNamesStillFindATemporaryName) {
  const std::string name(255, 'n');
  write_text(fs_, path(name), "x", Durability::kRename);
  EXPECT_EQ(text(path(name)), "x");
}

TEST_F(Files, NamesNeedNotBeUtf8) {
  write_text(fs_, path("\xFF\xFE"), "x", Durability::kRename);
  EXPECT_EQ(fs_.list_folder(root_), (std::vector<std::string>{"\xFF\xFE"}));
}

TEST_F(Files, AppendGrowsAndCountsFromTheOldEnd) {
  {
    const auto log = fs_.open_append(path("log"));
    log->append("one\n");
    log->append("two\n");
    log->sync();
    EXPECT_EQ(log->bytes(), 8u);
  }
  const auto log = fs_.open_append(path("log"));
  EXPECT_EQ(log->bytes(), 8u);
  log->append("three\n");
  EXPECT_EQ(text(path("log")), "one\ntwo\nthree\n");
  fs_.truncate(path("log"), 4);
  EXPECT_EQ(text(path("log")), "one\n");
  EXPECT_EQ(code_of([&] { fs_.open_append("/dev/full")->append("x"); }), ErrorCode::kDiskFull);
  EXPECT_EQ(code_of([&] { fs_.open_append(path("none/log")); }), ErrorCode::kNoFolder);
  EXPECT_EQ(code_of([&] { fs_.truncate(path("none"), 0); }), ErrorCode::kNoFolder);
}

TEST_F(Files, FoldersAreMadeAndRemoved) {
  fs_.make_folders(path("a/b/c"));
  fs_.make_folders(path("a//b/c/"));
  EXPECT_TRUE(fs_.stat(path("a/b/c"))->is_folder);
  EXPECT_FALSE(fs_.make_new_folder(path("a")));
  EXPECT_TRUE(fs_.make_new_folder(path("d")));
  EXPECT_EQ(code_of([&] { fs_.make_new_folder(path("x/y")); }), ErrorCode::kNoFolder);
  write_text(fs_, path("file"), "x", Durability::kRename);
  EXPECT_EQ(code_of([&] { fs_.make_folders(path("file/x")); }), ErrorCode::kNoFolder);
  EXPECT_EQ(code_of([&] { fs_.remove_folder(path("a")); }), ErrorCode::kIoError);
  fs_.remove_folder(path("d"));
  fs_.remove_file(path("file"));
  fs_.remove_file(path("file"));
  EXPECT_EQ(fs_.list_folder(root_), (std::vector<std::string>{"a"}));
  EXPECT_GT(fs_.free_bytes(root_), 0u);
}

TEST_F(Files, LockIsExclusiveAndNamesTheHolder) {
  auto lock = fs_.lock_folder(root_);
  try {
    fs_.lock_folder(root_);
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::kFolderLocked);
    EXPECT_NE(e.message().find("process " + std::to_string(getpid()) + " on "), std::string::npos);
    EXPECT_NE(e.message().find(" since 20"), std::string::npos) << e.message();
  }
  lock.reset();
  EXPECT_NE(fs_.lock_folder(root_), nullptr);
  EXPECT_EQ(code_of([&] { fs_.lock_folder(path("none")); }), ErrorCode::kNoFolder);
}

TEST_F(Files, ARaceForTheLockHasOneWinner) {
  ThreadPool pool(4);
  for (int race = 0; race < 100; ++race) {
    std::vector<std::unique_ptr<FolderLock>> locks(4);
    std::vector<int> losers(4);
    auto body = [&](int64_t task, int) {
      try {
        locks[static_cast<size_t>(task)] = fs_.lock_folder(root_);
      } catch (const Error& e) {
        losers[static_cast<size_t>(task)] = e.code() == ErrorCode::kFolderLocked;
      }
    };
    pool.run(4, body);
    int winners = 0, lost = 0;
    for (size_t i = 0; i < 4; ++i) {
      winners += locks[i] != nullptr;
      lost += losers[i];
    }
    ASSERT_EQ(winners, 1);
    ASSERT_EQ(lost, 3);
  }
}

TEST_F(Files, LockDiesWithItsProcess) {
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const pid_t child = fork();
  if (child == 0) {
    const auto lock = fs_.lock_folder(root_);
    (void)!write(ready[1], "x", 1);
    pause();
    _exit(0);
  }
  char byte = 0;
  ASSERT_EQ(read(ready[0], &byte, 1), 1);
  try {
    fs_.lock_folder(root_);
    ADD_FAILURE() << "the child holds the lock";
  } catch (const Error& e) {
    EXPECT_NE(e.message().find(std::to_string(child)), std::string::npos) << e.message();
  }
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  EXPECT_NE(fs_.lock_folder(root_), nullptr);
  close(ready[0]);
  close(ready[1]);
}

TEST_F(Files, FaultFsFailsExactlyTheChosenWrite) {
  const auto work = [&](Fs& fs) {
    fs.make_folders(path("run"));
    write_text(fs, path("run/a"), "1", Durability::kRename);
    const auto log = fs.open_append(path("run/log"));
    log->append("x");
    log->sync();
    fs.remove_file(path("run/a"));
  };
  FaultFs counting(fs_);
  work(counting);
  EXPECT_EQ(counting.writes(), 6);
  for (int64_t n = 1; n <= counting.writes(); ++n) {
    FaultFs broken(fs_);
    broken.fail_at(n, ErrorCode::kDiskFull);
    EXPECT_EQ(code_of([&] { work(broken); }), ErrorCode::kDiskFull);
    EXPECT_EQ(broken.writes(), n);
  }
  FaultFs dead(fs_);
  dead.fail_at(2, ErrorCode::kIoError, true);
  dead.make_folders(path("run"));
  EXPECT_EQ(code_of([&] { dead.remove_file(path("x")); }), ErrorCode::kIoError);
  EXPECT_EQ(code_of([&] { dead.remove_file(path("x")); }), ErrorCode::kIoError);
}

TEST(Paths, AreTakenApart) {
  EXPECT_EQ(join_path("a", "b"), "a/b");
  EXPECT_EQ(join_path("a/", "b"), "a/b");
  EXPECT_EQ(join_path("", "b"), "b");
  EXPECT_EQ(join_path("a", "/b"), "/b");
  EXPECT_EQ(file_name("a/b.png"), "b.png");
  EXPECT_EQ(file_name("b.png"), "b.png");
  EXPECT_EQ(file_name("a/b/"), "b");
  EXPECT_EQ(extension("a/b.PNG"), "png");
  EXPECT_EQ(extension("x.csv.gz"), "csv.gz");
  EXPECT_EQ(extension("x.gz"), "gz");
  EXPECT_EQ(extension("train-images-idx3-ubyte.gz"), "gz");
  EXPECT_EQ(extension("a.b/c"), "");
  EXPECT_EQ(extension(".hidden"), "");
  EXPECT_EQ(extension("step-000.safetensors"), "safetensors");
}

/// What each operation of an opened folder does to an entry that leads elsewhere.
TEST_F(Files, InsideAnOpenedFolderNoLinkIsFollowed) {
  fs_.make_folders(path("run"));
  fs_.make_folders(path("victim"));
  write_text(fs_, path("victim/file"), "mine", Durability::kRename);
  std::filesystem::create_symlink(path("victim/file"), path("run/link"));
  std::filesystem::create_symlink(path("victim"), path("run/folder"));
  std::filesystem::create_symlink(path("victim/absent"), path("run/.lock"));
  ASSERT_EQ(mkfifo(path("run/pipe").c_str(), 0666), 0);
  std::filesystem::create_hard_link(path("victim/file"), path("run/second"));
  const std::unique_ptr<Fs> run = fs_.open_folder(path("run"));
  const std::vector<std::function<void()>> actions = {
      [&] { run->stat(path("run/link")); },
      [&] { run->stat(path("run/pipe")); },
      [&] { run->open_read(path("run/link")); },
      [&] { run->open_read(path("run/pipe")); },
      [&] { run->read_file(path("run/folder/file"), 99); },
      [&] { write_text(*run, path("run/link"), "x", Durability::kSynced); },
      [&] { write_text(*run, path("run/pipe"), "x", Durability::kSynced); },
      [&] { write_text(*run, path("run/folder/new"), "x", Durability::kSynced); },
      [&] { run->open_append(path("run/link")); },
      [&] { run->open_append(path("run/pipe")); },
      [&] { run->open_append(path("run/second")); },
      [&] { run->open_append(path("run/folder/new")); },
      [&] { run->truncate(path("run/link"), 0); },
      [&] { run->truncate(path("run/second"), 0); },
      [&] { run->list_folder(path("run/folder")); },
      [&] { run->make_folders(path("run/folder")); },
      [&] { run->make_new_folder(path("run/folder/new")); },
      [&] { run->remove_file(path("run/folder/file")); },
      [&] { run->lock_folder(path("run")); }};
  for (size_t i = 0; i < actions.size(); ++i) {
    EXPECT_EQ(code_of(actions[i]), ErrorCode::kForeignEntry) << "action " << i;
  }
  EXPECT_EQ(text(path("victim/file")), "mine");
  EXPECT_EQ(fs_.list_folder(path("victim")), std::vector<std::string>{"file"});
  run->remove_file(path("run/link"));  // the link itself
  EXPECT_EQ(text(path("victim/file")), "mine");
}

TEST_F(Files, AnOpenedFolderIsTheSameOneAfterARename) {
  fs_.make_folders(path("a"));
  std::filesystem::create_symlink(path("a"), path("alias"));  // the folder's own name may be a link
  const std::unique_ptr<Fs> run = fs_.open_folder(path("alias"));
  const auto lock = run->lock_folder(path("alias"));
  EXPECT_EQ(run->path_now(path("alias")), path("alias"));
  run->make_folders(path("alias/checkpoints"));
  std::filesystem::rename(path("a"), path("b"));
  fs_.make_folders(path("a"));
  write_text(*run, path("alias/checkpoints/x"), "1", Durability::kSynced);
  run->open_append(path("alias/log"))->append("2");
  EXPECT_TRUE(fs_.list_folder(path("a")).empty());
  EXPECT_EQ(text(path("b/checkpoints/x")), "1");
  EXPECT_EQ(text(path("b/log")), "2");
  EXPECT_EQ(std::filesystem::canonical(run->path_now(path("alias/log"))),
            std::filesystem::canonical(path("b/log")));
  EXPECT_NO_THROW(fs_.lock_folder(path("a")));
  EXPECT_EQ(code_of([&] { fs_.lock_folder(path("b")); }), ErrorCode::kFolderLocked);
  std::filesystem::remove_all(path("b"));
  EXPECT_EQ(run->path_now(path("alias")), "");
  EXPECT_EQ(code_of([&] { write_text(*run, path("alias/y"), "", Durability::kRename); }),
            ErrorCode::kNoFolder);
}

}  // namespace
}  // namespace isthmus
