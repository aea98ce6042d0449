// SPDX-License-Identifier: Apache-2.0
// The checkpoints of a run folder: which are kept, what survives a failing disk, which one a resume
// takes.
#include "isthmus/checkpoint/generations.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "isthmus/checkpoint/container_fixture.h"
#include "isthmus/testing/fault_fs.h"

namespace isthmus {
namespace {

using fixture::code_of;

class Generations : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    run = join_path(::testing::TempDir(),
                    std::string("generations-") + test->name() + "-" + std::to_string(getpid()));
    fs.make_folders(checkpoint_folder(run));
  }
  void TearDown() override {
    for (const std::string& name : fs.list_folder(checkpoint_folder(run))) {
      fs.remove_file(join_path(checkpoint_folder(run), name));
    }
    fs.remove_folder(checkpoint_folder(run));
    fs.remove_folder(run);
  }
  Bytes bytes_of(int64_t step) {
    Metadata metadata = fixture::metadata("checkpoint");
    metadata[std::string(kStateKey)] = "{\"step\":" + std::to_string(step) + "}";
    return write_container(metadata, fixture::small_tensors());
  }
  void write(int64_t step, int keep = 2) { write_checkpoint(fs, run, step, bytes_of(step), keep); }
  void put(const std::string& name, const Bytes& bytes) {
    fs.write_file(join_path(checkpoint_folder(run), name), bytes, Durability::kRename);
  }
  std::vector<int64_t> steps() {
    std::vector<int64_t> all;
    for (const Generation& g : list_checkpoints(fs, run)) all.push_back(g.step);
    return all;
  }

  Fs& fs = posix_fs();
  std::string run;
};
using Steps = std::vector<int64_t>;

TEST_F(Generations, HaveNamesWithNineDigits) {
  EXPECT_EQ(checkpoint_path("run", 4310), "run/checkpoints/step-000004310.safetensors");
  EXPECT_EQ(checkpoint_path("run", 12345678901), "run/checkpoints/step-12345678901.safetensors");
}

TEST_F(Generations, AreListedNewestFirstAndOnlyByTheirExactName) {
  for (const char* name :
       {"step-000000002.safetensors", "step-000000010.safetensors", "step-1000000000.safetensors",
        "step-2.safetensors", "step-0000000002.safetensors", "step--00000002.safetensors",
        "step-.safetensors", "step-000000003.safetensors.bak",
        ".step-000000004.safetensors.tmp.1.a", "step-99999999999999999999.safetensors",
        "notes.txt"}) {
    put(name, {});
  }
  EXPECT_EQ(steps(), (Steps{1000000000, 10, 2}));
  EXPECT_TRUE(list_checkpoints(fs, run + "-absent").empty());
}

TEST_F(Generations, KeepTheNewest) {
  for (int64_t step = 1; step <= 5; ++step) write(step);
  EXPECT_EQ(steps(), (Steps{5, 4}));
  write(6, 1);
  EXPECT_EQ(steps(), (Steps{6}));
}

TEST_F(Generations, ForgetLaterStepsAfterARollback) {
  write(10), write(20);
  write(15);
  EXPECT_EQ(steps(), (Steps{15, 10}));
}

TEST_F(Generations, LoadTheNewest) {
  write(1), write(2);
  const LoadedCheckpoint loaded = load_newest_valid(fs, run, {}, {});
  EXPECT_EQ(loaded.generation.step, 2);
  EXPECT_EQ(loaded.container.metadata.at(std::string(kStateKey)), "{\"step\":2}");
}

TEST_F(Generations, FallBackPastDamagedOnesAndSayWhy) {
  write(1);
  Bytes flipped = bytes_of(2);
  flipped.back() ^= std::byte{1};
  put("step-000000002.safetensors", flipped);
  Bytes truncated = bytes_of(3);
  truncated.pop_back();
  put("step-000000003.safetensors", truncated);
  put("step-000000004.safetensors", {});
  put("step-000000005.safetensors", fixture::small_file("model"));
  std::vector<std::pair<int64_t, ErrorCode>> skipped;
  const auto note = [&](const Generation& g, const Error& error) {
    skipped.emplace_back(g.step, error.code());
    EXPECT_EQ(error.where().file, g.path);
  };
  EXPECT_EQ(load_newest_valid(fs, run, {}, note).generation.step, 1);
  const std::vector<std::pair<int64_t, ErrorCode>> expected{{5, ErrorCode::kModelMetadata},
                                                            {4, ErrorCode::kModelNotAFile},
                                                            {3, ErrorCode::kModelTensorLayout},
                                                            {2, ErrorCode::kModelDigest}};
  EXPECT_EQ(skipped, expected);
}

