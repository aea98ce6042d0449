// SPDX-License-Identifier: Apache-2.0
// A run that was interrupted anywhere and resumed ends in the same bits as one that was not.
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <regex>
#include <sstream>

#include <gtest/gtest.h>

#include "isthmus/checkpoint/generations.h"
#include "isthmus/model_file/model.h"
#include "isthmus/testing/tiny_run.h"

namespace isthmus {
namespace {

std::string text_of(const std::string& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// The lines of metrics.jsonl without the fields that tell of time, and without events.
std::string records_of(const std::string& metrics) {
  static const std::regex time("\"(items_per_second|elapsed_seconds)\":[^,}]*,?");
  std::istringstream lines(metrics);
  std::string out;
  for (std::string line; std::getline(lines, line);) {
    if (line.find("\"event\":null") == std::string::npos) continue;
    out += std::regex_replace(line, time, "") + "\n";
  }
  return out;
}

/// With clipping, whose norm is the one number of a record that no sum of the epoch holds.
TrainRequest clipped_request(const Dataset& data, Device& device, const std::string& out) {
  TrainRequest request = tiny_request(data, device, out);
  request.options.loop.max_grad_norm = "1";
  return request;
}

struct Reference {
  Dataset data = tiny_images(40);
  ReferenceDevice device;
  TrainResult result;
  std::string metrics;
};

const Reference& uninterrupted() {
  static const Reference reference = [] {
    Reference r;
    RecordingObserver seen;
    r.result = train(clipped_request(r.data, r.device, fresh_folder("whole")), seen);
    r.metrics = records_of(text_of(join_path(r.result.run, "metrics.jsonl")));
    return r;
  }();
  return reference;
}

TrainRequest resume_request(Reference& r, const std::string& run) {
  TrainRequest request;
  request.dataset = &r.data;
  request.device = &r.device;
  request.options.run.resume = run;
  return request;
}

class ResumeAt : public ::testing::TestWithParam<int> {};

TEST_P(ResumeAt, BitsEqualUninterrupted) {
  const Reference& whole = uninterrupted();
  Reference part;
  const std::string out = fresh_folder("part-" + std::to_string(GetParam()));
  RecordingObserver seen;
  seen.stop_at = GetParam();
  const TrainResult stopped = train(clipped_request(part.data, part.device, out), seen);
  EXPECT_EQ(stopped.steps, GetParam());
  RecordingObserver again;
  const TrainResult r = train(resume_request(part, out), again);
  EXPECT_TRUE(again.has_event("resumed"));
  EXPECT_EQ(r.resumed_from_step.value_or(-1), GetParam());
  EXPECT_EQ(r.steps, whole.result.steps);
  EXPECT_EQ(r.final_weights_sha256, whole.result.final_weights_sha256);
  EXPECT_EQ(r.weights_sha256, whole.result.weights_sha256);
  EXPECT_EQ(records_of(text_of(join_path(out, "metrics.jsonl"))), whole.metrics);
}

INSTANTIATE_TEST_SUITE_P(Steps, ResumeAt, ::testing::Values(1, 3, 4, 5, 8, 11, 12));

/// Runs train() in a child, where `seen` may end the process whatever its threads are doing.
void train_in_a_child(const TrainRequest& request, RecordingObserver& seen) {
  const pid_t child = fork();
  if (child == 0) {
    try {
      train(request, seen);
    } catch (...) {
    }
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
}

/// It dies at once after `step` steps.
void die_at(const TrainRequest& request, int64_t step) {
  RecordingObserver seen;
  seen.at_step = [step](int64_t done) {
    if (done == step) _exit(9);
  };
  train_in_a_child(request, seen);
}

TEST(Resume, AfterSuddenDeathBitsAreEqual) {
  const Reference& whole = uninterrupted();
  for (int64_t step : {2, 6, 9}) {
    Reference part;
    const std::string out = fresh_folder("dead-" + std::to_string(step));
    die_at(clipped_request(part.data, part.device, out), step);
    die_at(resume_request(part, out), 3);  // and once more while it is resumed
    RecordingObserver again;
    const TrainResult r = train(resume_request(part, out), again);
    EXPECT_EQ(r.final_weights_sha256, whole.result.final_weights_sha256) << step;
    EXPECT_EQ(r.weights_sha256, whole.result.weights_sha256) << step;
    EXPECT_EQ(records_of(text_of(join_path(out, "metrics.jsonl"))), whole.metrics) << step;
  }
}

/// Saves after each step and dies when the first epoch is told of, with the checkpoint of its last
/// step on disk.
struct DiesWithTheFirstEpoch : RecordingObserver {
  explicit DiesWithTheFirstEpoch(const std::string& run)
      : last(join_path(run, "checkpoints/step-000000004.safetensors")) {}
  void on_epoch(const EpochRecord&) override {
    for (int tries = 0; tries < 5000 && !std::filesystem::exists(last); ++tries) usleep(1000);
    _exit(9);
  }
  StopRequest stop_requested() override { return StopRequest::kSave; }
  std::string last;
};

TEST(Resume, BetweenTheLastStepOfAnEpochAndItsRecordKeepsTheGradientNorm) {
  const Reference& whole = uninterrupted();
  Reference part;
  const std::string out = fresh_folder("dead-between");
  DiesWithTheFirstEpoch dies(out);
  train_in_a_child(clipped_request(part.data, part.device, out), dies);
  RecordingObserver again;
  const TrainResult r = train(resume_request(part, out), again);
  EXPECT_EQ(r.resumed_from_step.value_or(-1), 4);
  EXPECT_EQ(r.final_weights_sha256, whole.result.final_weights_sha256);
  EXPECT_EQ(records_of(text_of(join_path(out, "metrics.jsonl"))), whole.metrics);
}

ErrorCode resume_code(const TrainRequest& request) {
  try {
    RecordingObserver seen;
    train(request, seen);
  } catch (const Error& error) {
    return error.code();
  }
  return ErrorCode::kInternal;
}

struct Stopped : Reference {
  explicit Stopped(const std::string& name) : out(fresh_folder(name)) {
    RecordingObserver seen;
    seen.stop_at = 5;
    result = train(clipped_request(data, device, out), seen);
  }
  std::string out;
};

TEST(Resume, ChangedDataAreRefusedUnlessAllowed) {
  Stopped s("data-changed");
  s.data.values.values<uint8_t>()[7] ^= 1;
  TrainRequest request = resume_request(s, s.out);
  EXPECT_EQ(resume_code(request), ErrorCode::kResumeData);
  request.options.run.allow_data_change = true;
  RecordingObserver seen;
  EXPECT_EQ(train(request, seen).status, "done");
}

TEST(Resume, AChangedModelIsRefusedAndMoreEpochsAreNot) {
  Stopped s("config-changed");
  TrainRequest request = resume_request(s, s.out);
  request.options.own.texts["model.hidden"] = "7";
  EXPECT_EQ(resume_code(request), ErrorCode::kResumeConfig);
  request = resume_request(s, s.out);
  request.options.loop.epochs = "5";
  RecordingObserver seen;
  EXPECT_EQ(train(request, seen).epochs, 5);
}

TEST(Resume, ADamagedGenerationIsPassedOver) {
  Stopped s("damaged");
  const std::vector<Generation> generations = list_checkpoints(posix_fs(), s.out);
  ASSERT_EQ(generations.size(), 2u);
  Bytes bytes = posix_fs().read_file(generations[0].path, uint64_t{1} << 20);
  bytes[bytes.size() - 5] ^= std::byte{1};
  posix_fs().write_file(generations[0].path, bytes, Durability::kRename);
  RecordingObserver seen;
  const TrainResult r = train(resume_request(s, s.out), seen);
  EXPECT_EQ(r.resumed_from_step.value_or(-1), generations[1].step);
  EXPECT_TRUE(seen.has_event("warning"));
  EXPECT_EQ(r.final_weights_sha256, uninterrupted().result.final_weights_sha256);
}

TEST(Resume, OfAFolderWithoutACheckpointIsAnError) {
  Reference r;
  EXPECT_EQ(resume_code(resume_request(r, fresh_folder("nowhere"))), ErrorCode::kFileMissing);
  const std::string empty = fresh_folder("empty");
  posix_fs().make_folders(empty);
  EXPECT_EQ(resume_code(resume_request(r, empty)), ErrorCode::kResumeNone);
}

TEST(Resume, SaysAtItsEndThatTheCodeIsIgnored) {
  Reference whole, part;
  const auto collapsing = [](Reference& r, const std::string& out) {
    TrainRequest request = tiny_request(r.data, r.device, fresh_folder(out));
    request.options.model.name = "beta_vae";
    request.options.own.texts["model.beta"] = "1000";
    request.options.loop.epochs = "9";
    return request;
  };
  RecordingObserver seen;
  const auto warnings = [](const std::string& run) {
    const std::string metrics = text_of(join_path(run, "metrics.jsonl"));
    const std::string_view said = "the decoder ignores the code";
    const size_t first = metrics.find(said);
    if (first == std::string::npos) return 0;
    return metrics.find(said, first + 1) == std::string::npos ? 1 : 2;
  };
  const TrainRequest undisturbed = collapsing(whole, "collapse-whole");
  train(undisturbed, seen);
  ASSERT_EQ(warnings(undisturbed.options.run.out), 1);
  const TrainRequest request = collapsing(part, "collapse-part");
  RecordingObserver first;
  first.stop_at = 30;  // epoch 8: a run that is stopped is not over
  train(request, first);
  EXPECT_EQ(warnings(request.options.run.out), 0);
  RecordingObserver again;
  train(resume_request(part, request.options.run.out), again);
  EXPECT_EQ(warnings(request.options.run.out), 1);
  // And it takes it back when more epochs are asked for, to say it anew at the end of those.
  TrainRequest more = resume_request(part, request.options.run.out);
  more.options.loop.epochs = "11";
  RecordingObserver longer;
  train(more, longer);
  EXPECT_EQ(warnings(request.options.run.out), 1);
  EXPECT_NE(text_of(join_path(request.options.run.out, "metrics.jsonl")).find("--free-bits"),
            std::string::npos);
}

/// A death after the checkpoint of an epoch, before anything else.
TEST(Resume, KeepsThePicturesOfTheEpochThatWasSaved) {
  Reference part;
  const std::string out = fresh_folder("pictures");
  TrainRequest request = tiny_request(part.data, part.device, out);
  request.options.run.samples_every = "1";
  die_at(request, 5);  // the step after the first epoch
  RecordingObserver again;
  train(resume_request(part, out), again);
  for (const char* name :
       {"epoch-0001-samples.png", "epoch-0002-samples.png", "epoch-0003-samples.png"}) {
    EXPECT_TRUE(posix_fs().stat(join_path(out, name)).has_value()) << name;
  }
}

TEST(Resume, OfAFinishedRunChangesNothing) {
  Reference r;
  const std::string out = fresh_folder("finished");
  RecordingObserver seen;
  const TrainResult first = train(tiny_request(r.data, r.device, out), seen);
  RecordingObserver again;
  const TrainResult second = train(resume_request(r, out), again);
  EXPECT_EQ(second.steps, first.steps);
  EXPECT_EQ(second.weights_sha256, first.weights_sha256);
  EXPECT_EQ(second.best_epoch, first.best_epoch);
}

/// Every look at it takes `step` seconds.
class SteppingClock : public Clock {
 public:
  explicit SteppingClock(double step) : step_(step) {}
  double seconds() const override { return now_ += step_; }

 private:
  double step_;
  mutable double now_ = 0;
};

TEST(Resume, SecondsAreThoseOfAllPieces) {
  Reference part;
  const std::string out = fresh_folder("seconds");
  RecordingObserver seen, again;
  seen.stop_at = 3;
  SteppingClock slow(1), fast(1e-6);
  TrainRequest request = tiny_request(part.data, part.device, out);
  request.clock = &slow;
  const TrainResult first = train(request, seen);
  request = resume_request(part, out);
  request.clock = &fast;
  const TrainResult second = train(request, again);
  EXPECT_GT(second.seconds, 0.7 * first.seconds);  // what the first one did after its last save
  EXPECT_LT(second.seconds, first.seconds + 1);
}

}  // namespace
}  // namespace isthmus
