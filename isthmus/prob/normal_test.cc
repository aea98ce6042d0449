// SPDX-License-Identifier: Apache-2.0
// The diagonal normal against closed forms, integrals and Monte Carlo, in double.
#include <gtest/gtest.h>

#include <cmath>

#include "isthmus/prob/normal.h"
#include "isthmus/testing/leaf_values.h"

namespace isthmus {
namespace {

constexpr double kLog2Pi = 1.8378770664093454836;

Normal input_normal(GraphBuilder& g, const std::string& prefix, int64_t latent_dim) {
  return {.mean = g.input(prefix + "mean", {latent_dim}),
          .log_var = g.input(prefix + "log_var", {latent_dim})};
}

TEST(Normal, HeadsAreMeansThenLogVariances) {
  GraphBuilder g;
  const Normal q = normal_from(g, g.input("heads", {4}));
  g.output("mean", q.mean);
  g.output("log_var", q.log_var);
  const Graph graph = std::move(g).finish();
  const ReferenceRun run = run_reference(graph, 1, {{"heads", {1, 2, 3, 4}}});
  EXPECT_EQ(run.output("mean").data, (std::vector<double>{1, 2}));
  EXPECT_EQ(run.output("log_var").data, (std::vector<double>{3, 4}));
}

TEST(LogVar, IdentityInsideFiniteOutside) {
  GraphBuilder g;
  const Normal q = normal_from(g, g.input("heads", {2}));
  g.output("log_var", q.log_var);
  g.output("kl", kl_divergence(g, q));
  const Graph graph = std::move(g).finish();
  const ReferenceRun run = run_reference(graph, 4, {{"heads", {0, 9.5, 0, -10, 0, 1e4, 0, -1e4}}});
  const std::vector<double>& log_var = run.output("log_var").data;
  EXPECT_EQ(log_var[0], 9.5);
  EXPECT_EQ(log_var[1], -10);
  EXPECT_LE(log_var[2], 15);
  EXPECT_GE(log_var[3], -15);
  for (double kl : run.output("kl").data) EXPECT_TRUE(std::isfinite(kl));
}

TEST(Normal, LogProbHasItsValueByHand) {
  GraphBuilder g;
  const Normal q = input_normal(g, "", 2);
  g.output("log_prob", log_prob(g, q, g.input("z", {2})));
  g.output("standard", standard_normal_log_prob(g, g.input("w", {2})));
  const Graph graph = std::move(g).finish();
  const ReferenceRun run = run_reference(
      graph, 1, {{"mean", {1, -1}}, {"log_var", {0, std::log(4.0)}}, {"z", {2, 1}}, {"w", {2, 1}}});
  const double expected = -0.5 * (2 * kLog2Pi + std::log(4.0) + 1 + 1);
  EXPECT_NEAR(run.output("log_prob").data[0], expected, 10 * tolerance::kSumF64);
  EXPECT_NEAR(run.output("standard").data[0], -0.5 * (2 * kLog2Pi + 5), 10 * tolerance::kSumF64);
}

TEST(Normal, DensityIntegratesToOne) {
  constexpr int64_t kPoints = 2001;
  GraphBuilder g;
  g.output("log_prob", log_prob(g, input_normal(g, "", 1), g.input("z", {kPoints, 1})));
  const Graph graph = std::move(g).finish();
  std::vector<double> z;
  const double step = 24.0 / (kPoints - 1);
  for (int64_t i = 0; i < kPoints; ++i) z.push_back(-12 + step * static_cast<double>(i));
  const ReferenceRun run = run_reference(graph, 1, {{"mean", {0.3}}, {"log_var", {0.4}}, {"z", z}});
  double integral = 0;
  for (double v : run.output("log_prob").data) integral += step * std::exp(v);
  // The trapezoid rule is exact here: a normal decays at both ends.
  EXPECT_NEAR(integral, 1, tolerance::kGoldenF64);
}

TEST(Normal, SamplesHaveTheirMoments) {
  constexpr int64_t kDraws = 40000;
  GraphBuilder g;
  g.output("z", samples(g, input_normal(g, "", 1), "noise", kDraws));
  const Graph graph = std::move(g).finish();
  LeafValues leaves = drawn_leaves(graph, 1);
  leaves["mean"] = {-0.7};
  leaves["log_var"] = {std::log(2.25)};
  const ReferenceRun run = run_reference(graph, 1, leaves);
  double sum = 0, squares = 0;
  for (double v : run.output("z").data) {
    sum += v;
    squares += (v + 0.7) * (v + 0.7);
  }
  const double n = static_cast<double>(kDraws);
  EXPECT_NEAR(sum / n, -0.7, 5 * 1.5 / std::sqrt(n));
  EXPECT_NEAR(squares / n, 2.25, 5 * 2.25 * std::sqrt(2 / n));
}

TEST(Normal, SampleIsMeanPlusScaledNoise) {
  GraphBuilder g;
  g.output("z", sample(g, input_normal(g, "", 2), "posterior"));
  const Graph graph = std::move(g).finish();
  const ReferenceRun run = run_reference(
      graph, 1, {{"mean", {1, 2}}, {"log_var", {0, std::log(9.0)}}, {"posterior", {0.5, -1}}});
  EXPECT_NEAR(run.output("z").data[0], 1.5, 2 * tolerance::kElementwiseF64);
  EXPECT_NEAR(run.output("z").data[1], -1, 5 * tolerance::kElementwiseF64);
}

TEST(Normal, EntropyIsMinusTheMeanLogProb) {
  constexpr int64_t kDraws = 40000;
  GraphBuilder g;
  const Normal q = input_normal(g, "", 2);
  g.output("log_prob", log_prob(g, q, samples(g, q, "noise", kDraws)));
  g.output("entropy", entropy(g, q));
  const Graph graph = std::move(g).finish();
  LeafValues leaves = drawn_leaves(graph, 1);
  leaves["log_var"] = {0.3, -1.2};
  const ReferenceRun run = run_reference(graph, 1, leaves);
  const double entropy_value = run.output("entropy").data[0];
  EXPECT_NEAR(entropy_value, 0.5 * (2 + 2 * kLog2Pi + 0.3 - 1.2), 10 * tolerance::kSumF64);
  double sum = 0;
  for (double v : run.output("log_prob").data) sum += v;
  const double n = static_cast<double>(kDraws);
  EXPECT_NEAR(-sum / n, entropy_value, 5 / std::sqrt(n));  // each log_prob has variance 1
}

/// The mean of log q - log p over draws of q, with its standard error.
TEST(Kl, EqualsMonteCarlo) {
  constexpr int64_t kDraws = 40000;
  GraphBuilder g;
  const Normal q = input_normal(g, "q_", 2), p = input_normal(g, "p_", 2);
  Value z = samples(g, q, "noise", kDraws);
  g.output("ratio", g.sub(log_prob(g, q, z), log_prob(g, p, z)));
  g.output("kl", kl_divergence(g, q, p));
  const Graph graph = std::move(g).finish();
  LeafValues leaves = drawn_leaves(graph, 1);
  leaves["q_mean"] = {0.5, -1};
  leaves["q_log_var"] = {-0.4, 0.3};
  leaves["p_mean"] = {-0.2, 0.1};
  leaves["p_log_var"] = {0.6, -0.1};
  const ReferenceRun run = run_reference(graph, 1, leaves);
  double sum = 0, squares = 0;
  for (double v : run.output("ratio").data) {
    sum += v;
    squares += v * v;
  }
  const double n = static_cast<double>(kDraws);
  const double error = std::sqrt((squares / n - sum * sum / n / n) / n);
  EXPECT_NEAR(run.output("kl").data[0], sum / n, 5 * error);
}

TEST(Kl, AgainstTheStandardNormalIsTheGeneralForm) {
  GraphBuilder g;
  const Normal q = input_normal(g, "q_", 3), p = input_normal(g, "p_", 3);
  g.output("closed", kl_per_dim(g, q));
  g.output("general", kl_per_dim(g, q, p));
  g.output("sum", kl_divergence(g, q));
  const Graph graph = std::move(g).finish();
  LeafValues leaves = drawn_leaves(graph, 2);
  leaves["p_mean"].assign(6, 0);
  leaves["p_log_var"].assign(6, 0);
  const ReferenceRun run = run_reference(graph, 2, leaves);
  double first_item = 0;
  for (size_t i = 0; i < 6; ++i) {
    const double m = leaves["q_mean"][i], v = leaves["q_log_var"][i];
    const double expected = -0.5 * (1 + v - m * m - std::exp(v));
    EXPECT_NEAR(run.output("closed").data[i], expected, tolerance::kSumF64);
    EXPECT_NEAR(run.output("general").data[i], expected, tolerance::kSumF64);
    if (i < 3) first_item += expected;
  }
  EXPECT_NEAR(run.output("sum").data[0], first_item, 3 * tolerance::kSumF64);
}

// exp(s) - (1 + s) + m^2, twice the KL per latent, is 0 at s = 0, m = 0 and positive elsewhere.
TEST(Kl, PenaltyHasItsMinimumAtZeroMeanAndUnitVariance) {
  GraphBuilder g;
  const Normal q = input_normal(g, "", 1);
  Value kl = g.batch_sum(kl_divergence(g, q));
  const Values slopes = differentiate(g, kl, {q.mean, q.log_var});
  g.output("kl", kl_divergence(g, q));
  g.output("mean_slope", slopes[0]);
  g.output("log_var_slope", slopes[1]);
  const Graph graph = std::move(g).finish();
  LeafValues leaves = {{"mean", {0}}, {"log_var", {0}}};
  for (double m : {-1.0, -1e-3, 0.0, 1e-3, 1.0}) {
    for (double s : {-1.0, -1e-3, 0.0, 1e-3, 1.0}) {
      if (m == 0 && s == 0) continue;
      leaves["mean"].push_back(m);
      leaves["log_var"].push_back(s);
    }
  }
  const ReferenceRun run =
      run_reference(graph, static_cast<int64_t>(leaves["mean"].size()), leaves);
  EXPECT_EQ(run.output("kl").data[0], 0);
  EXPECT_EQ(run.output("mean_slope").data[0], 0);
  EXPECT_EQ(run.output("log_var_slope").data[0], 0);
  for (size_t i = 1; i < leaves["mean"].size(); ++i) EXPECT_GT(run.output("kl").data[i], 0);
}

TEST(Kl, GradientsReachMeanAndLogVarThroughTheDraw) {
  GraphBuilder g;
  Value heads = g.parameter("heads", {4}, {});
  const Normal q = normal_from(g, g.add(heads, g.input("x", {4})));
  Value z = sample(g, q, "posterior");
  Value objective = g.batch_mean(g.sub(g.sum_items(g.square(z)), log_prob(g, q, z)));
  g.output("objective", objective);
  output_gradients(g, objective);
  const Graph graph = std::move(g).finish();
  expect_gradients_equal_differences(graph, 3, drawn_leaves(graph, 3));
}

}  // namespace
}  // namespace isthmus
