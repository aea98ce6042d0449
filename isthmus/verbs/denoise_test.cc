// SPDX-License-Identifier: Apache-2.0
// Denoising: keyed noise of the stated strength, weights that reach the posterior mean of a linear
// Gaussian model, and what is refused.
#include "isthmus/verbs/denoise.h"

#include <cmath>

#include <gtest/gtest.h>

#include "isthmus/models/corruption.h"
#include "isthmus/nn/initializers.h"
#include "isthmus/testing/tiny_run.h"
#include "isthmus/verbs/graph_runner.h"

namespace isthmus {
namespace {

Model untrained(ModelSetup setup) {
  Model model;
  model.setup = std::move(setup);
  const NamedTensors first = initialize(evaluation_graph(model.setup), 3);
  for (const ExpectedTensor& p : expected_parameters(model.setup)) {
    model.parameters.emplace(p.name, first.at(p.name));
  }
  return model;
}

ModelSetup image_setup(const std::string& name, const std::string& likelihood) {
  return {.model = {.name = name, .latent_dim = "2", .likelihood = likelihood},
          .own = {.texts = {{"model.hidden", "6"}, {"model.sigma", "0.5"}}},
          .data = {.kind = DataKind::kImage,
                   .item_shape = {5, 10},
                   .fields = {{.min = 0, .max = 1, .mean = 0.5, .standard_deviation = 0.3}}}};
}

Tensor filled(Shape shape, float value) {
  Tensor items(Dtype::kF32, std::move(shape));
  for (float& v : items.values<float>()) v = value;
  return items;
}

Tensor corrupted_by(const Model& model, const std::string& name, const std::string& level,
                    uint64_t seed, int64_t batch = 0) {
  ReferenceDevice device;
  Session session(model, device);
  return corrupt_items(session, filled({200, 5, 10}, 0.5f), name,
                       {.texts = {{std::string(kLevelKey), level}}},
                       {.seed = seed, .batch_size = batch});
}

TEST(CorruptItems, HaveTheStatedShareOrDeviation) {
  const Model model = untrained(image_setup("ae", "bernoulli"));
  const double n = 200 * 50;
  double squares = 0, masked = 0, low = 0, high = 0;
  const Tensor noisy = corrupted_by(model, "gaussian", "0.3", 1);
  for (float v : noisy.values<float>()) squares += (v - 0.5) * (v - 0.5);
  EXPECT_NEAR(std::sqrt(squares / n), 0.3, 5 * 0.3 / std::sqrt(2 * n));
  const Tensor holes = corrupted_by(model, "masking", "0.25", 1);
  for (float v : holes.values<float>()) masked += v == 0;
  EXPECT_NEAR(masked / n, 0.25, 5 * std::sqrt(0.25 * 0.75 / n));
  const Tensor grains = corrupted_by(model, "salt_pepper", "0.1", 1);
  for (float v : grains.values<float>()) low += v == 0, high += v == 1;
  EXPECT_NEAR(low / n, 0.05, 5 * std::sqrt(0.05 * 0.95 / n));
  EXPECT_NEAR(high / n, 0.05, 5 * std::sqrt(0.05 * 0.95 / n));
}

TEST(CorruptItems, AreAFunctionOfSeedAndItem) {
  const Model model = untrained(image_setup("ae", "bernoulli"));
  const Tensor one = corrupted_by(model, "gaussian", "0.3", 1);
  const Tensor again = corrupted_by(model, "gaussian", "0.3", 1, 7);
  const Tensor other = corrupted_by(model, "gaussian", "0.3", 2);
  EXPECT_TRUE(std::ranges::equal(one.values<float>(), again.values<float>()));
  EXPECT_FALSE(std::ranges::equal(one.values<float>(), other.values<float>()));
}

/// z ~ N(0, 1), x = w z + b + 0.5 e, seen as x + 0.4 n. Then z given the noisy item is normal with
/// variance 1 / (1 + |w|^2 / t) and mean variance * w (x - b) / t, t = 0.25 + 0.16.
struct LinearModel {
  static constexpr double kTotal = 0.25 + 0.16;
  const std::vector<double> w = {0.8, -0.5, 0.3}, b = {0.1, 0.2, -0.4};
  double variance = 0;
  Model model;
  Tensor noisy = Tensor(Dtype::kF32, {2, 3});
  ReferenceDevice device;

