// SPDX-License-Identifier: Apache-2.0
// Facts about the folder of a run: a run writes into the folder that it was given and nowhere else,
// whatever a stranger has put there and wherever the folder goes; its records depend on no clock.
#include "isthmus/train/run_folder.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "isthmus/model_file/model.h"
#include "isthmus/testing/fault_fs.h"
#include "isthmus/testing/tiny_run.h"

namespace isthmus {
namespace {

namespace files = std::filesystem;

std::string text_of(const std::string& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// name -> content of all plain files below.
std::map<std::string, std::string> content_of(const std::string& folder) {
  std::map<std::string, std::string> content;
  for (const auto& entry : files::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file() || entry.is_symlink()) continue;
    content[files::relative(entry.path(), folder)] = text_of(entry.path());
  }
  return content;
}

/// What a run leaves that ended at its first checkpoint.
const std::map<std::string, std::string> kStart = {
    {"run.json", "{\n  \"schema\": \"isthmus.run/1\",\n"},
    {"config.toml", "# The resolved options of this run. Origin and"},
    {"bad.csv", "path,reason\na.png,empty\n"},
    {"log.txt", "2026-12-01T02:50:49Z failed: No space left on device\n"},
    {"metrics.jsonl", ""}};

/// A folder with these files and nothing else.
void write_files(const std::string& folder, const std::map<std::string, std::string>& content) {
  files::remove_all(folder);
  for (const auto& [name, text] : content) {
    const std::string path = join_path(folder, name);
    files::create_directories(files::path(path).parent_path());
    std::ofstream(path) << text;
  }
}

TrainRequest resume_request(const Dataset& data, Device& device, const std::string& run) {
  TrainRequest request;
  request.dataset = &data;
  request.device = &device;
  request.options.run.resume = run;
  request.options.loop.epochs = "5";
  return request;
}

/// A folder with an entry that leads out of it, and what it leads to.
class StrangersRun : public ::testing::Test {
 protected:
  void SetUp() override {
    device_ = std::make_unique<ReferenceDevice>();
    train(tiny_request(data_, *device_, run_), observer_);
    files::create_directories(outside_);
  }
  std::string entry(const std::string& name) const { return join_path(run_, name); }

  /// Training on and reading must fail with the name of the entry and change nothing outside.
  void expect_refused(const std::string& name) {
    const auto before = content_of(outside_);
    try {
      train(resume_request(data_, *device_, run_), observer_);
      ADD_FAILURE() << name << " was accepted";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kForeignEntry) << error.what();
      EXPECT_NE(error.where().file.find(name), std::string::npos) << error.what();
    }
    EXPECT_EQ(content_of(outside_), before) << name;
  }

  Dataset data_ = tiny_images(40);
  std::unique_ptr<ReferenceDevice> device_;
  TrainObserver observer_;
  std::string run_ = fresh_folder("strangers"), outside_ = fresh_folder("strangers-outside");
};

TEST_F(StrangersRun, LinksInPlaceOfItsFilesAreNotFollowed) {
  for (const std::string name :
       {".lock", "metrics.jsonl", "log.txt", "config.toml", "run.json", "metrics.csv",
        "report.html", "model.safetensors", "samples.png", "eval.json"}) {
    const std::string target = join_path(outside_, name), kept = entry("kept");
    if (files::exists(entry(name))) files::rename(entry(name), kept);
    std::ofstream(target) << "mine";
    files::create_symlink(target, entry(name));
    expect_refused(name);
    files::remove(entry(name));
    files::create_symlink(target + "-absent", entry(name));
    expect_refused(name);
    files::remove(entry(name));
    ASSERT_EQ(mkfifo(entry(name).c_str(), 0666), 0);
    expect_refused(name);
    files::remove(entry(name));
    if (files::exists(kept)) files::rename(kept, entry(name));
  }
  EXPECT_EQ(train(resume_request(data_, *device_, run_), observer_).epochs, 5);
}

TEST_F(StrangersRun, ALinkInPlaceOfItsCheckpointsIsNotCleaned) {
  files::rename(entry("checkpoints"), join_path(outside_, "checkpoints"));
  std::ofstream(join_path(outside_, "checkpoints/.x.tmp.999999999.1")) << "not a temporary";
  files::create_symlink(join_path(outside_, "checkpoints"), entry("checkpoints"));
  expect_refused("checkpoints");
}

TEST_F(StrangersRun, ALinkedCheckpointIsNotRead) {
  for (const auto& file : files::directory_iterator(entry("checkpoints"))) {
    const files::path moved = files::path(outside_) / file.path().filename();
    files::rename(file, moved);
    files::create_symlink(moved, file);
  }
  expect_refused("checkpoints/step-");
}

TEST_F(StrangersRun, AModelThatIsALinkIsNotRead) {
  files::rename(entry("model.safetensors"), join_path(outside_, "model.safetensors"));
  files::create_symlink(join_path(outside_, "model.safetensors"), entry("model.safetensors"));
  try {
    load_model(run_, posix_fs(), {});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kForeignEntry);
  }
  // A file that the user names is the user's choice.
  EXPECT_NO_THROW(load_model(entry("model.safetensors"), posix_fs(), {}));
}

