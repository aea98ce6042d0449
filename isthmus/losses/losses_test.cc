// SPDX-License-Identifier: Apache-2.0
// ELBO terms by hand, and the bounds on a linear-Gaussian model whose log p(x) is known.
#include <gtest/gtest.h>

#include <cmath>

#include "isthmus/losses/elbo.h"
#include "isthmus/testing/leaf_values.h"

namespace isthmus {
namespace {

constexpr double kLog2Pi = 1.8378770664093454836;

/// q(z|x) from inputs "mean" and "log_var" of one latent or more.
Normal input_normal(GraphBuilder& g, int64_t latent_dim) {
  return {.mean = g.input("mean", {latent_dim}), .log_var = g.input("log_var", {latent_dim})};
}

double batch_mean_of(const std::vector<double>& values) {
  double sum = 0;
  for (double v : values) sum += v;
  return sum / static_cast<double>(values.size());
}

TEST(Elbo, AveragesOverDrawsAndKeepsItems) {
  GraphBuilder g;
  g.output("reconstruction", reconstruction_term(g, g.input("log_likelihood", {3})));
  const Graph graph = std::move(g).finish();
  const ReferenceRun run = run_reference(graph, 2, {{"log_likelihood", {-1, -2, -6, 4, 5, 6}}});
  EXPECT_NEAR(run.output("reconstruction").data[0], 3, 9 * tolerance::kSumF64);
  EXPECT_NEAR(run.output("reconstruction").data[1], -5, 15 * tolerance::kSumF64);
}

TEST(Elbo, SampledKlAgreesWithTheClosedForm) {
  constexpr int64_t kDraws = 20000, kLatents = 2;
  GraphBuilder g;
  const Normal q = input_normal(g, kLatents);
  const Distribution posterior = normal_distribution(g, q);
  const Distribution prior = standard_normal_distribution(kLatents);
  const LatentDraw draw = posterior.draw(g, "noise", kDraws);
  g.output("a", sampled_kl(g, posterior, prior, draw).per_dim);
  g.output("b", closed_kl(g, posterior, prior, draw).per_dim);
  g.output("single", sampled_kl_per_dim(g, q, draw.z));
  const Graph graph = std::move(g).finish();
  LeafValues leaves = drawn_leaves(graph, 1);
  leaves["mean"] = {0.7, -1.1};
  leaves["log_var"] = {-0.5, 0.8};
  const ReferenceRun run = run_reference(graph, 1, leaves);
  for (size_t j = 0; j < kLatents; ++j) {
    double squares = 0;
    const double mean = run.output("a").data[j];
    for (int64_t l = 0; l < kDraws; ++l) {
      const double d = run.output("single").data[static_cast<size_t>(l) * kLatents + j] - mean;
      squares += d * d;
    }
    const double n = static_cast<double>(kDraws);
    EXPECT_NEAR(mean, run.output("b").data[j], 5 * std::sqrt(squares / n / n));
  }
}

TEST(FreeBits, ActsOnTheBatchMean) {
  GraphBuilder g;
  g.output("kl", free_bits_kl(g, g.input("kl_per_dim", {3}), 0.5));
  const Graph graph = std::move(g).finish();
  // Latent 0: items .1 and 1.1, mean .6 over the bound although one item is under it. Latent 1:
  // mean .3, raised to .5. Latent 2: exactly at the bound.
  const ReferenceRun run =
      run_reference(graph, 2, {{"kl_per_dim", {0.1, 0.2, 0.5, 1.1, 0.4, 0.5}}});
  EXPECT_NEAR(run.output("kl").data[0], 0.6 + 0.5 + 0.5, 4 * tolerance::kSumF64);
}

TEST(FreeBits, LeavesTheGradientOfEasyItems) {
  GraphBuilder g;
  Value kl = g.input("kl_per_dim", {2});
  g.output("gradient", differentiate(g, free_bits_kl(g, kl, 0.5), {kl})[0]);
  const Graph graph = std::move(g).finish();
  const ReferenceRun run = run_reference(graph, 2, {{"kl_per_dim", {0.1, 0.2, 1.1, 0.4}}});
  EXPECT_EQ(run.output("gradient").data, (std::vector<double>{0.5, 0, 0.5, 0}));
}

/// p(z) = N(0, 1), p(x|z) = N(z, 1), so p(x) = N(0, 2); q = N(mean, exp(log_var)), not the truth.
std::vector<double> linear_gaussian(const std::string& output, int64_t num_samples, int64_t rows,
                                    double x) {
  GraphBuilder g;
  const Normal q = input_normal(g, 1);
  const Distribution posterior = normal_distribution(g, q);
  const LatentDraw draw = posterior.draw(g, "noise", num_samples);  // (B, K, 1)
  Value log_likelihood =
      log_prob(g, {.mean = draw.z, .log_var = g.constant(0.0)}, g.input("x", {1}));
  Value log_w = importance_log_weights(g, log_likelihood, posterior,
                                       standard_normal_distribution(1), draw);  // (B, K)
  g.output("log_w", log_w);
  g.output("bound", log_likelihood_bound(g, log_w));
  const Graph graph = std::move(g).finish();
  LeafValues leaves = drawn_leaves(graph, rows);
  leaves["x"].assign(leaves["x"].size(), x);
  leaves["mean"].assign(leaves["mean"].size(), 0.2);
  leaves["log_var"].assign(leaves["log_var"].size(), -0.2);
  return run_reference(graph, rows, leaves).output(output).data;
}

TEST(Iwae, BoundRisesWithKTowardsTheTruth) {
  constexpr double kX = 1.3;
  const double truth = -0.5 * (kLog2Pi + std::log(2.0) + kX * kX / 2);
  double previous = -1e9;
  for (int64_t k : {1, 4, 32}) {
    const double bound = batch_mean_of(linear_gaussian("bound", k, 4000, kX));
    EXPECT_GT(bound, previous);
    previous = bound;
  }
  EXPECT_LT(previous, truth + 0.01);
  EXPECT_GT(previous, truth - 0.01);
}

TEST(Iwae, WeightsAverageToTheLikelihood) {
  constexpr double kX = 1.3;
  double sum = 0, squares = 0;
  const std::vector<double> log_w = linear_gaussian("log_w", 10, 4000, kX);
  for (double v : log_w) {
    sum += std::exp(v);
    squares += std::exp(2 * v);
  }
  const double n = static_cast<double>(log_w.size());
  const double error = std::sqrt((squares / n - sum * sum / n / n) / n);
  EXPECT_NEAR(sum / n, std::exp(-kX * kX / 4) / std::sqrt(4 * std::acos(-1.0)), 5 * error);
}

TEST(Iwae, BoundIsTheLogOfTheMeanWeight) {
  GraphBuilder g;
  g.output("bound", log_likelihood_bound(g, g.input("log_w", {3})));
  const Graph graph = std::move(g).finish();
  const ReferenceRun run = run_reference(
      graph, 2, {{"log_w", {std::log(1.0), std::log(2.0), std::log(6.0), -900, -900, -900}}});
  EXPECT_NEAR(run.output("bound").data[0], std::log(3.0), 4 * tolerance::kSumF64);
  EXPECT_NEAR(run.output("bound").data[1], -900, 900 * tolerance::kSumF64);
}

TEST(KlWarmup, CountsEpochs) {
  EXPECT_EQ(kl_weight_at(0, 1, 10), 1);
  EXPECT_EQ(kl_weight_at(2, 1, 10), 0.05);
  EXPECT_EQ(kl_weight_at(2, 10, 10), 0.5);
  EXPECT_EQ(kl_weight_at(2, 20, 10), 1);
  EXPECT_EQ(kl_weight_at(2, 21, 10), 1);
}

TEST(Estimators, AreParsedByName) {
  EXPECT_EQ(parse_estimator("sgvb_a"), Estimator::kSgvbA);
  EXPECT_EQ(parse_estimator("sgvb_b"), Estimator::kSgvbB);
  EXPECT_THROW(parse_estimator("sgvb"), Error);
}

}  // namespace
}  // namespace isthmus
