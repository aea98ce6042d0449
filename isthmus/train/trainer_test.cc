// SPDX-License-Identifier: Apache-2.0
// Facts about a run as a whole: it learns, it weighs its items, it stops when it should, and it
// never writes a weight that is not finite.
#include "isthmus/train/trainer.h"

#include <cmath>
#include <fstream>

#include <gtest/gtest.h>

#include "isthmus/base/text.h"
#include "isthmus/checkpoint/generations.h"
#include "isthmus/model_file/model.h"
#include "isthmus/models/inference.h"
#include "isthmus/runtime/open_device.h"
#include "isthmus/testing/fault_fs.h"
#include "isthmus/testing/tiny_run.h"

namespace isthmus {
namespace {

std::string text_of(const std::string& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

ErrorCode code_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.code();
  }
  return ErrorCode::kInternal;
}

TEST(Trainer, LowersTheObjectiveAndKeepsTheBestModel) {
  const Dataset data = tiny_images(40);
  ReferenceDevice device;
  RecordingObserver seen;
  TrainRequest request = tiny_request(data, device, fresh_folder("learns"));
  request.options.loop.epochs = "8";
  const TrainResult r = train(request, seen);
  EXPECT_EQ(r.status, "done");
  EXPECT_EQ(r.stop_reason, "epochs");
  ASSERT_EQ(seen.epochs.size(), 8u);
  EXPECT_LT(seen.epochs.back().train.objective, seen.epochs.front().train.objective);
  EXPECT_EQ(r.epochs, 8);
  EXPECT_EQ(r.steps, 8 * 4);
  EXPECT_GT(r.best_epoch, 0);
  const Model model = load_model(r.run, posix_fs(), {});
  EXPECT_EQ(weights_sha256(model.parameters), r.weights_sha256);
  EXPECT_EQ(model.provenance.epochs, r.best_epoch);
  for (const char* name : {"config.toml", "run.json", "metrics.jsonl", "metrics.csv", "log.txt",
                           "model.safetensors", "samples.png", "reconstructions.png"}) {
    EXPECT_TRUE(posix_fs().stat(join_path(r.run, name)).has_value()) << name;
  }
}

TEST(Trainer, SameSeedGivesTheSameBytesAndAnotherSeedDoesNot) {
  const Dataset data = tiny_images(40);
  ReferenceDevice device;
  std::vector<std::string> sums, digests;
  for (uint64_t seed : {3, 3, 4}) {
    RecordingObserver seen;
    TrainRequest request = tiny_request(data, device, fresh_folder("seed"));
    request.options.run.seed = seed;
    const TrainResult r = train(request, seen);
    sums.push_back(r.weights_sha256);
    digests.push_back(r.model_digest);
  }
  EXPECT_EQ(sums[0], sums[1]);
  EXPECT_EQ(digests[0], digests[1]);
  EXPECT_NE(sums[0], sums[2]);
}

/// With a learning rate of almost 0 the epoch mean must equal the mean over items of one evaluation
/// with the same noise, although the last batch has 6 items and the others 10.
TEST(Trainer, PartialBatchWeighsItsItems) {
  const Dataset data = tiny_images(26);
  ReferenceDevice device;
  RecordingObserver seen;
  TrainRequest request = tiny_request(data, device, fresh_folder("partial"));
  request.options.hold_out.val = "0";
  request.options.loop.epochs = "1";
  request.options.optimizer.learning_rate = 1e-30;
  const TrainResult r = train(request, seen);
  ASSERT_EQ(r.steps, 3);
  const Model model = load_model(r.run, posix_fs(), {});
  const auto executor = device.compile(evaluation_graph(model.setup), {.max_rows = 26});
  for (const auto& [name, tensor] : model.parameters) executor->set(name, tensor);
  executor->bind_input("x", data.values, model.spec().scaling);
  std::vector<int64_t> items(26);
  for (int64_t i = 0; i < 26; ++i) items[static_cast<size_t>(i)] = i;
  executor->run({.items = items, .epoch = 1, .seed = 0});
  double sum = 0, kl = 0;
  for (float v : executor->rows("reconstruction")) sum += v;
  for (float v : executor->rows("kl")) kl += v;
  EXPECT_NEAR(seen.epochs[0].train.reconstruction, sum / 26, 1e-5);
  EXPECT_NEAR(seen.epochs[0].train.kl, kl / 26, 1e-6);
}

TEST(Trainer, ValidationElboIgnoresBetaAndWarmup) {
  const Dataset data = tiny_images(40);
  ReferenceDevice device;
  std::vector<Terms> first;
  for (double beta : {1.0, 7.0}) {
    RecordingObserver seen;
    TrainRequest request = tiny_request(data, device, fresh_folder("beta"));
    request.options.model.name = "beta_vae";
    request.options.own.texts["model.beta"] = print_value(beta);
    request.options.loop.epochs = "1";
    request.options.optimizer.learning_rate = 1e-30;  // equal weights, so equal validation
    train(request, seen);
    const Terms& val = seen.epochs.at(0).val;
    EXPECT_DOUBLE_EQ(val.elbo, -(val.reconstruction + val.kl));
    const Terms& t = seen.epochs.at(0).train;
    EXPECT_NEAR(t.objective, t.reconstruction + beta * t.kl, 1e-5);
    first.push_back(val);
  }
  EXPECT_EQ(first[0].elbo, first[1].elbo);
}

TEST(Trainer, WarmupCountsEpochs) {
  const Dataset data = tiny_images(40);
  ReferenceDevice device;
  RecordingObserver seen;
  TrainRequest request = tiny_request(data, device, fresh_folder("warmup"));
  request.options.own.texts["objective.kl_warmup"] = "2";
  train(request, seen);
  ASSERT_EQ(seen.epochs.size(), 3u);
  // Recorded for the first step of the next epoch: 5 of 8 steps, then complete.
  EXPECT_DOUBLE_EQ(seen.epochs[0].kl_weight, 5.0 / 8.0);
  EXPECT_DOUBLE_EQ(seen.epochs[1].kl_weight, 1.0);
}

TEST(Trainer, StopsAtTheTarget) {
  const Dataset data = tiny_images(40);
  ReferenceDevice device;
  RecordingObserver seen;
  TrainRequest request = tiny_request(data, device, fresh_folder("target"));
  request.options.loop.target = "elbo>-100000";
  const TrainResult r = train(request, seen);
  EXPECT_EQ(r.stop_reason, "target");
  EXPECT_EQ(r.epochs, 1);
}

class SteppingClock : public Clock {
 public:
  double seconds() const override { return now_ += 0.001; }

