// SPDX-License-Identifier: Apache-2.0
// Mixtures of diagonal normals against sums written out, integrals and moments, in double.
#include "isthmus/prob/mixture.h"

#include <gtest/gtest.h>

#include <cmath>

#include "isthmus/testing/leaf_values.h"

namespace isthmus {
namespace {

constexpr double kLog2Pi = 1.8378770664093454836;
constexpr int64_t kComponents = 3;

/// With own weights, parameters "mean", "log_var", "logit"; else equal ones.
NormalMixture mixture_of(GraphBuilder& g, int64_t width, bool weighted) {
  NormalMixture m{.mean = g.parameter("mean", {kComponents, width}, {}),
                  .log_var = g.parameter("log_var", {kComponents, width}, {})};
  if (!weighted) return m;
  const Value logit = g.parameter("logit", {kComponents}, {});
  m.log_weight = g.sub(logit, g.logsumexp(logit));
  return m;
}

std::vector<double> weights_of(const LeafValues& leaves) {
  std::vector<double> weights(kComponents, 1.0 / kComponents);
  const auto logits = leaves.find("logit");
  if (logits == leaves.end()) return weights;
  double sum = 0;
  for (double l : logits->second) sum += std::exp(l);
  for (size_t c = 0; c < weights.size(); ++c) weights[c] = std::exp(logits->second[c]) / sum;
  return weights;
}

double density_by_hand(const LeafValues& leaves, const double* z, size_t width) {
  const std::vector<double> weights = weights_of(leaves);
  double total = 0;
  for (size_t c = 0; c < weights.size(); ++c) {
    double log_density = std::log(weights[c]);
    for (size_t j = 0; j < width; ++j) {
      const double log_var = leaves.at("log_var")[c * width + j];
      const double d = z[j] - leaves.at("mean")[c * width + j];
      log_density -= 0.5 * (d * d / std::exp(log_var) + log_var + kLog2Pi);
    }
    total += std::exp(log_density);
  }
  return total;
}

Graph density_graph(int64_t width, bool weighted) {
  GraphBuilder g;
  const NormalMixture m = mixture_of(g, width, weighted);
  g.output("log_prob", log_prob(g, m, g.input("z", {width})));
  g.output("of_draws", log_prob(g, m, g.input("many", {4, width})));
  return std::move(g).finish();
}

TEST(Mixture, DensityIsTheSumOfItsComponents) {
  for (bool weighted : {false, true}) {
    const Graph graph = density_graph(3, weighted);
    LeafValues leaves = drawn_leaves(graph, 5);
    const ReferenceRun run = run_reference(graph, 5, leaves);
    for (size_t r = 0; r < 5; ++r) {
      EXPECT_TRUE(tolerance::within(std::exp(run.output("log_prob").data[r]),
                                    density_by_hand(leaves, &leaves["z"][3 * r], 3),
                                    tolerance::kGoldenF64));
    }
    ASSERT_EQ(run.output("of_draws").data.size(), 20u);
    for (size_t r = 0; r < 20; ++r) {
      EXPECT_TRUE(tolerance::within(std::exp(run.output("of_draws").data[r]),
                                    density_by_hand(leaves, &leaves["many"][3 * r], 3),
                                    tolerance::kGoldenF64));
    }
  }
}

TEST(Mixture, DensityIntegratesToOne) {
  for (int64_t width : {1, 2}) {
    GraphBuilder g;
    g.output("log_prob", log_prob(g, mixture_of(g, width, true), g.input("z", {width})));
    const Graph graph = std::move(g).finish();
    LeafValues leaves = drawn_leaves(graph, 1);
    const double low = -10, step = 0.125;
    const int64_t points = 160, rows = width == 1 ? points : points * points;
    std::vector<double>& z = leaves["z"];
    z.clear();
    for (int64_t i = 0; i < rows; ++i) {
      z.push_back(low + step * static_cast<double>(i % points));
      if (width == 2) z.push_back(low + step * static_cast<double>(i / points));
    }
    const ReferenceRun run = run_reference(graph, rows, leaves);
    double integral = 0;
    for (double v : run.output("log_prob").data) {
      integral += std::exp(v) * std::pow(step, static_cast<double>(width));
    }
    EXPECT_NEAR(integral, 1, 1e-9) << width;
  }
}

TEST(Mixture, DrawsHaveItsMoments) {
  constexpr int64_t kRows = 40000, kDraws = 2, kWidth = 2;
  for (bool weighted : {false, true}) {
    GraphBuilder g;
    const Distribution d = mixture_distribution(g, mixture_of(g, kWidth, weighted));
    g.output("z", d.draw(g, "prior", kDraws).z);
    const Graph graph = std::move(g).finish();
    LeafValues leaves = drawn_leaves(graph, kRows);
    const std::vector<double> z = run_reference(graph, kRows, leaves).output("z").data;
    const std::vector<double> weights = weights_of(leaves);
    for (size_t j = 0; j < kWidth; ++j) {
      double mean = 0, square = 0, expected = 0, expected_square = 0, fourth = 0;
      const double n = kRows * kDraws;
      for (size_t i = j; i < z.size(); i += kWidth) mean += z[i] / n;
      for (size_t i = j; i < z.size(); i += kWidth) square += z[i] * z[i] / n;
      for (size_t i = j; i < z.size(); i += kWidth) fourth += std::pow(z[i], 4) / n;
      for (size_t c = 0; c < weights.size(); ++c) {
        const double m = leaves.at("mean")[c * kWidth + j];
        expected += weights[c] * m;
        expected_square += weights[c] * (m * m + std::exp(leaves.at("log_var")[c * kWidth + j]));
      }
      EXPECT_NEAR(mean, expected, 5 * std::sqrt(square / n));
      EXPECT_NEAR(square, expected_square, 5 * std::sqrt((fourth - square * square) / n));
    }
  }
}

TEST(Mixture, TemperatureZeroDrawsMeansByTheirWeights) {
  constexpr int64_t kRows = 20000;
  GraphBuilder g;
  g.output("z", mixture_distribution(g, mixture_of(g, 1, true), g.scalar("temperature"))
                    .draw(g, "prior", 0)
                    .z);
  const Graph graph = std::move(g).finish();
  LeafValues leaves = drawn_leaves(graph, kRows);
  leaves["temperature"] = {0};
  const std::vector<double> z = run_reference(graph, kRows, leaves).output("z").data;
  const std::vector<double> weights = weights_of(leaves);
  for (size_t c = 0; c < weights.size(); ++c) {
    const double found = static_cast<double>(std::count(z.begin(), z.end(), leaves["mean"][c]));
    const double deviation = std::sqrt(weights[c] * (1 - weights[c]) / kRows);
    EXPECT_NEAR(found / kRows, weights[c], 5 * deviation) << c;
  }
}

TEST(Mixture, UniformsAtBothEndsChooseTheFirstAndTheLast) {
  for (bool weighted : {false, true}) {
    GraphBuilder g;
    const Distribution d =
        mixture_distribution(g, mixture_of(g, 1, weighted), g.scalar("temperature"));
    g.output("z", d.draw(g, "prior", 0).z);
    const Graph graph = std::move(g).finish();
    LeafValues leaves = drawn_leaves(graph, 2);
    leaves["temperature"] = {0};
    leaves["prior/component"] = {0x1p-24, 1 - 0x1p-24};
    const std::vector<double> z = run_reference(graph, 2, leaves).output("z").data;
    EXPECT_EQ(z, (std::vector<double>{leaves["mean"].front(), leaves["mean"].back()}));
  }
}

TEST(Mixture, GradientsEqualDifferences) {
  for (bool weighted : {false, true}) {
    GraphBuilder g;
    const Value density = log_prob(g, mixture_of(g, 2, weighted), g.input("z", {3, 2}));
    const Value objective = g.batch_mean(g.sum(density));
    g.output("objective", objective);
    output_gradients(g, objective);
    const Graph graph = std::move(g).finish();
    expect_gradients_equal_differences(graph, 3, drawn_leaves(graph, 3));
  }
}

}  // namespace
}  // namespace isthmus
