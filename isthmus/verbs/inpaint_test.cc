// SPDX-License-Identifier: Apache-2.0
// Chains of missing values against the exact conditional distribution of a linear Gaussian model,
// with an encoder that is wrong on purpose; keyed noise; what stays as it was.
#include "isthmus/verbs/inpaint.h"

#include <cmath>
#include <numeric>

#include <gtest/gtest.h>

#include "isthmus/base/rng_key.h"
#include "isthmus/models/inference.h"
#include "isthmus/nn/initializers.h"
#include "isthmus/testing/reference_device.h"

namespace isthmus {
namespace {

constexpr size_t kDims = 3;
constexpr double kVariance = 0.25;  // of the noise

/// z ~ N(0, 1), x = w z + b + 0.5 e: x is normal with mean b and covariance w w' + 0.25.
struct LinearModel {
  const std::vector<double> w = {0.8, -1.1, 0.6}, b = {0.1, 0.2, -0.4};
  Model model;
  ReferenceDevice device;
  const Mask mask{Tensor::from<uint8_t>({1, 3}, std::vector<uint8_t>{1, 0, 0})};
  const std::vector<float> fill = {0, 0, 0};

  /// Of the encoder, against the true posterior: its mean times `slope`, its variance times
  /// `width`.
  explicit LinearModel(double slope = 1, double width = 1) {
    model.setup = {
        .model = {.name = "vae", .latent_dim = "1", .likelihood = "gaussian"},
        .own = {.texts = {{"model.hidden", "none"}, {"model.sigma", "0.5"}}},
        .data = {.item_shape = {3}, .fields = {{.min = -3, .max = 3, .standard_deviation = 1}}}};
    const NamedTensors first = initialize(evaluation_graph(model.setup), 3);
    for (const ExpectedTensor& p : expected_parameters(model.setup)) {
      model.parameters.emplace(p.name, first.at(p.name));
    }
    set("decoder/0/weight", {w[0], w[1], w[2]});
    set("decoder/0/bias", {b[0], b[1], b[2]});
    const double variance =
        1 / (1 + std::inner_product(w.begin(), w.end(), w.begin(), 0.0) / kVariance);
    std::vector<double> weight(2 * kDims);
    double bias = 0;
    for (size_t j = 0; j < kDims; ++j) {
      weight[2 * j] = slope * variance * w[j] / kVariance;
      bias -= weight[2 * j] * b[j];
    }
    set("encoder/0/weight", weight);
    set("encoder/0/bias", {bias, std::log(width * variance)});
  }
  void set(const std::string& name, const std::vector<double>& values) {
    std::ranges::transform(values, model.parameters.at(name).values<float>().begin(),
                           [](double v) { return static_cast<float>(v); });
  }
  Completion run(const Tensor& items, const CompletionSettings& settings) {
    Session session(model, device);
    return inpaint(session, items, {}, mask, fill, settings);
  }
  double covariance(size_t i, size_t j) const { return w[i] * w[j] + (i == j ? kVariance : 0.0); }
  /// Of x_j given x_0.
  double mean_given(size_t j, double x0) const {
    return b[j] + covariance(j, 0) / covariance(0, 0) * (x0 - b[0]);
  }
  double variance_given(size_t j) const {
    return covariance(j, j) - covariance(j, 0) * covariance(j, 0) / covariance(0, 0);
  }
};

/// The same item many times: each has noise of its own.
Tensor copies(int64_t count, double x0) {
  Tensor items(Dtype::kF32, {count, 3});
  for (int64_t i = 0; i < count; ++i) {
    items.values<float>()[static_cast<size_t>(3 * i)] = static_cast<float>(x0);
  }
  return items;
}

struct Sample {
  double mean = 0, variance = 0, n = 0;
  double error_of_mean() const { return std::sqrt(variance / n); }
  double error_of_variance() const { return variance * std::sqrt(2 / (n - 1)); }
};
/// Value `j` of rows of three.
Sample sample_of(const Tensor& rows, size_t j) {
  const std::span<const float> v = rows.values<float>();
  Sample s{.n = static_cast<double>(v.size() / kDims)};
  for (size_t i = j; i < v.size(); i += kDims) s.mean += v[i] / s.n;
  for (size_t i = j; i < v.size(); i += kDims) {
    s.variance += (v[i] - s.mean) * (v[i] - s.mean) / (s.n - 1);
  }
  return s;
}

constexpr double kSeen = 1.7;  // x_0: far enough out for a wrong slope to show

TEST(Inpaint, ReachesTheConditionalDistributionFromAWrongEncoder) {
  LinearModel s(0.8, 2.0);
  const Completion result = s.run(copies(300, kSeen), {.steps = 60, .draws = 5});
  EXPECT_GT(result.mixing.local, 0.6);
  EXPECT_GT(result.mixing.encoder, 0.2);
  EXPECT_LT(result.mixing.encoder, 0.95);
  for (size_t j : {size_t{1}, size_t{2}}) {
    const Sample draws = sample_of(result.draws, j);
    EXPECT_LT(draws.error_of_mean(), 0.02);
    EXPECT_NEAR(draws.mean, s.mean_given(j, kSeen), 4 * draws.error_of_mean());
    EXPECT_NEAR(draws.variance, s.variance_given(j), 4 * draws.error_of_variance());
    const Sample means = sample_of(result.mean, j);
    EXPECT_LT(means.error_of_mean(), 0.01);
    EXPECT_NEAR(means.mean, s.mean_given(j, kSeen), 4 * means.error_of_mean());
    // Thirty dependent steps of five chains per item.
    const Sample deviations = sample_of(result.deviation, j);
    EXPECT_NEAR(deviations.mean, std::sqrt(s.variance_given(j)), 0.02);
  }
  // Covariance of the two missing values: that of n pairs of normals is known to this.
  const Sample one = sample_of(result.draws, 1), two = sample_of(result.draws, 2);
  double covariance = 0;
  for (size_t i = 0; i < result.draws.values<float>().size(); i += kDims) {
    const std::span<const float> v = result.draws.values<float>();
    covariance += (v[i + 1] - one.mean) * (v[i + 2] - two.mean) / one.n;
  }
  const double expected =
      s.covariance(1, 2) - s.covariance(1, 0) * s.covariance(2, 0) / s.covariance(0, 0);
  const double error =
      std::sqrt((s.variance_given(1) * s.variance_given(2) + expected * expected) / one.n);
  EXPECT_NEAR(covariance, expected, 4 * error);
}

TEST(Inpaint, PseudoGibbsOfAWrongEncoderStaysAway) {
  LinearModel s(0.8, 2.0);
  const Completion result =
      s.run(copies(300, kSeen), {.steps = 60, .draws = 5, .pseudo_gibbs = true});
  EXPECT_TRUE(std::isnan(result.mixing.encoder));
  const Sample draws = sample_of(result.draws, 1);
  EXPECT_GT(std::fabs(draws.mean - s.mean_given(1, kSeen)), 10 * draws.error_of_mean());
}

TEST(Inpaint, TheExactEncoderIsAlwaysAccepted) {
  LinearModel s;
  EXPECT_GT(s.run(copies(50, kSeen), {.steps = 20, .draws = 1}).mixing.encoder, 0.999);
}

/// Items of the model itself: the share of their missing values that lie in the intervals is a
/// binomial one, of which the two values of an item are counted as one.
TEST(Inpaint, IntervalsHoldTheTruthAsOftenAsTheySay) {
  LinearModel s(0.8, 1.5);
  constexpr int64_t kItems = 400;
  const RngKey key = RngKey::from(5, "truth");
  Tensor truth(Dtype::kF32, {kItems, 3});
  for (int64_t i = 0; i < kItems; ++i) {
    float noise[4];
    fill_normal(key, static_cast<uint64_t>(i), 0, 0, noise, 4);
    for (size_t j = 0; j < kDims; ++j) {
      truth.values<float>()[static_cast<size_t>(3 * i) + j] =
          static_cast<float>(s.w[j] * noise[3] + s.b[j] + 0.5 * noise[j]);
    }
  }
  const Completion result = s.run(truth, {.steps = 20, .draws = 39});
  for (const double level : {0.5, 0.9}) {
    const std::optional<Coverage> coverage = interval_coverage(truth, result.draws, s.mask, level);
    ASSERT_TRUE(coverage.has_value());
    EXPECT_DOUBLE_EQ(coverage->expected, level);
    EXPECT_NEAR(coverage->share, level, 4 * std::sqrt(level * (1 - level) / kItems));
  }
}

/// Nothing hidden reaches the result, not even NaN.
TEST(Inpaint, NanUnderTheMaskChangesNothing) {
  LinearModel s;
  Tensor items = copies(2, kSeen);
  const Completion before = s.run(items, {.steps = 8, .draws = 2});
  items.values<float>()[1] = items.values<float>()[5] = std::nanf("");
  const Completion after = s.run(items, {.steps = 8, .draws = 2});
  EXPECT_TRUE(std::ranges::equal(before.mean.bytes(), after.mean.bytes()));
  EXPECT_TRUE(std::ranges::equal(before.draws.bytes(), after.draws.bytes()));
}

TEST(Inpaint, NoiseBelongsToItemDrawAndStep) {
  LinearModel s(0.6, 2.0);
  const Tensor items = copies(7, kSeen);
  const Completion whole = s.run(items, {.steps = 12, .draws = 3});
  const Completion single = s.run(items, {.steps = 12, .draws = 3, .verb = {.batch_size = 1}});
  const Completion other = s.run(items, {.steps = 12, .draws = 3, .verb = {.seed = 1}});
  EXPECT_TRUE(std::ranges::equal(whole.mean.values<float>(), single.mean.values<float>()));
  EXPECT_TRUE(std::ranges::equal(whole.draws.values<float>(), single.draws.values<float>()));
  EXPECT_FALSE(std::ranges::equal(whole.draws.values<float>(), other.draws.values<float>()));
}

TEST(Inpaint, KnownValuesAndTheGivenItemsStayAsTheyAre) {
  LinearModel s;
  Tensor items = copies(3, 0.1);
  items.values<float>()[3] = -0.0f;
  const Tensor before = items.clone();
  const Completion result = s.run(items, {.steps = 5, .draws = 2});
  EXPECT_TRUE(std::ranges::equal(items.bytes(), before.bytes()));
  for (size_t i = 0; i < 3; ++i) {
    const float known = before.values<float>()[3 * i];
    EXPECT_EQ(std::signbit(result.mean.values<float>()[3 * i]), std::signbit(known));
    EXPECT_EQ(result.mean.values<float>()[3 * i], known);
    EXPECT_EQ(result.draws.values<float>()[6 * i], known);
    EXPECT_EQ(result.draws.values<float>()[6 * i + 3], known);
    EXPECT_EQ(result.deviation.values<float>()[3 * i], 0);
    EXPECT_GT(result.deviation.values<float>()[3 * i + 1], 0);
  }
}

TEST(Inpaint, NeedsAPosterior) {
  LinearModel s;
  s.model.setup.model.name = "ae";
  try {
    s.run(copies(1, 0), {.steps = 1, .draws = 1});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kImpossible);
  }
}

TEST(WithKnown, ValuesComeBackAsTheyWereRead) {
  const Mask mask(Tensor::from<uint8_t>({1, 2}, std::vector<uint8_t>{1, 0}));
  Dataset data;
  data.values = Tensor::from<float>({2, 2}, std::vector<float>{0.1f, 5, -7, 5});
  const Tensor stored = Tensor::from<float>({4, 2}, std::vector<float>{1, 2, 3, 4, 5, 6, 7, 8});
  const Tensor floats = with_known(stored, data, mask);
  EXPECT_TRUE(std::ranges::equal(floats.values<float>(),
                                 std::vector<float>{0.1f, 2, 0.1f, 4, -7, 6, -7, 8}));
  data.spec.narrowing = {.origin = {1e9, 0}, .unit = {1, 1}};
  const Tensor doubles = with_known(stored, data, mask);
  EXPECT_EQ(doubles.values<double>()[4], 1e9 - 7);  // float32 has no such number
  EXPECT_EQ(doubles.values<double>()[5], 6);
}

// Beside a column that float32 does not hold, 7.1 was written as 7.099999904632568.
TEST(WithKnown, FloatsKeepTheirDigitsBesideAWideColumn) {
  const Mask mask(Tensor::from<uint8_t>({1, 3}, std::vector<uint8_t>{1, 1, 0}));
  Dataset data;
  data.values = Tensor::from<float>({1, 3}, std::vector<float>{7.1f, 3, 0});
  data.spec.narrowing = {.origin = {0, 1e9, 0}, .unit = {1, 1, 1}};
  const Tensor stored = Tensor::from<float>({1, 3}, std::vector<float>{0, 0, 141.9f});
  const Tensor out = with_known(stored, data, mask);
  EXPECT_TRUE(
      std::ranges::equal(out.values<double>(), std::vector<double>{7.1, 1000000003.0, 141.9}));
}

// A density of 1.001 g/ml about a mean of 0.99 was written as 1.0010000000651478.
TEST(WithKnown, NarrowedColumnsKeepTheDecimalsOfTheirFile) {
  const Mask mask(Tensor::from<uint8_t>({1, 3}, std::vector<uint8_t>{1, 1, 0}));
  Dataset data;
  data.values = Tensor::from<float>({1, 3}, std::vector<float>{0.011f, 0.3f, 0});
  data.spec.narrowing = {.origin = {0.99, 1e6, 0}, .unit = {1, 1, 1}, .decimals = {3, -1, 0}};
  const Tensor stored = Tensor::from<float>({1, 3}, std::vector<float>{0, 0, 5});
  const Tensor out = with_known(stored, data, mask);
  // Decimals that nobody knows are those of the number in memory.
  EXPECT_TRUE(
      std::ranges::equal(out.values<double>(), std::vector<double>{1.001, 1e6 + double{0.3f}, 5}));
}

TEST(MissingError, CountsMissingValuesOnly) {
  const Mask mask(Tensor::from<uint8_t>({2, 2}, std::vector<uint8_t>{1, 0, 1, 1}));
  const DataSpec spec = {.kind = DataKind::kImage, .item_shape = {1, 2}, .fields = {{.max = 1}}};
  const Tensor truth = Tensor::from<float>({2, 1, 2}, std::vector<float>{0, 0.5f, 0, 0});
  const Tensor items = Tensor::from<float>({2, 1, 2}, std::vector<float>{9, 0.6f, 9, 9});
  const MissingError error = missing_error(spec, truth, items, mask);
  EXPECT_NEAR(error.mse, 0.01, 1e-8);
  EXPECT_NEAR(error.psnr, 20, 1e-5);
}

TEST(TrainingMeans, AreOnTheModelsScale) {
  const DataSpec spec = {.item_shape = {2},
                         .fields = {{.mean = 5}, {.mean = 10}},
                         .scaling = {.kind = "standardize", .shift = {4, 10}, .scale = {2, 3}}};
  EXPECT_EQ(training_means(spec), (std::vector<float>{2, 0}));
}

}  // namespace
}  // namespace isthmus