 private:
  mutable double now_ = 0;
};

TEST(Trainer, StopsInTimeAtAStepBoundary) {
  const Dataset data = tiny_images(40);
  ReferenceDevice device;
  SteppingClock clock;
  RecordingObserver seen;
  TrainRequest request = tiny_request(data, device, fresh_folder("time"));
  request.clock = &clock;
  request.options.loop.epochs = "1000";
  request.options.loop.time = Duration{0.05};
  const TrainResult r = train(request, seen);
  EXPECT_EQ(r.stop_reason, "time");
  EXPECT_GT(r.steps, 0);
  EXPECT_LT(r.steps, 60);
}

TEST(Trainer, EarlyStoppingEndsAnOpenRun) {
  const Dataset data = tiny_images(40);
  ReferenceDevice device;
  RecordingObserver seen;
  TrainRequest request = tiny_request(data, device, fresh_folder("early"));
  request.options.loop.epochs = "auto";
  request.options.loop.patience = "2";
  request.options.optimizer.learning_rate = 0.3;  // soon bounces
  const TrainResult r = train(request, seen);
  EXPECT_EQ(r.stop_reason, "early_stop");
  EXPECT_EQ(r.epochs, r.best_epoch + 2);
  EXPECT_EQ(load_model(r.run, posix_fs(), {}).provenance.terms.elbo, r.val->elbo);
}

TEST(Trainer, AStopRequestFinishesTheStepAndSaves) {
  const Dataset data = tiny_images(40);
  ReferenceDevice device;
  RecordingObserver seen;
  seen.stop_at = 2;
  const TrainResult r = train(tiny_request(data, device, fresh_folder("stopped")), seen);
  EXPECT_EQ(r.status, "stopped");
  EXPECT_EQ(r.stop_reason, "signal");
  EXPECT_EQ(r.steps, 2);
  EXPECT_EQ(r.checkpoint_step, 2);
  EXPECT_NO_THROW(load_model(r.run, posix_fs(), {}));
}

TEST(Trainer, DryRunWritesNothing) {
  const Dataset data = tiny_images(40);
  ReferenceDevice device;
  RecordingObserver seen;
  const std::string out = fresh_folder("dry");
  TrainRequest request = tiny_request(data, device, out);
  request.options.run.dry_run = true;
  const TrainResult r = train(request, seen);
  EXPECT_EQ(r.status, "dry_run");
  EXPECT_EQ(seen.summary.parameters, r.summary.parameters);
  EXPECT_GT(seen.summary.layers.size(), 3u);
  EXPECT_FALSE(posix_fs().stat(out).has_value());
}

TEST(Trainer, AnAutoencoderIsJudgedByItsReconstruction) {
  const Dataset data = tiny_images(40);
  ReferenceDevice device;
  RecordingObserver seen;
  TrainRequest request = tiny_request(data, device, fresh_folder("ae"));
  request.options.model.name = "ae";
  const TrainResult r = train(request, seen);
  EXPECT_TRUE(std::isnan(seen.epochs[0].val.elbo));
  EXPECT_GT(seen.epochs[0].val.reconstruction, 0);
  EXPECT_GT(r.best_epoch, 0);
  EXPECT_TRUE(std::isnan(r.val->kl));
}

Dataset small_table(bool all_constant) {
  Dataset data;
  data.spec.kind = DataKind::kTable;
  data.spec.item_shape = {3};
  data.spec.dtype = Dtype::kF32;
  data.source = "table";
  data.values = Tensor(Dtype::kF32, {30, 3});
  const char* names[] = {"a", "fixed", "b"};
  for (size_t c = 0; c < 3; ++c) {
    const bool constant = all_constant || c == 1;
    data.spec.fields.push_back({.name = names[c],
                                .min = constant ? 7.0 : -2.0,
                                .max = constant ? 7.0 : 2.0,
                                .mean = constant ? 7.0 : 0.0,
                                .standard_deviation = constant ? 0.0 : 1.0,
                                .binary = false,
                                .constant = constant,
                                .integer = false});
  }
  for (size_t i = 0; i < 30; ++i) {
    float u[2];
    fill_normal(RngKey::from(1, "table"), i, 0, 0, u, 2);
    float* row = data.values.values<float>().data() + 3 * i;
    row[0] = all_constant ? 7 : u[0], row[1] = 7, row[2] = all_constant ? 7 : u[1];
  }
  return data;
}

TEST(Trainer, ConstantColumnsAreLeftOutAndSaid) {
  const Dataset data = small_table(false);
  ReferenceDevice device;
  RecordingObserver seen;
  const TrainResult r = train(tiny_request(data, device, fresh_folder("constant")), seen);
  ASSERT_FALSE(seen.events.empty());
  EXPECT_NE(seen.events[0].text.find("fixed"), std::string::npos);
  const Model model = load_model(r.run, posix_fs(), {});
  ASSERT_EQ(model.spec().fields.size(), 2u);
  EXPECT_EQ(model.spec().fields[1].name, "b");
  EXPECT_EQ(code_of([&] {
              const Dataset constant = small_table(true);
              train(tiny_request(constant, device, fresh_folder("constant")), seen);
            }),
            ErrorCode::kValueRange);
}

TEST(Trainer, ACollapsedCodeIsWarnedOf) {
  const Dataset data = tiny_images(40);
  ReferenceDevice device;
  RecordingObserver seen;
  TrainRequest request = tiny_request(data, device, fresh_folder("collapse"));
  request.options.model.name = "beta_vae";
  request.options.own.texts["model.beta"] = "1000";
  const TrainResult r = train(request, seen);
  EXPECT_TRUE(seen.has_event("warning"));
  // It belongs to the epoch that showed it, the last of three.
  const std::string metrics = text_of(join_path(r.run, "metrics.jsonl"));
  EXPECT_NE(metrics.find("\"kind\":\"event\",\"step\":12,\"epoch\":3,"), std::string::npos)
      << metrics;
}

/// The engine and the reference see the same noise, so two runs differ by rounding alone; on the
/// engine the number of threads changes no bit, also when a run is interrupted.
TEST(Trainer, OnTheCpuEqualsTheReferenceWithAnyThreads) {
  const Dataset data = tiny_images(40);
  ReferenceDevice reference;
  RecordingObserver expected;
  train(tiny_request(data, reference, fresh_folder("reference")), expected);
  std::vector<std::string> sums;
  for (int threads : {1, 2, 3}) {
    const auto device = open_device({.threads = threads});
    const std::string out = fresh_folder("cpu");
    TrainRequest request = tiny_request(data, *device, out);
    RecordingObserver seen;
    seen.stop_at = threads == 2 ? 7 : -1;
    TrainResult r = train(request, seen);
    if (threads == 2) {
      TrainRequest resumed;
      resumed.dataset = &data;
      resumed.device = device.get();
      resumed.options.run.resume = out;
      r = train(resumed, seen);
    }
    sums.push_back(r.final_weights_sha256);
    ASSERT_EQ(seen.epochs.size(), expected.epochs.size());
    for (size_t i = 0; i < seen.epochs.size(); ++i) {
      EXPECT_NEAR(seen.epochs[i].train.objective, expected.epochs[i].train.objective, 1e-3);
      EXPECT_NEAR(seen.epochs[i].val.elbo, expected.epochs[i].val.elbo, 1e-3);
    }
  }
  EXPECT_EQ(sums[0], sums[1]);
  EXPECT_EQ(sums[0], sums[2]);
}

TEST(Trainer, MetricsHaveOneEpochAndOneValidationLinePerEpoch) {
  const Dataset data = tiny_images(40);
  ReferenceDevice device;
  RecordingObserver seen;
  const TrainResult r = train(tiny_request(data, device, fresh_folder("metrics")), seen);
  const std::vector<std::string> lines = split(text_of(join_path(r.run, "metrics.jsonl")), '\n');
  ASSERT_EQ(lines.size(), 8u);  // three pairs, a warning of collapse, the end of the last line
  const std::vector<std::string> rows = split(text_of(join_path(r.run, "metrics.csv")), '\n');
  ASSERT_EQ(rows.size(), 5u);
  EXPECT_EQ(split(rows[0], ',').size(), split(rows[1], ',').size());
}

}  // namespace
}  // namespace isthmus