TEST_F(StrangersRun, TheFolderItselfMayBeALink) {
  const std::string alias = fresh_folder("strangers-alias");
  files::create_symlink(run_, alias);
  EXPECT_EQ(train(resume_request(data_, *device_, alias), observer_).epochs, 5);
  EXPECT_NO_THROW(load_model(alias, posix_fs(), {}));
}

// A fit that failed left records behind, and the corrected command was refused for them.
TEST(RunFolder, TakesThePlaceOfARunThatLearnedNothing) {
  const std::string path = testing::TempDir() + "start_alone";
  write_files(path, kStart);
  files::create_directories(path + "/checkpoints");
  EXPECT_TRUE(RunFolder::create(posix_fs(), path, "x").began_anew());
  EXPECT_EQ(content_of(path).size(), 2u) << "the new lock and log";
  EXPECT_FALSE(files::exists(path + "/checkpoints"));
  EXPECT_TRUE(RunFolder::create(posix_fs(), path, "x").began_anew()) << "of an empty log";
}

// What a run did not write, or what was learned, is never taken away.
TEST(RunFolder, TakesNoPlaceWhereAnythingIsLost) {
  const std::string path = testing::TempDir() + "not_a_start_alone";
  const std::pair<std::string, std::string> strangers[] = {
      {"model.safetensors", ""},  {"notes.txt", ""},      {"metrics.jsonl", "{}\n"},
      {"log.txt", "my own\n"},    {"config.toml", "a\n"}, {"run.json", "{}"},
      {"bad.csv", "a,b\n"},       {"config.toml", ""},    {"checkpoints/mine", ""},
      {"metrics.jsonl/mine", ""}, {"log.txt/mine", ""}};
  for (const auto& [name, text] : strangers) {
    auto present = kStart;
    present[name] = text;
    if (name.find('/') != std::string::npos) present.erase(name.substr(0, name.find('/')));
    write_files(path, present);
    EXPECT_THROW(RunFolder::create(posix_fs(), path, "x"), Error) << name;
    auto left = content_of(path);
    left.erase(".lock");
    EXPECT_EQ(left, present) << name;
  }
  write_files(path, {{"metrics.jsonl", ""}});  // no run wrote here
  EXPECT_THROW(RunFolder::create(posix_fs(), path, "x"), Error);
  EXPECT_TRUE(files::exists(path + "/metrics.jsonl"));
}

// The two hints led to each other: to go on with what had no checkpoint, and to begin it again.
TEST(RunFolder, WithoutACheckpointIsBegunAgainAndNotResumed) {
  const std::string path = testing::TempDir() + "hints_of_a_start";
  const Dataset data = tiny_images(40);
  ReferenceDevice device;
  RecordingObserver seen;
  const auto hint_of = [&](const TrainRequest& request) {
    try {
      train(request, seen);
    } catch (const Error& error) {
      return error.hint();
    }
    return std::string("none");
  };
  write_files(path, kStart);
  const std::string again = "begin it again in this folder: isthmus train DATA -o " + path;
  EXPECT_EQ(hint_of(resume_request(data, device, path)), again);
  EXPECT_EQ(hint_of(tiny_request(data, device, path)), "none");
  EXPECT_NE(hint_of(tiny_request(data, device, path)).find("train --resume"), std::string::npos);
  files::remove_all(path + "/checkpoints");
  EXPECT_EQ(hint_of(tiny_request(data, device, path)),
            "choose another -o, or remove what is there");
  EXPECT_EQ(hint_of(resume_request(data, device, path)),
            "train again with another -o, or give another run folder");
}

