// SPDX-License-Identifier: Apache-2.0
// Runs by steps of models without codes: what they are judged by, what is kept, what is refused.
#include <gtest/gtest.h>

#include <cmath>

#include "isthmus/model_file/model.h"
#include "isthmus/runtime/open_device.h"
#include "isthmus/testing/tiny_run.h"
#include "isthmus/verbs/evaluate.h"
#include "isthmus/verbs/infer.h"

namespace isthmus {
namespace {

TrainRequest request_of(const std::string& model, const Dataset& data, Device& device) {
  // Tests of this file may run side by side.
  const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
  TrainRequest request =
      tiny_request(data, device, fresh_folder(model + "-" + std::string(test->name())));
  request.options.model.name = model;
  if (model != "gan") request.options.model.latent_dim = "auto";
  request.options.run.report = false;
  return request;
}

/// Pairs on a tilted ellipse around (1, -2).
Dataset ellipse(int64_t count) {
  Dataset data;
  data.spec.kind = DataKind::kTable;
  data.spec.item_shape = {2};
  data.values = Tensor(Dtype::kF32, {count, 2});
  data.source = "ellipse";
  for (int64_t i = 0; i < count; ++i) {
    float n[2];
    fill_normal(RngKey::from(3, "ellipse"), static_cast<uint64_t>(i), 0, 0, n, 2);
    data.values.values<float>()[static_cast<size_t>(2 * i)] = 1 + n[0];
    data.values.values<float>()[static_cast<size_t>(2 * i + 1)] = -2 + 0.8f * n[0] + 0.6f * n[1];
  }
  data.spec.fields = {{.name = "a", .min = -4, .max = 6, .mean = 1, .standard_deviation = 1},
                      {.name = "b", .min = -7, .max = 3, .mean = -2, .standard_deviation = 1}};
  return data;
}

Error error_of(const TrainRequest& request) {
  TrainObserver quiet;
  try {
    train(request, quiet);
  } catch (const Error& error) {
    return error;
  }
  return {ErrorCode::kInternal, "no error"};
}

TEST(DensityRun, IsJudgedByLogPWhichIsItsElbo) {
  const Dataset data = tiny_images(60);
  const auto device = open_device({.device = "cpu", .threads = 2});
  for (const char* model : {"made", "real_nvp", "maf"}) {
    RecordingObserver seen;
    const TrainResult r = train(request_of(model, data, *device), seen);
    ASSERT_TRUE(r.val && r.train) << model;
    EXPECT_TRUE(r.val->exact()) << model;
    EXPECT_EQ(r.val->elbo, -r.val->reconstruction) << model;
    EXPECT_FALSE(std::isnan(r.val->elbo_se)) << model;
    EXPECT_EQ(r.train->elbo, -r.train->reconstruction) << model;
    EXPECT_GT(seen.epochs.back().val.elbo, seen.epochs.front().val.elbo - 5) << model;
    EXPECT_TRUE(std::isnan(seen.epochs.back().beta)) << model;
    EXPECT_EQ(r.summary.latent_dim, 0) << model;
    TrainRequest aimed = request_of(model, data, *device);
    aimed.options.loop.target = "log_prob>-1e9";
    TrainObserver quiet;
    EXPECT_EQ(train(aimed, quiet).stop_reason, "target") << model;
  }
}

TEST(DensityRun, FlowMatchingIsJudgedByItsLoss) {
  const Dataset data = tiny_images(60);
  const auto device = open_device({.device = "cpu", .threads = 2});
  RecordingObserver seen;
  const TrainResult r = train(request_of("flow_matching", data, *device), seen);
  ASSERT_TRUE(r.val.has_value());
  EXPECT_TRUE(std::isnan(r.val->elbo) && std::isnan(r.val->reconstruction));
  EXPECT_EQ(r.val->score(), -term_of(*r.val, "loss"));
  double least = INFINITY;
  for (const EpochRecord& epoch : seen.epochs) {
    least = std::min(least, term_of(epoch.val, "loss"));
  }
  EXPECT_EQ(term_of(*r.val, "loss"), least);
  EXPECT_GT(r.best_epoch, 0);
}

TEST(DensityRun, AGanTakesAllItemsAndKeepsItsLastState) {
  const Dataset data = tiny_images(60);
  const auto device = open_device({.device = "cpu", .threads = 2});
  RecordingObserver seen;
  const TrainResult r = train(request_of("gan", data, *device), seen);
  EXPECT_EQ(r.summary.num_train, 60);
  EXPECT_EQ(r.summary.num_val, 0);
  EXPECT_FALSE(r.val.has_value());
  EXPECT_EQ(r.weights_sha256, r.final_weights_sha256);
  EXPECT_EQ(r.epochs, 3);
  const Model model = load_model(r.run, posix_fs(), {});
  Session session(model, *device, {});
  try {
    evaluate(session, data, {}, {});
    FAIL() << "measured";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kImpossible);
  }
}

TEST(DensityRun, OptionsWithoutUseAreRefused) {
  const Dataset data = tiny_images(60);
  ReferenceDevice device;
  for (const char* model : {"made", "real_nvp", "maf", "flow_matching", "gan"}) {
    TrainRequest request = request_of(model, data, device);
    request.options.model.likelihood = "gaussian";
    set_option(request.options, "model.sigma", "0.5");
    request.origins["model.sigma"] = "flag";
    EXPECT_EQ(error_of(request).code(), ErrorCode::kConflict) << model;
    TrainRequest noisy = request_of(model, data, device);
    set_option(noisy.options, "model.corruption", "gaussian");
    EXPECT_EQ(error_of(noisy).code(), ErrorCode::kConflict) << model;
  }
  for (const auto& [key, value] : {std::pair{"data.val", "0.2"}, std::pair{"train.patience", "3"},
                                   std::pair{"train.target", "generator<1"}}) {
    TrainRequest request = request_of("gan", data, device);
    set_option(request.options, key, value);
    request.origins[key] = "flag";
    const Error error = error_of(request);
    EXPECT_EQ(error.code(), ErrorCode::kConflict) << key;
    EXPECT_NE(error.message().find("has no use"), std::string::npos) << error.message();
  }
  for (const char* model : {"made", "real_nvp", "maf", "flow_matching"}) {
    TrainRequest request = request_of(model, data, device);
    request.options.model.latent_dim = "2";
    EXPECT_EQ(error_of(request).code(), ErrorCode::kConflict) << model;
  }
}

/// Means and covariances of so many draws, against those of the data: 5 standard errors, and what a
/// short training leaves.
TEST(DensityRun, DrawsHaveTheMomentsOfTheData) {
  const Dataset data = ellipse(2000);
  const auto device = open_device({.device = "cpu", .threads = 2});
  for (const char* model : {"made", "real_nvp", "maf", "flow_matching"}) {
    TrainRequest request = request_of(model, data, *device);
    request.options.own.texts["model.hidden"] = "32";
    request.options.loop.epochs = "20";
    request.options.loop.batch_size = "64";
    request.options.optimizer.learning_rate = 0.003;
    TrainObserver quiet;
    const TrainResult r = train(request, quiet);
    const Model kept = load_model(r.run, posix_fs(), {});
    Session session(kept, *device, {});
    constexpr int64_t kDraws = 4000;
    const Tensor drawn = sample(session, {.count = kDraws});
    double sum[2] = {}, square[2] = {}, product = 0;
    const Scaling& scaling = kept.spec().scaling;
    for (size_t i = 0; i < static_cast<size_t>(kDraws); ++i) {
      double x[2];
      for (size_t j = 0; j < 2; ++j) {
        const size_t at = std::min(j, scaling.scale.size() - 1);
        const double v = static_cast<double>(drawn.values<float>()[2 * i + j]);
        x[j] = scaling.scale.empty() ? v : v / scaling.scale[at] + scaling.shift[at];
        x[j] -= j == 0 ? 1 : -2;
        sum[j] += x[j];
        square[j] += x[j] * x[j];
      }
      product += x[0] * x[1];
    }
    constexpr double kLearned = 0.12;
    const double mean_error = 5 / std::sqrt(kDraws) + kLearned;
    const double square_error = 5 * std::sqrt(2.0 / kDraws) + kLearned;
    for (size_t j = 0; j < 2; ++j) {
      EXPECT_NEAR(sum[j] / kDraws, 0, mean_error) << model;
      EXPECT_NEAR(square[j] / kDraws, 1, square_error) << model;
    }
    EXPECT_NEAR(product / kDraws, 0.8, square_error) << model;
  }
}

}  // namespace
}  // namespace isthmus
