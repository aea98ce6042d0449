// SPDX-License-Identifier: Apache-2.0
// Fitted linear models on Fashion-MNIST against stored figures of an independent computation:
// fitted on the 60,000 training images, measured on the 10,000 test images, values in [0, 1]. And
// on more values per item than a covariance matrix could hold.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "isthmus/base/rng_key.h"
#include "isthmus/data/scaling.h"
#include "isthmus/runtime/open_device.h"
#include "isthmus/train/trainer.h"
#include "isthmus/verbs/evaluate.h"

namespace isthmus {
namespace {

std::optional<Dataset> test_images() {
  try {
    return open_dataset(posix_fs(), "fashion-mnist", {}, {}, "test");
  } catch (const Error&) {
    return std::nullopt;
  }
}

Model fitted(Device& device, const std::string& model, int64_t latent,
             const Dataset* data = nullptr) {
  TrainRequest request;
  request.device = &device;
  request.dataset = data;
  if (data == nullptr) request.data = {"fashion-mnist"};
  TrainOptions& o = request.options;
  o.run.out = ::testing::TempDir() + "isthmus-truth-" + model + "-" + std::to_string(latent) +
              (data == nullptr ? "" : "-own");
  std::filesystem::remove_all(o.run.out);
  o.hold_out.val = "0";
  o.hold_out.scale = data == nullptr ? "unit" : "none";
  o.model.name = model;
  o.model.latent_dim = std::to_string(latent);
  TrainObserver nobody;
  train(request, nobody);
  return load_model(o.run.out, posix_fs(), {});
}

struct Errors {
  double raw = 0, clamped = 0;
};

/// Of the first 0, 1, ..., `most` directions, per value.
std::vector<Errors> ladder(const Model& model, const Tensor& items, size_t most) {
  const std::span<const float> directions = model.parameters.at("pca/directions").values<float>();
  const std::span<const float> mean = model.parameters.at("pca/mean").values<float>();
  const size_t d = mean.size(), z = directions.size() / d;
  const std::span<const float> x = items.values<float>();
  std::vector<Errors> errors(most + 1);
  std::vector<double> decoded(d);
  const double share = 1 / static_cast<double>(x.size());
  for (size_t at = 0; at < x.size(); at += d) {
    for (size_t j = 0; j < d; ++j) decoded[j] = mean[j];
    for (size_t k = 0; k <= most; ++k) {
      double code = 0;
      for (size_t j = 0; j < d; ++j) {
        const double delta = x[at + j] - decoded[j];
        const double clamped = x[at + j] - std::clamp(decoded[j], 0.0, 1.0);
        errors[k].raw += share * delta * delta;
        errors[k].clamped += share * clamped * clamped;
        if (k < most) code += delta * static_cast<double>(directions[j * z + k]);
      }
      for (size_t j = 0; k < most && j < d; ++j) {
        decoded[j] += code * static_cast<double>(directions[j * z + k]);
      }
    }
  }
  return errors;
}

struct Figure {
  size_t components;
  double raw, clamped;
};

TEST(FashionMnist, PcaHasTheStoredErrors) {
  const std::optional<Dataset> test = test_images();
  if (!test) GTEST_SKIP() << "the Debian package dataset-fashion-mnist is not installed";
  const Figure figures[] = {{0, .086641, .086641},  {1, .061377, .061289},  {2, .046096, .045645},
                            {5, .033286, .032617},  {8, .026607, .025951},  {10, .024352, .023717},
                            {16, .020446, .019822}, {20, .018705, .018063}, {30, .015616, .014956},
                            {32, .015142, .014494}, {40, .013506, .012884}, {50, .011985, .011410},
                            {64, .010368, .009836}, {128, .006312, .005909}};
  const auto device = open_device({.device = "cpu", .threads = 2});
  const Model model = fitted(*device, "pca", 128);
  Session session(model, *device);
  const Tensor items = apply_scaling(test->values, model.spec().scaling);
  const std::vector<Errors> errors = ladder(model, items, 128);
  for (const Figure& f : figures) {
    const Errors& e = errors[f.components];
    std::printf("PCA %3zu  %.6f (%.6f)\n", f.components, e.raw, e.clamped);
    EXPECT_NEAR(e.raw, f.raw, 1e-5) << f.components;
    EXPECT_NEAR(e.clamped, f.clamped, 1e-5) << f.components;
  }
  EXPECT_NEAR(evaluate(session, *test, {}, {}).metric("mse"), .006312, 1e-5);
}

TEST(FashionMnist, PpcaHasTheStoredLogLikelihood) {
  const std::optional<Dataset> test = test_images();
  if (!test) GTEST_SKIP() << "the Debian package dataset-fashion-mnist is not installed";
  const auto device = open_device({.device = "cpu", .threads = 2});
  const Model model = fitted(*device, "ppca", 20);
  Session session(model, *device);
  const EvalResult r = evaluate(session, *test, {.iwae = 1}, {});
  std::printf("pPCA 20  log p %.3f, iwae of one draw %.3f\n", r.log_likelihood, r.iwae->value);
  EXPECT_NEAR(r.log_likelihood, 396.699, .05);
  EXPECT_NEAR(r.iwae->value, r.log_likelihood, .001);
}

TEST(WideItems, AreFittedWithoutASquareMatrix) {
  constexpr int64_t kItems = 1200, kValues = 20000, kRank = 5;
  const RngKey key = RngKey::from(4, "wide");
  std::vector<float> ways(kRank * kValues), noise(kValues);
  fill_normal(key, 1 << 20, 0, 0, ways.data(), kRank * kValues);
  Dataset data;
  data.source = "wide";
  data.spec = {.kind = DataKind::kArray, .item_shape = {kValues}};
  data.spec.fields = {{.min = -40, .max = 40, .standard_deviation = 5}};
  data.values = Tensor(Dtype::kF32, {kItems, kValues});
  for (int64_t i = 0; i < kItems; ++i) {
    fill_normal(key, static_cast<uint64_t>(i), 0, 0, noise.data(), kValues);
    float* row = data.values.values<float>().data() + i * kValues;
    for (int64_t j = 0; j < kValues; ++j) {
      row[j] = 0.1f * noise[size_t(j)];
      for (int64_t k = 0; k < kRank; ++k) {
        row[j] += noise[size_t(k)] * float(k + 1) * ways[size_t(k * kValues + j)];
      }
    }
  }
  const auto device = open_device({.device = "cpu", .threads = 2});
  const Model model = fitted(*device, "pca", kRank, &data);
  Session session(model, *device);
  const EvalResult r = evaluate(session, data, {}, {});
  std::printf("20,000 values: error %.6f\n", r.metric("mse"));
  // The mean and the directions take up as much of the noise as has their dimensions.
  const double left = (1 - double(kRank + 1) / kItems) * (1 - double(kRank) / kValues);
  EXPECT_NEAR(r.metric("mse"), 0.01 * left, 1e-5);
}

}  // namespace
}  // namespace isthmus