TEST(RunFolder, ThatIsMovedWhileItTrainsIsWrittenWhereItIs) {
  const Dataset data = tiny_images(40);
  ReferenceDevice device;
  const std::string old_name = fresh_folder("moves"), new_name = fresh_folder("moved");
  TrainObserver silent;
  const TrainResult whole = train(tiny_request(data, device, fresh_folder("stays")), silent);
  RecordingObserver seen;
  std::map<std::string, std::string> second_run;
  seen.at_step = [&](int64_t step) {
    if (step != 5) return;
    files::rename(old_name, new_name);
    ReferenceDevice other;
    train(tiny_request(data, other, old_name), silent);  // the old name is free
    second_run = content_of(old_name);
  };
  const TrainResult r = train(tiny_request(data, device, old_name), seen);
  EXPECT_EQ(content_of(old_name), second_run);
  EXPECT_TRUE(files::equivalent(r.run, new_name)) << r.run;
  EXPECT_TRUE(files::equivalent(r.model_path, join_path(new_name, "model.safetensors")));
  EXPECT_EQ(r.final_weights_sha256, whole.final_weights_sha256);
  EXPECT_EQ(text_of(join_path(new_name, "metrics.jsonl")),
            text_of(join_path(whole.run, "metrics.jsonl")));
  const bool told = std::any_of(seen.events.begin(), seen.events.end(),
                                [](const TrainEvent& e) { return e.code == "W5010"; });
  EXPECT_TRUE(told);
}

TEST(RunFolder, IsHeldUntilTheEndOfAllThatIsWrittenIntoIt) {
  const Dataset data = tiny_images(40);
  ReferenceDevice device;
  TrainObserver silent;
  TrainRequest request = tiny_request(data, device, fresh_folder("held"));
  int calls = 0;
  request.finish = [&](TrainResult& r, RunFolder& folder, const TrainData&) {
    ++calls;
    EXPECT_EQ(folder.path(), r.run);
    EXPECT_THROW(posix_fs().lock_folder(r.run), Error);
  };
  const TrainResult r = train(request, silent);
  EXPECT_EQ(calls, 1);
  EXPECT_NO_THROW(posix_fs().lock_folder(r.run));
}

TEST(RunFolder, RecordsOfTheSameRunAreTheSameBytesWhateverTheClockSays) {
  class RacingClock : public Clock {
   public:
    explicit RacingClock(double pace) : pace_(pace) {}
    double seconds() const override { return now_ += pace_; }

   private:
    double pace_;
    mutable double now_ = 0;
  };
  const Dataset data = tiny_images(40);
  std::map<std::string, std::string> first;
  for (const double pace : {0.001, 0.37}) {
    RacingClock clock(pace);
    ReferenceDevice device;
    TrainObserver silent;
    TrainRequest request = tiny_request(data, device, fresh_folder("same-bytes"));
    request.clock = &clock;
    request.options.run.samples_every = "1";
    train(request, silent);
    auto content = content_of(request.options.run.out);
    std::erase_if(content, [](const auto& file) {
      return file.first == "run.json" || file.first == "log.txt" || file.first == ".lock" ||
             file.first.starts_with("checkpoints");
    });
    EXPECT_TRUE(content.contains("metrics.csv"));
    EXPECT_TRUE(content.contains("epoch-0002-samples.png"));
    if (first.empty()) first = content;
    EXPECT_EQ(content, first);
  }
}

TEST(RunName, OfAPipeIsNoNumberOfADescriptor) {
  EXPECT_EQ(run_name_from_data("/dev/fd/63"), "run");
  EXPECT_EQ(run_name_from_data("/proc/self/fd/0"), "run");
  EXPECT_EQ(run_name_from_data("/dev/stdin"), "stdin");
  EXPECT_EQ(run_name_from_data("data/fd/63.csv"), "63");
}

}  // namespace
}  // namespace isthmus
