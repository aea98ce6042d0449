// SPDX-License-Identifier: Apache-2.0
// The power fails at every point of a training run. In each state that a disk may legally be left
// in, the newest usable checkpoint is at least the announced one, its metrics are whole, and the
// best model it speaks of is there; a sample of the states is resumed and ends in the bits of the
// undisturbed run. Controls leave out one sync each: the same search must then find bad states.
#include <gtest/gtest.h>

#include <unordered_map>
#include <unordered_set>

#include "disk_states.h"
#include "isthmus/base/digest.h"
#include "isthmus/model_file/model.h"
#include "isthmus/testing/tiny_run.h"
#include "isthmus/train/resume.h"

namespace isthmus {
namespace {

constexpr int64_t kLeastStates = 10'000;
constexpr size_t kResumedStates = 60;
constexpr const char* kRun = "run";
constexpr const char* kMetrics = "run/metrics.jsonl";
constexpr const char* kModel = "run/model.safetensors";

/// Asks for a checkpoint after each step and passes announcements on to the disk.
class Announcer : public TrainObserver {
 public:
  explicit Announcer(RecordingFs& fs) : fs_(fs) {}
  void on_event(const TrainEvent& event) override {
    if (event.kind == "checkpoint") fs_.announce(event.step);
  }
  StopRequest stop_requested() override { return StopRequest::kSave; }

 private:
  RecordingFs& fs_;
};

struct Recorded {
  DiskImage start;
  std::vector<DiskStep> steps;
  DiskImage end;
  TrainResult result;
};

Recorded record(const DiskImage& start) {
  static const Dataset data = tiny_images(20);
  ReferenceDevice device;
  RecordingFs fs(start);
  TrainRequest request = tiny_request(data, device, kRun);
  request.fs = &fs;
  request.options.hold_out.val = "0.2";
  request.options.loop.epochs = "40";
  if (start.folders.contains("run")) {
    request = {};
    request.dataset = &data;
    request.device = &device;
    request.fs = &fs;
    request.options.run.resume = kRun;
  }
  Announcer observer(fs);
  const TrainResult result = train(request, observer);
  return {start, fs.steps(), fs.image(), result};
}

/// Files that a resume reads; the others may be lost and are written again.
bool concerns_resume(const DiskStep& step) {
  if (step.kind == DiskStep::kMakeFolder || step.kind == DiskStep::kSyncFolder) return true;
  for (const char* word : {"step-", "metrics.jsonl", "model.safetensors"}) {
    if (step.name.find(word) != std::string::npos) return true;
  }
  return step.name.empty();  // about a file's content, or an announcement
}

/// Empty when all is well.
std::string fault_of(const DiskImage& image, int64_t announced, const Bytes& metrics) {
  RecordingFs fs(image);
  try {
    if (image.files.contains(kModel)) load_model(kModel, fs, {});
  } catch (const Error& error) {
    return std::string("model.safetensors is damaged: ") + error.what();
  }
  if (announced < 0) return "";
  TrainObserver silent;
  ResumePoint point;
  try {
    point = load_resume_point(fs, kRun, {}, silent);
  } catch (const Error& error) {
    return error.what();
  }
  if (point.step < announced)
    return "the newest checkpoint is of step " + std::to_string(point.step);
  const auto lines = image.files.find(kMetrics);
  const size_t needed = point.record.metrics_bytes;
  if (lines == image.files.end() || lines->second->size() < needed ||
      !std::equal(metrics.begin(), metrics.begin() + static_cast<std::ptrdiff_t>(needed),
                  lines->second->begin())) {
    return "metrics.jsonl is cut or damaged";
  }
  const int64_t best = point.record.early_stopping.at("best_step").as_int();
  if (best == 0 || best == point.step) return "";  // none yet, or written again by the resume
  if (!image.files.contains(kModel)) return "model.safetensors is missing";
  const int64_t kept = load_model(kModel, fs, {}).provenance.steps;
  return kept < best ? "model.safetensors is of step " + std::to_string(kept) : "";
}

struct Found {
  int64_t states = 0, bad = 0;
  std::string first_fault;
  std::vector<DiskImage> sample;
};

/// What a reader can see of a state: temporaries have names that no reader opens.
std::string visible(const DiskImage& image) {
  std::string text;
  for (const auto& [path, content] : image.files) {
    if (!file_name(path).starts_with('.')) text += path + xxh3_128_label(*content);
  }
  return text;
}

/// Looks at every state; at those that look alike to a reader, once.
class Search {
 public:
  explicit Search(const Recorded& run) : run_(run), disk_(run.start) {}

