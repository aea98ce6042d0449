// SPDX-License-Identifier: Apache-2.0
// Autoencoders against PCA, the best that is linear (Baldi and Hornik, Neural Networks and
// Principal Component Analysis, 1989): a linear one reaches its error, a deep one passes it.
#include <gtest/gtest.h>

#include <filesystem>

#include "isthmus/runtime/open_device.h"
#include "isthmus/train/trainer.h"
#include "isthmus/verbs/evaluate.h"
#include "linear_gaussian.h"

namespace isthmus {
namespace {

TrainRequest request_for(Device& device, const std::string& name, const std::string& epochs) {
  TrainRequest request;
  request.device = &device;
  TrainOptions& o = request.options;
  o.run.out = ::testing::TempDir() + "isthmus-truth-" + name;
  std::filesystem::remove_all(o.run.out);
  o.run.samples_every = "none";
  o.run.report = false;
  o.hold_out.val = "0";
  o.loop.epochs = epochs;
  o.optimizer.schedule = "cosine";
  return request;
}

Model trained(const TrainRequest& request) {
  TrainObserver nobody;
  train(request, nobody);
  return load_model(request.options.run.out, posix_fs(), {});
}

TEST(LinearAe, ReachesTheErrorOfPca) {
  constexpr int64_t kItems = 4000, kDims = 24, kRank = 4;
  const Dataset data = truth::linear_gaussian_data(kItems, kDims, 6, 0.5);
  const auto device = open_device({.device = "cpu", .threads = 2});
  TrainRequest request = request_for(*device, "linear-ae", "400");
  request.dataset = &data;
  request.options.hold_out.scale = "none";
  request.options.model.name = "ae";
  request.options.own.texts["model.hidden"] = "none";
  request.options.model.latent_dim = std::to_string(kRank);
  request.options.model.likelihood = "gaussian";
  request.options.own.texts["model.sigma"] = "1";
  request.options.loop.batch_size = "100";
  request.options.optimizer.learning_rate = 0.03;
  Session session(trained(request), *device);
  const EvalResult r = evaluate(session, data, {}, {});
  const std::vector<double> eigenvalues = truth::eigenvalues_of(truth::covariance_of(data));
  double pca = 0;
  for (int64_t k = kRank; k < kDims; ++k) pca += eigenvalues[size_t(k)] / kDims;
  std::printf("PCA %.6f, linear AE %.6f per value\n", pca, r.metric("mse"));
  EXPECT_LT(r.metric("mse"), 1.01 * pca);
  EXPECT_GT(r.metric("mse"), pca * (1 - 1e-5));
}

TEST(DeepAe, PassesThePcaOfFashionMnist) {
  // PCA-20 of the training images, applied to the test images; per pixel, in [0, 1].
  constexpr double kPca20 = 0.018705;
  Dataset test;
  try {
    test = open_dataset(posix_fs(), "fashion-mnist", {}, {}, "test");
  } catch (const Error&) {
    GTEST_SKIP() << "the Debian package dataset-fashion-mnist is not installed";
  }
  const auto device = open_device({.device = "cpu", .threads = 2});
  TrainRequest request = request_for(*device, "deep-ae", "8");
  request.options.loop.batch_size = "128";
  request.data = {"fashion-mnist"};
  request.options.model.preset = "ae-784-256-128-20";
  Session session(trained(request), *device);
  const EvalResult r = evaluate(session, test, {}, {});
  std::printf("PCA-20 %.6f, AE 784-256-128-20 %.6f per pixel of the test images\n", kPca20,
              r.metric("mse"));
  EXPECT_LT(r.metric("mse"), 0.75 * kPca20);
}

}  // namespace
}  // namespace isthmus
