// SPDX-License-Identifier: Apache-2.0
// Images from their block means against the exact conditional distribution of a linear Gaussian
// model; keyed noise; what is refused.
#include "isthmus/verbs/superresolve.h"

#include <cmath>

#include <gtest/gtest.h>

#include "isthmus/base/rng_key.h"
#include "isthmus/models/inference.h"
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
  Completion run(const CompletionSettings& settings, std::optional<double> sigma = {}) {
    Session session(model, device);
    return superresolve(session, small, {}, sigma, settings);
  }
  /// Items whose block means are those of item 0, many times: each has noise of its own.
  Completion run_copies(int64_t count, const CompletionSettings& settings) {
    Tensor copies(Dtype::kF32, {count, 1, 2});
    for (int64_t i = 0; i < count; ++i) {
      std::copy_n(small.values<float>().begin(), 2, copies.values<float>().begin() + 2 * i);
    }
    Session session(model, device);
    return superresolve(session, copies, {}, {}, settings);
  }
  static size_t block(size_t pixel) { return pixel % 4 / 2; }
  /// Of x given y = A x in closed form: E = b + C A' S^-1 (y - A b), C - C A' S^-1 A C, S = A C A'.
  double covariance(size_t i, size_t j) const { return w[i] * w[j] + (i == j ? kVariance : 0); }
  void condition(size_t item) {
    double off[2], means[2] = {0, 0}, s[2][2] = {{0, 0}, {0, 0}};
    std::vector<double> c(2 * kPixels, 0.0);  // C A'
    for (size_t i = 0; i < kPixels; ++i) {
      means[block(i)] += b[i] / 4;
      for (size_t j = 0; j < kPixels; ++j) {
        c[2 * i + block(j)] += covariance(i, j) / 4;
        s[block(i)][block(j)] += covariance(i, j) / 16;
      }
    }
    for (size_t k = 0; k < 2; ++k) off[k] = small.values<float>()[item * kSmall + k] - means[k];
    const double determinant = s[0][0] * s[1][1] - s[0][1] * s[1][0];
    const double inverse[2][2] = {{s[1][1] / determinant, -s[0][1] / determinant},
                                  {-s[1][0] / determinant, s[0][0] / determinant}};
    mean.assign(kPixels, 0);
    variance.assign(kPixels, 0);
    for (size_t i = 0; i < kPixels; ++i) {
      mean[i] = b[i];
      variance[i] = covariance(i, i);
      for (size_t k = 0; k < 2; ++k) {
        for (size_t l = 0; l < 2; ++l) {
          mean[i] += c[2 * i + k] * inverse[k][l] * off[l];
          variance[i] -= c[2 * i + k] * inverse[k][l] * c[2 * i + l];
        }
      }
    }
  }
  std::vector<double> mean, variance;
};

TEST(Superresolve, DrawsHaveTheConditionalDistribution) {
  LinearImages s;
  constexpr int64_t kItems = 200, kDraws = 8;
  constexpr double kCount = kItems * kDraws;
  const Completion result = s.run_copies(kItems, {.steps = 40, .draws = kDraws});
  EXPECT_GT(result.mixing.local, 0.6);
  EXPECT_TRUE(std::isnan(result.mixing.encoder));
  s.condition(0);
  for (size_t i = 0; i < kPixels; ++i) {
    double mean = 0, squares = 0, of_means = 0, deviation = 0;
    for (size_t d = 0; d < kItems * kDraws; ++d) {
      const double v = result.draws.values<float>()[d * kPixels + i] - s.mean[i];
      mean += v / kCount;
      squares += v * v / kCount;
    }
    for (size_t n = 0; n < kItems; ++n) {
      of_means += result.mean.values<float>()[n * kPixels + i] / double{kItems};
      deviation += result.deviation.values<float>()[n * kPixels + i] / double{kItems};
    }
    const double error = std::sqrt(s.variance[i] / kCount);
    EXPECT_NEAR(mean, 0, 4 * error);
    EXPECT_NEAR(squares, s.variance[i], 4 * s.variance[i] * std::sqrt(2 / kCount));
    EXPECT_NEAR(of_means, s.mean[i], 4 * error);
    EXPECT_NEAR(deviation, std::sqrt(s.variance[i]), 0.05 * std::sqrt(s.variance[i]));
  }
}

/// Images of the model itself, from their block means. The share inside is a binomial one over
/// images, whose eight pixels are counted as one.
TEST(Superresolve, IntervalsHoldTheTruthAsOftenAsTheySay) {
  LinearImages s;
  constexpr int64_t kItems = 400;
  const RngKey key = RngKey::from(6, "truth");
  Tensor truth(Dtype::kF32, {kItems, 2, 4});
  for (int64_t i = 0; i < kItems; ++i) {
    float noise[kPixels + 1];
    fill_normal(key, static_cast<uint64_t>(i), 0, 0, noise, kPixels + 1);
    for (size_t j = 0; j < kPixels; ++j) {
      truth.values<float>()[static_cast<size_t>(i) * kPixels + j] =
          static_cast<float>(s.w[j] * noise[kPixels] + s.b[j] + 0.2 * noise[j]);
    }
  }
  Session session(s.model, s.device);
  const Completion result =
      superresolve(session, block_means(truth, 2), {}, {}, {.steps = 20, .draws = 39});
  const Mask all(Tensor(Dtype::kU8, {1, static_cast<int64_t>(kPixels)}));
  for (const double level : {0.5, 0.9}) {
    const auto coverage = interval_coverage(truth, result.draws, all, level);
    ASSERT_TRUE(coverage.has_value());
    EXPECT_NEAR(coverage->share, level, 4 * std::sqrt(level * (1 - level) / kItems));
  }
}

TEST(Superresolve, BlockMeansOfTheResultAreThoseGiven) {
  for (const char* likelihood : {"gaussian", "bernoulli"}) {
    LinearImages s(likelihood);
    const Completion result = s.run({.steps = 8, .draws = 3});
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

TEST(Superresolve, NoiseBelongsToItemAndDraw) {
  LinearImages s;
  const Completion whole = s.run({.steps = 8, .draws = 2});
  const Completion single = s.run({.steps = 8, .draws = 2, .verb = {.batch_size = 1}});
  EXPECT_TRUE(std::ranges::equal(whole.mean.values<float>(), single.mean.values<float>()));
  EXPECT_TRUE(std::ranges::equal(whole.draws.values<float>(), single.draws.values<float>()));
}

/// A given sigma stands for that of the likelihood.
TEST(Superresolve, SigmaOfTheLikelihoodIsTheDefault) {
  LinearImages s;
  const CompletionSettings settings = {.steps = 40, .draws = 4};
  const Completion own = s.run(settings), given = s.run(settings, 0.2);
  const Completion wide = s.run(settings, 0.5);
  for (size_t i = 0; i < 2 * kPixels; ++i) {
    EXPECT_NEAR(own.mean.values<float>()[i], given.mean.values<float>()[i], 1e-5);
    EXPECT_GT(wide.deviation.values<float>()[i], own.deviation.values<float>()[i]);
  }
}

ErrorCode refusal(LinearImages& s, const Tensor& small) {
  try {
    Session session(s.model, s.device);
    superresolve(session, small, {}, {}, {.steps = 2, .draws = 1});
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