  /// `at_first`: ends with the first bad state.
  Found run(const std::vector<DiskStep>& steps, bool at_first = false) {
    for (const DiskStep& step : steps) {
      if (!concerns_resume(step)) continue;
      disk_.apply(step);
      disk_.visit_states([&](const DiskImage& image, const std::string& key) {
        const std::string when = " announced " + std::to_string(disk_.announced);
        if (!seen_.insert(key + when).second) return;
        ++found_.states;
        if (at_first && found_.bad > 0) return;
        const auto [at, is_new] = verdicts_.try_emplace(visible(image) + when);
        if (is_new) at->second = fault_of(image, disk_.announced, *run_.end.files.at(kMetrics));
        judge(at->second, is_new, image, key + when);
      });
      if (at_first && found_.bad > 0) break;
    }
    return std::move(found_);
  }

 private:
  void judge(const std::string& fault, bool is_new, const DiskImage& image,
             const std::string& which) {
    if (!fault.empty() && ++found_.bad == 1) found_.first_fault = which + ": " + fault;
    if (is_new && fault.empty() && disk_.announced >= 0) found_.sample.push_back(image);
  }

  const Recorded& run_;
  Disk disk_;
  Found found_;
  std::unordered_set<std::string> seen_;
  std::unordered_map<std::string, std::string> verdicts_;
};

using Steps = std::vector<DiskStep>;

Steps without(const Steps& steps, const std::function<bool(const DiskStep&)>& left_out) {
  Steps kept;
  for (const DiskStep& step : steps) {
    if (!left_out(step)) kept.push_back(step);
  }
  return kept;
}

const Recorded& undisturbed() {
  static const Recorded run = record({});
  return run;
}

/// Resumes from some of the states, whose other files are empty, as after a rename without a sync.
void expect_all_well(const char* what, const Recorded& run, const Found& found) {
  EXPECT_EQ(found.bad, 0) << found.first_fault;
  const size_t every = std::max<size_t>(1, found.sample.size() / kResumedStates);
  int64_t resumed = 0, wrong = 0;
  for (size_t i = 0; i < found.sample.size(); i += every, ++resumed) {
    DiskImage state = found.sample[i];
    for (const char* name : {"run/run.json", "run/config.toml", "run/metrics.csv"}) {
      state.files[name] = std::make_shared<Bytes>();
    }
    const TrainResult result = record(state).result;
    wrong += result.final_weights_sha256 != run.result.final_weights_sha256 ||
             result.weights_sha256 != run.result.weights_sha256 || result.steps != run.result.steps;
  }
  EXPECT_EQ(wrong, 0);
  std::printf("power loss, %s: %ld states (%zu kinds), %ld bad; resumed from %ld, %ld wrong\n",
              what, found.states, found.sample.size(), found.bad, resumed, wrong);
}

TEST(PowerLoss, LosesNoAnnouncedCheckpoint) {
  const Recorded& run = undisturbed();
  const Found found = Search(run).run(run.steps);
  EXPECT_GE(found.states, kLeastStates);
  expect_all_well("new run", run, found);
}

/// In the middle of a run the power failed; it fails again while that run is resumed.
TEST(PowerLoss, LosesNoneInAResumedRun) {
  const std::vector<DiskImage> states = Search(undisturbed()).run(undisturbed().steps).sample;
  ASSERT_GE(states.size(), 2u);
  const Recorded run = record(states[states.size() / 2]);
  EXPECT_EQ(run.result.weights_sha256, undisturbed().result.weights_sha256);
  expect_all_well("resumed run", run, Search(run).run(run.steps));
}

TEST(PowerLoss, TheSearchFindsWhatAMissingSyncWouldLose) {
  const Recorded& run = undisturbed();
  const auto control = [&](const char* what, const Steps& steps) {
    const Found found = Search(run).run(steps, true);
    EXPECT_GT(found.bad, 0) << what;
    std::printf("control, %s: bad after %ld states\n", what, found.states);
  };
  const auto syncs_folder = [](const DiskStep& step, const char* folder) {
    return step.kind == DiskStep::kSyncFolder && step.folder == folder;
  };
  control("files are not synced", without(run.steps, [](const DiskStep& step) {
            return step.kind == DiskStep::kSyncFile;
          }));
  control("checkpoints/ is not synced", without(run.steps, [&](const DiskStep& step) {
            return syncs_folder(step, "run/checkpoints");
          }));
  control("the run folder is not synced",
          without(run.steps, [&](const DiskStep& step) { return syncs_folder(step, "run"); }));
  control("the run folder's own entry is not synced",
          without(run.steps, [&](const DiskStep& step) { return syncs_folder(step, ""); }));
}

}  // namespace
}  // namespace isthmus
