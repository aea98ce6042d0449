// SPDX-License-Identifier: Apache-2.0
// Images from their block means against the exact conditional mean of a linear Gaussian model.
#include "isthmus/verbs/superresolve.h"

#include <cmath>

#include <gtest/gtest.h>

#include "isthmus/nn/initializers.h"
#include "isthmus/testing/reference_device.h"

namespace isthmus {
namespace {

constexpr size_t kPixels = 8, kSmall = 2;
constexpr double kVariance = 0.04;

/// Images of 2 x 4 from one latent: x = w z + b + 0.2 e. Block means y of 2 x 2 pixels have
/// E[x|y] = b + C A' (A C A')^-1 (y - A b) with C = w w' + 0.04.
struct LinearImages {
  const std::vector<double> w = {0.3, 0.2, -0.2, 0.1, 0.25, 0.1, -0.3, 0.05};
  const std::vector<double> b = {0.5, 0.4, 0.5, 0.6, 0.5, 0.3, 0.5, 0.7};
  const Tensor small = Tensor::from<float>({2, 1, 2}, std::vector<float>{0.7f, 0.4f, 0.2f, 0.6f});
  Model model;
  ReferenceDevice device;

  explicit LinearImages(const std::string& likelihood = "gaussian") {
    model.setup = {.model = {.name = "vae", .latent_dim = "1", .likelihood = likelihood},
                   .own = {.texts = {{"model.hidden", "none"}, {"model.sigma", "0.2"}}},
                   .data = {.kind = DataKind::kImage,
                            .item_shape = {2, 4},
                            .fields = {{.min = 0, .max = 1, .standard_deviation = 0.3}}}};
    const NamedTensors first = initialize(evaluation_graph(model.setup), 3);
    for (const ExpectedTensor& p : expected_parameters(model.setup)) {
      model.parameters.emplace(p.name, first.at(p.name));
    }
    set("decoder/0/weight", w);
    set("decoder/0/bias", b);
    set("encoder/0/weight", std::vector<double>(2 * kPixels, 0.0));  // q = N(0, 1)
  }
  void set(const std::string& name, const std::vector<double>& values) {
    std::ranges::transform(values, model.parameters.at(name).values<float>().begin(),
                           [](double v) { return static_cast<float>(v); });
  }
  Superresolved run(const SuperresolveSettings& settings) {
    return superresolve(model, small, {}, device, settings);
  }
  static size_t block(size_t pixel) { return pixel % 4 / 2; }
  /// E[x|y] in closed form.
  std::vector<double> expected(size_t item) const {
    double u[2] = {0, 0}, off[2];  // A w, y - A b
    for (size_t k = 0; k < kSmall; ++k) off[k] = small.values<float>()[item * kSmall + k];
    for (size_t i = 0; i < kPixels; ++i) {
      u[block(i)] += w[i] / 4;
      off[block(i)] -= b[i] / 4;
    }
    const double noise = kVariance / 4;  // A C A' = u u' + noise
    const double along = u[0] * u[0] + u[1] * u[1];
    const double dot = (u[0] * off[0] + u[1] * off[1]) / (noise + along);
    double solved[2];
    for (size_t k = 0; k < kSmall; ++k) solved[k] = (off[k] - u[k] * dot) / noise;
    std::vector<double> x = b;
    for (size_t i = 0; i < kPixels; ++i) {
      x[i] += w[i] * (u[0] * solved[0] + u[1] * solved[1]) + kVariance / 4 * solved[block(i)];
    }
    return x;
  }
};

TEST(Superresolve, WeightsReachTheConditionalMean) {
  LinearImages s;
  const Superresolved result = s.run({.proposals = 4000});
  EXPECT_LT(result.effective_samples, 3500);
  EXPECT_GT(result.effective_samples, 500);
  EXPECT_EQ(result.few, 0);
  for (size_t item = 0; item < 2; ++item) {
    const std::vector<double> expected = s.expected(item);
    for (size_t i = 0; i < kPixels; ++i) {
      // z has less than its prior's deviation of 1, and 500 draws are effective.
      EXPECT_NEAR(result.mean.values<float>()[item * kPixels + i], expected[i],
                  4 * std::fabs(s.w[i]) / std::sqrt(500.0) + 1e-3);
    }
  }
}

TEST(Superresolve, BlockMeansOfTheResultAreThoseGiven) {
  for (const char* likelihood : {"gaussian", "bernoulli"}) {
    LinearImages s(likelihood);
    const Superresolved result = s.run({.proposals = 20, .draws = 3});
    const Tensor mean = block_means(result.mean, 2), draws = block_means(result.draws, 2);
    for (size_t k = 0; k < 4; ++k) {
      EXPECT_NEAR(mean.values<float>()[k], s.small.values<float>()[k], 1e-6);
    }
    for (size_t k = 0; k < 12; ++k) {
      const size_t item = k / 6;
      EXPECT_NEAR(draws.values<float>()[k], s.small.values<float>()[2 * item + k % 2], 1e-6);
    }
  }
}

/// Draws by weight have the weighted mean as their mean, and not the mean of all proposals.
TEST(Superresolve, DrawsAreChosenByWeight) {
  LinearImages s;
  const Superresolved result = s.run({.proposals = 1000, .draws = 1000});
  for (size_t item = 0; item < 2; ++item) {
    double mean = 0, squares = 0;
    for (size_t d = 0; d < 1000; ++d) {
      const double v = result.draws.values<float>()[(item * 1000 + d) * kPixels];
      mean += v / 1000;
      squares += v * v / 1000;
    }
    const double error = std::sqrt((squares - mean * mean) / 1000);
    EXPECT_GT(error, 0);
    EXPECT_NEAR(mean, result.mean.values<float>()[item * kPixels], 5 * error);
  }
}

TEST(Superresolve, NoiseBelongsToItemAndDraw) {
  LinearImages s;
  const Superresolved whole = s.run({.proposals = 30, .draws = 2});
  const Superresolved single = s.run({.proposals = 30, .draws = 2, .verb = {.batch_size = 1}});
  EXPECT_TRUE(std::ranges::equal(whole.mean.values<float>(), single.mean.values<float>()));
  EXPECT_TRUE(std::ranges::equal(whole.draws.values<float>(), single.draws.values<float>()));
}

/// A given sigma stands for that of the likelihood.
TEST(Superresolve, SigmaOfTheLikelihoodIsTheDefault) {
  LinearImages s;
  const Superresolved own = s.run({.proposals = 50}),
                      given = s.run({.proposals = 50, .sigma = 0.2});
  const Superresolved wide = s.run({.proposals = 50, .sigma = 0.5});
  for (size_t i = 0; i < 2 * kPixels; ++i) {
    EXPECT_NEAR(own.mean.values<float>()[i], given.mean.values<float>()[i], 1e-5);
  }
  EXPECT_GT(wide.effective_samples, own.effective_samples + 1);
}

ErrorCode refusal(LinearImages& s, const Tensor& small) {
  try {
    superresolve(s.model, small, {}, s.device, {.proposals = 2});
  } catch (const Error& error) {
    return error.code();
  }
  return ErrorCode::kInternal;
}

TEST(Superresolve, RefusesWhatHasNoMeaning) {
  LinearImages s;
  EXPECT_EQ(refusal(s, Tensor(Dtype::kF32, {1, 2, 4})), ErrorCode::kDataMismatch);
  EXPECT_EQ(refusal(s, Tensor(Dtype::kF32, {1, 1, 4})), ErrorCode::kDataMismatch);
  EXPECT_EQ(refusal(s, Tensor(Dtype::kF32, {1, 1, 2, 3})), ErrorCode::kDataMismatch);
  EXPECT_EQ(refusal(s, Tensor(Dtype::kF32, {1, 2})), ErrorCode::kDataMismatch);
  s.model.setup.model.name = "ae";
  EXPECT_EQ(refusal(s, s.small), ErrorCode::kImpossible);
  s.model.setup.data.kind = DataKind::kTable;
  EXPECT_EQ(refusal(s, s.small), ErrorCode::kImpossible);
}

}  // namespace
}  // namespace isthmus