TEST_F(Generations, AreRefusedWhenNoneIsUsable) {
  EXPECT_EQ(code_of([&] { load_newest_valid(fs, run, {}, {}); }), ErrorCode::kResumeNone);
  put("step-000000004.safetensors", {});
  EXPECT_EQ(code_of([&] { load_newest_valid(fs, run, {}, {}); }), ErrorCode::kResumeNone);
}

TEST_F(Generations, FromANewerVersionAreNotPassedOver) {
  write(1);
  Metadata newer = fixture::metadata("checkpoint");
  newer[std::string(kVersionKey)] = "2";
  put("step-000000002.safetensors", write_container(newer, fixture::small_tensors()));
  EXPECT_EQ(code_of([&] { load_newest_valid(fs, run, {}, {}); }), ErrorCode::kModelVersion);
}

TEST_F(Generations, AskTheCallerWhatIsAcceptable) {
  write(1), write(2);
  const auto only_step_1 = [](const Container& container) {
    if (container.metadata.at(std::string(kStateKey)) != "{\"step\":1}") {
      throw Error(ErrorCode::kModelConfig, "not this one");
    }
  };
  EXPECT_EQ(load_newest_valid(fs, run, {}, {}, only_step_1).generation.step, 1);
}

TEST_F(Generations, SurviveAFailureOfEveryOperation) {
  int64_t cases = 0;
  for (const ErrorCode code : {ErrorCode::kDiskFull, ErrorCode::kIoError, ErrorCode::kNotDurable}) {
    for (const bool and_later : {false, true}) {
      write(1), write(2);
      FaultFs counter(fs);
      write_checkpoint(counter, run, 3, bytes_of(3), 2);
      for (int64_t n = 1; n <= counter.writes(); ++n, ++cases) {
        write(1), write(2);
        FaultFs broken(fs);
        broken.fail_at(n, code, and_later);
        EXPECT_EQ(code_of([&] { write_checkpoint(broken, run, 3, bytes_of(3), 2); }), code);
        const int64_t newest = load_newest_valid(fs, run, {}, {}).generation.step;
        EXPECT_GE(newest, 2) << "failure at operation " << n;
        EXPECT_GE(steps().size(), 2u);
      }
    }
  }
  EXPECT_GE(cases, 18);
}

TEST_F(Generations, AreRemovedOnlyAfterTheNewOneIsThere) {
  write(1), write(2);
  FaultFs observed(fs);
  write_checkpoint(observed, run, 3, bytes_of(3), 2);
  const std::vector<std::string> expected{"make_folders " + checkpoint_folder(run),
                                          "write_file " + checkpoint_path(run, 3),
                                          "remove_file " + checkpoint_path(run, 1)};
  EXPECT_EQ(observed.log(), expected);
}

TEST_F(Generations, TemporariesOfDeadProcessesAreRemoved) {
  const pid_t dead = fork();
  if (dead == 0) _exit(0);
  waitpid(dead, nullptr, 0);
  const std::string stale = ".step-000000007.safetensors.tmp." + std::to_string(dead) + ".ab12";
  const std::string own = ".step-000000007.safetensors.tmp." + std::to_string(getpid()) + ".ab12";
  const std::string living =
      ".step-000000007.safetensors.tmp." + std::to_string(getppid()) + ".ab12";
  for (const std::string& name : {stale, own, living}) put(name, {});
  put("step-000000007.safetensors", {});
  EXPECT_EQ(remove_stale_temporaries(fs, checkpoint_folder(run)), 2);
  EXPECT_EQ(fs.list_folder(checkpoint_folder(run)),
            (std::vector<std::string>{living, "step-000000007.safetensors"}));
  EXPECT_EQ(remove_stale_temporaries(fs, run + "-absent"), 0);
}

TEST(Temporaries, AreKnownByTheirName) {
  EXPECT_EQ(temporary_owner(".a.safetensors.tmp.123.9f"), 123);
  for (const char* name : {"a.tmp.123.9f", ".a.tmp.123", ".a.tmp.123.", ".a.tmp.x.9f", ".tmp.1.2",
                           ".a.tmp.-5.9f", ".a.tmp..9f", ".a", "", ".a.tmp.0.f"}) {
    EXPECT_EQ(temporary_owner(name), 0) << name;
  }
}

}  // namespace
}  // namespace isthmus
