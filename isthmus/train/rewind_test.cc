// SPDX-License-Identifier: Apache-2.0
// A run that goes back after a bad step ends in the same bits wherever it was interrupted: what it
// goes back to does not depend on when checkpoints were written.
#include <gtest/gtest.h>

#include <fstream>

#include "isthmus/testing/tiny_run.h"

namespace isthmus {
namespace {

constexpr double kRate = 0.01;

/// A step whose objective is not a number, at this step of the run while the rate is this.
struct BadStep {
  int64_t step;
  double learning_rate;
};

class FaultyExecutor final : public ReferenceExecutor {
 public:
  FaultyExecutor(const Graph& graph, const CompileOptions& options, std::vector<BadStep> bad)
      : ReferenceExecutor(graph, options), bad_(std::move(bad)) {}
  void set_scalar(std::string_view name, double value) override {
    if (name == "step") step_ = static_cast<int64_t>(value);
    if (name == "learning_rate") rate_ = value;
    ReferenceExecutor::set_scalar(name, value);
  }
  double scalar(std::string_view output) const override {
    for (const BadStep& bad : bad_) {
      if (output == "objective" && step_ == bad.step && rate_ == bad.learning_rate) {
        return std::numeric_limits<double>::quiet_NaN();
      }
    }
    return ReferenceExecutor::scalar(output);
  }

 private:
  std::vector<BadStep> bad_;
  int64_t step_ = 0;
  double rate_ = 0;
};

class FaultyDevice final : public ReferenceDevice {
 public:
  explicit FaultyDevice(std::vector<BadStep> bad) : bad_(std::move(bad)) {}
  std::unique_ptr<Executor> compile(const Graph& graph, const CompileOptions& options) override {
    return std::make_unique<FaultyExecutor>(graph, options, bad_);
  }

 private:
  std::vector<BadStep> bad_;
};

/// Lines of metrics.jsonl without the fields that tell of time.
std::string terms_of(const std::string& run) {
  std::ifstream in(join_path(run, "metrics.jsonl"));
  const std::string metrics{std::istreambuf_iterator<char>(in), {}};
  std::string out;
  size_t at = 0;
  while ((at = metrics.find("\"kind\"", at)) != std::string::npos) {
    out += metrics.substr(at, metrics.find('}', at) - at) + "\n";
    ++at;
  }
  return out;
}

int64_t rollbacks_of(const RecordingObserver& seen) {
  return std::count_if(seen.events.begin(), seen.events.end(),
                       [](const TrainEvent& e) { return e.kind == "rollback"; });
}

/// Runs `request` as a whole, and once for each of `stops` in two parts.
void expect_equal_bits(TrainRequest request, const std::string& name, int64_t rollbacks,
                       const std::vector<int64_t>& stops) {
  RecordingObserver seen;
  request.options.run.out = fresh_folder(name);
  const TrainResult whole = train(request, seen);
  EXPECT_EQ(rollbacks_of(seen), rollbacks);
  EXPECT_EQ(whole.rollbacks, rollbacks);
  for (const int64_t stop : stops) {
    request.options.run.out = fresh_folder(name + "-part");
    RecordingObserver first, second;
    first.stop_at = stop;
    const TrainResult part = train(request, first);
    EXPECT_EQ(part.status, "stopped") << stop;
    TrainRequest resume;
    resume.dataset = request.dataset;
    resume.device = request.device;
    resume.options.run.resume = request.options.run.out;
    const TrainResult rest = train(resume, second);
    EXPECT_EQ(rest.resumed_from_step, part.steps) << stop;
    EXPECT_EQ(rollbacks_of(first) + rollbacks_of(second), rollbacks) << stop;
    EXPECT_EQ(rest.rollbacks, rollbacks) << stop;
    EXPECT_EQ(rest.steps, whole.steps) << stop;
    EXPECT_EQ(rest.final_weights_sha256, whole.final_weights_sha256) << stop;
    EXPECT_EQ(rest.weights_sha256, whole.weights_sha256) << stop;
    EXPECT_EQ(rest.active_units, whole.active_units) << stop;
    EXPECT_EQ(terms_of(resume.options.run.resume), terms_of(whole.run)) << stop;
  }
}

TEST(Rewind, EndsInTheSameBitsAfterAnInterruptionAtAnyStep) {
  const Dataset data = tiny_images(40);
  // Step 7 goes back to step 4, the start of epoch 2; step 10 then to 8; step 1 to 0.
  FaultyDevice device({{1, kRate}, {7, kRate / 2}, {10, kRate / 4}});
  std::vector<int64_t> stops;
  for (int64_t stop = 1; stop < 6 + 5 + 4; ++stop) stops.push_back(stop);
  expect_equal_bits(tiny_request(data, device, ""), "rewind", 3, stops);
}

TEST(Rewind, InsideAnEpochGoesBackToTheSameStep) {
  const Dataset data = tiny_images(270);
  FaultyDevice device({{200, kRate}, {264, kRate / 2}});
  TrainRequest request = tiny_request(data, device, "");
  request.options.own.texts["model.hidden"] = "2";
  request.options.model.latent_dim = "1";
  request.options.loop.batch_size = "1";
  request.options.loop.epochs = "1";
  request.options.hold_out.val = "0";
  // The first 199 steps, 263 more with half the rate, then on from step 256.
  const int64_t first = 199;
  expect_equal_bits(request, "rewind-inside", 2,
                    {first, first + 1, first + 256, first + 257, first + 263, first + 263 + 1});
}

}  // namespace
}  // namespace isthmus