  LinearModel() {
    ModelSetup setup = image_setup("vae", "gaussian");
    setup.model.latent_dim = "1";
    setup.own.texts["model.hidden"] = "none";
    setup.data = {.item_shape = {3}, .fields = {{.min = -3, .max = 3, .standard_deviation = 1}}};
    model = untrained(setup);
    set("decoder/0/weight", {0.8f, -0.5f, 0.3f});
    set("decoder/0/bias", {0.1f, 0.2f, -0.4f});
    double squares = 0;
    for (double v : w) squares += v * v;
    variance = 1 / (1 + squares / kTotal);
    std::ranges::copy(std::vector<float>{1, -1, 0.5f, -0.3f, 0.6f, 0},
                      noisy.values<float>().begin());
  }
  void set(const std::string& name, const std::vector<float>& values) {
    std::ranges::copy(values, model.parameters.at(name).values<float>().begin());
  }
  double posterior_mean(size_t item) const {
    double sum = 0;
    for (size_t j = 0; j < 3; ++j) {
      sum += w[j] * (noisy.values<float>()[3 * item + j] - b[j]) / kTotal;
    }
    return variance * sum;
  }
  Denoised run(int64_t draws, int64_t batch = 0) {
    Session session(model, device);
    return denoise(session, noisy, {},
                   {.noise = KnownNoise{.kind = NoiseKind::kNormal, .level = 0.4},
                    .draws = draws,
                    .verb = {.batch_size = batch}});
  }
};

TEST(Denoise, WeightsReachThePosteriorMean) {
  LinearModel s;
  s.set("encoder/0/weight", std::vector<float>(6, 0.0f));  // q = N(0, 1): far from the posterior
  const Denoised result = s.run(4000);
  EXPECT_LT(result.effective_samples, 3500);
  EXPECT_GT(result.effective_samples, 500);
  for (size_t i = 0; i < 2; ++i) {
    for (size_t j = 0; j < 3; ++j) {
      const double expected = s.w[j] * s.posterior_mean(i) + s.b[j];
      const double error = 5 * std::fabs(s.w[j]) * std::sqrt(s.variance / 500);
      EXPECT_NEAR(result.items.values<float>()[3 * i + j], expected, error);
    }
  }
}

TEST(Denoise, AtTheTruePosteriorAllDrawsCount) {
  LinearModel s;
  std::vector<float> weight(6, 0.0f);
  double bias = 0;
  for (size_t j = 0; j < 3; ++j) {
    weight[2 * j] = static_cast<float>(s.variance * s.w[j] / LinearModel::kTotal);
    bias -= s.variance * s.w[j] * s.b[j] / LinearModel::kTotal;
  }
  s.set("encoder/0/weight", weight);
  s.set("encoder/0/bias", {static_cast<float>(bias), static_cast<float>(std::log(s.variance))});
  EXPECT_NEAR(s.run(64).effective_samples, 64, 1e-3);
}

TEST(Denoise, BatchCompositionDoesNotMatter) {
  LinearModel s;
  const Tensor whole = s.run(5).items, single = s.run(5, 1).items;
  EXPECT_TRUE(std::ranges::equal(whole.values<float>(), single.values<float>()));
}

ErrorCode refusal(const ModelSetup& setup, std::optional<KnownNoise> noise) {
  ReferenceDevice device;
  try {
    Session session(untrained(setup), device);
    denoise(session, filled({2, 5, 10}, 0), {}, {.noise = noise});
  } catch (const Error& error) {
    return error.code();
  }
  return ErrorCode::kInternal;
}

TEST(Denoise, RefusesWhatHasNoMeaning) {
  const KnownNoise normal{.kind = NoiseKind::kNormal, .level = 0.3};
  const KnownNoise flips{.kind = NoiseKind::kFlips, .level = 0.1};
  EXPECT_EQ(refusal(image_setup("ae", "bernoulli"), {}), ErrorCode::kImpossible);
  EXPECT_EQ(refusal(image_setup("ae", "gaussian"), normal), ErrorCode::kImpossible);
  EXPECT_EQ(refusal(image_setup("vae", "bernoulli"), normal), ErrorCode::kImpossible);
  EXPECT_EQ(refusal(image_setup("vae", "bernoulli"), flips), ErrorCode::kImpossible);  // greys
}

TEST(Denoise, OnePassIsTheReconstructionOfTheNoisyItem) {
  ModelSetup setup = image_setup("ae", "bernoulli");
  const Model clean = untrained(setup);
  setup.model.corruption = "gaussian";
  const Model model = untrained(setup);
  ReferenceDevice device;
  const Tensor noisy = corrupted_by(model, "gaussian", "0.3", 1);
  GraphRunner runner(device, reconstruct_graph(clean.setup, Draw::kNone), {});
  runner.set_parameters(clean.parameters);
  runner.executor().bind_input("x", noisy, Scaling{});
  runner.run(0, 200, 0);
  Session session(model, device);
  EXPECT_TRUE(std::ranges::equal(denoise(session, noisy, {}, {}).items.values<float>(),
                                 runner.executor().rows("mean")));
}

TEST(DenoiseError, IsThatOfThePixels) {
  const ModelSetup setup = image_setup("ae", "bernoulli");
  const Tensor clean = filled({3, 5, 10}, 0.5f), other = filled({3, 5, 10}, 0.6f);
  const DenoiseError error = denoise_error(setup.data, clean, other);
  EXPECT_NEAR(error.mse, 0.01, 1e-7);
  EXPECT_NEAR(error.psnr, 20, 1e-4);
}

/// Two classes; the decoder adds 1 to the items of the second and knows nothing else.
TEST(Denoise, GivesTheModelTheConditionOfEachItem) {
  ModelSetup setup = image_setup("ae", "gaussian");
  setup.data.condition.classes = {"a", "b"};
  setup.model.corruption = "gaussian";
  setup.own.texts["model.hidden"] = "none";
  Model model = untrained(setup);
  for (auto& [name, tensor] : model.parameters) {
    const std::span<float> values = tensor.values<float>();
    std::ranges::fill(values, 0.0f);
    if (name == "decoder/0/context") std::fill(values.end() - 50, values.end(), 1.0f);
  }
  ReferenceDevice device;
  const Tensor context = Tensor::from<float>({2, 2}, std::vector<float>{1, 0, 0, 1});
  Session session(model, device);
  const Tensor items = denoise(session, filled({2, 5, 10}, 0.5f), context, {}).items;
  EXPECT_EQ(items.values<float>()[0], 0);
  EXPECT_EQ(items.values<float>()[50], 1);
  const Tensor noisy = corrupted_by(model, "masking", "0.25", 1);  // which needs no condition
  EXPECT_EQ(noisy.shape(), (Shape{200, 5, 10}));
}

/// What an encoder sees of counts is their logarithm; what is corrupted are the counts.
TEST(CorruptItems, OfCountsAreCountsWithNoise) {
  ModelSetup setup = image_setup("ae", "poisson");
  setup.own.texts.erase("model.sigma");
  setup.data.fields = {{.min = 0, .max = 9, .mean = 2, .standard_deviation = 2, .integer = true}};
  const Model model = untrained(setup);
  const Tensor clean = filled({200, 5, 10}, 6);
  ReferenceDevice device;
  Session session(model, device);
  const Tensor noisy = corrupt_items(session, clean, "gaussian",
                                     {.texts = {{std::string(kLevelKey), "0.5"}}}, {.seed = 1});
  double sum = 0;
  for (float v : noisy.values<float>()) sum += static_cast<double>(v);
  EXPECT_NEAR(sum / 10000, 6, 5 * 0.5 / 100);
}

}  // namespace
}  // namespace isthmus
