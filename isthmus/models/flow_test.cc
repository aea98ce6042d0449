// SPDX-License-Identifier: Apache-2.0
// Flows against numeric Jacobians and integrals in double, and what velocity fields and generators
// are without a density.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "isthmus/models/inference.h"
#include "isthmus/testing/small_model.h"

namespace isthmus {
namespace {

ModelSetup setup_of(const std::string& name, int64_t values,
                    std::map<std::string, std::string> own = {}) {
  ModelSetup setup{.model = {.name = name, .latent_dim = "2", .likelihood = "gaussian"},
                   .own = {.texts = {{"model.hidden", "6"}, {"model.activation", "tanh"}}},
                   .data = {.kind = DataKind::kTable, .item_shape = {values}}};
  for (int64_t j = 0; j < values; ++j) {
    setup.data.fields.push_back({.min = -3,
                                 .max = 9,
                                 .mean = 0.5 * static_cast<double>(j),
                                 .standard_deviation = 1 + 0.5 * static_cast<double>(j)});
  }
  for (auto& [key, value] : own) setup.own.texts[key] = value;
  return setup;
}

/// Parameters as drawn, so that nothing is the identity.
std::vector<double> log_probs(const ModelSetup& setup, const std::vector<double>& x) {
  const Graph graph = evaluation_graph(setup);
  const auto rows = static_cast<int64_t>(x.size()) / setup.data.num_values();
  LeafValues leaves = drawn_leaves(graph, rows);
  leaves["x"] = x;
  return run_reference(graph, rows, leaves).output("log_prob").data;
}

std::vector<double> draws(const ModelSetup& setup, const std::vector<double>& noise) {
  const Graph graph = draw_graph(setup);
  const auto rows = static_cast<int64_t>(noise.size()) / setup.data.num_values();
  LeafValues leaves = drawn_leaves(graph, rows);
  leaves["prior"] = noise;
  return run_reference(graph, rows, leaves).output("x").data;
}

/// Of a small matrix, by elimination with pivots.
double log_determinant(std::vector<std::vector<double>> a) {
  double log_det = 0;
  for (size_t k = 0; k < a.size(); ++k) {
    size_t pivot = k;
    for (size_t i = k; i < a.size(); ++i) {
      if (std::fabs(a[i][k]) > std::fabs(a[pivot][k])) pivot = i;
    }
    std::swap(a[k], a[pivot]);
    log_det += std::log(std::fabs(a[k][k]));
    for (size_t i = k + 1; i < a.size(); ++i) {
      const double factor = a[i][k] / a[k][k];
      for (size_t j = k; j < a.size(); ++j) a[i][j] -= factor * a[k][j];
    }
  }
  return log_det;
}

/// x is a draw of noise z exactly if log p(x) = log N(z) - log |dx/dz|: a wrong inverse, slope or
/// constant would each show.
TEST(Flow, TheDensityOfADrawIsThatOfItsNoiseOverTheNumericJacobian) {
  for (const char* name : {"real_nvp", "maf"}) {
    for (const int64_t values : {1, 2, 3, 5}) {
      const ModelSetup setup = setup_of(name, values);
      const auto width = static_cast<size_t>(values);
      std::vector<double> noise = normal_values("flow", values);
      for (double& n : noise) n *= 0.5;
      const std::vector<double> x = draws(setup, noise);
      std::vector<std::vector<double>> jacobian(width, std::vector<double>(width));
      constexpr double kStep = 1e-5;
      double log_noise = 0;
      for (size_t j = 0; j < width; ++j) {
        std::vector<double> above = noise, below = noise;
        above[j] += kStep;
        below[j] -= kStep;
        const std::vector<double> high = draws(setup, above), low = draws(setup, below);
        for (size_t i = 0; i < width; ++i) jacobian[i][j] = (high[i] - low[i]) / (2 * kStep);
        log_noise -= 0.5 * (noise[j] * noise[j] + std::log(2 * std::numbers::pi));
      }
      EXPECT_NEAR(log_probs(setup, x)[0], log_noise - log_determinant(jacobian), 1e-5)
          << name << " " << values;
    }
  }
}

TEST(Flow, DensitiesOfTwoValuesIntegrateToOne) {
  for (const ModelSetup& setup : {setup_of("real_nvp", 2, {{"model.couplings", "2"}}),
                                  setup_of("maf", 2, {{"model.flow_blocks", "2"}})}) {
    constexpr double kStep = 0.15, kEnd = 24;
    std::vector<double> grid;
    for (double a = -kEnd; a < kEnd; a += kStep) {
      for (double b = -kEnd; b < kEnd; b += kStep) grid.insert(grid.end(), {a, b});
    }
    double sum = 0;
    for (const double log_prob : log_probs(setup, grid)) sum += std::exp(log_prob) * kStep * kStep;
    EXPECT_NEAR(sum, 1, 1e-3) << setup.model.name;
  }
}

TEST(Flow, RoundedValuesAreSpreadOverTheirRounding) {
  for (const bool rounded : {false, true}) {
    ModelSetup setup = setup_of("real_nvp", 2);
    for (FieldSpec& field : setup.data.fields) field.step = rounded ? 1 : 0;
    const Graph graph = evaluation_graph(setup);
    const bool noise = std::ranges::any_of(
        graph.nodes(), [](const Node& node) { return node.kind == NodeKind::kUniform; });
    EXPECT_EQ(noise, rounded);
  }
}

TEST(Flow, MafDrawsNoItemsThatAreTooWideForItsGraph) {
  EXPECT_TRUE(abilities_of(setup_of("maf", 64)).samples);
  const Abilities wide = abilities_of(setup_of("maf", 65));
  EXPECT_TRUE(wide.exact);
  EXPECT_FALSE(wide.samples);
}

TEST(Flow, AConditionIsRefused) {
  for (const char* name : {"made", "real_nvp", "maf", "flow_matching"}) {
    ModelSetup setup = setup_of(name, 3);
    setup.data.condition.classes = {"a", "b"};
    try {
      abilities_of(setup);
      FAIL() << name;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kConflict) << name;
    }
  }
}

/// With a velocity that is constant, c, noise z ends at z + c.
TEST(FlowMatching, FollowsItsVelocity) {
  const ModelSetup setup = setup_of("flow_matching", 2);
  const Graph graph = draw_graph(setup);
  LeafValues leaves = drawn_leaves(graph, 3);
  std::vector<double>& weight = leaves["velocity/1/weight"];
  weight.assign(weight.size(), 0);
  leaves["velocity/1/bias"] = {0.25, -1};
  const std::vector<double> x = run_reference(graph, 3, leaves).output("x").data;
  const std::vector<double>& z = leaves["prior"];
  for (size_t i = 0; i < x.size(); i += 2) {
    EXPECT_NEAR(x[i], z[i] + 0.25, 1e-6);
    EXPECT_NEAR(x[i + 1], 0.5 + 1.5 * (z[i + 1] - 1), 1e-6);  // mean and deviation are floats
  }
}

TEST(FlowMatching, OfANetworkThatSaysNothingLosesTheSquareOfTheLine) {
  const ModelSetup setup = setup_of("flow_matching", 2);
  const Graph graph = evaluation_graph(setup);
  LeafValues leaves = drawn_leaves(graph, 5);
  for (const char* name : {"velocity/1/weight", "velocity/1/bias"}) {
    leaves[name].assign(leaves[name].size(), 0);
  }
  const std::vector<double> loss = run_reference(graph, 5, leaves).output("loss").data;
  for (size_t i = 0; i < loss.size(); ++i) {
    const double first = leaves["x"][2 * i] - leaves["noise"][2 * i];
    const double second = (leaves["x"][2 * i + 1] - 0.5) / 1.5 - leaves["noise"][2 * i + 1];
    EXPECT_NEAR(loss[i], (first * first + second * second) / 2, 1e-6);
  }
}

TEST(Gan, IsItsGeneratorAloneAndClaimsNothing) {
  const ModelSetup setup = setup_of("gan", 4);
  const Abilities has = abilities_of(setup);
  EXPECT_TRUE(has.samples);
  EXPECT_FALSE(has.measurable() || has.encodes || has.density);
  const Graph graph = evaluation_graph(setup);
  ASSERT_FALSE(graph.parameters().empty());
  for (const uint32_t index : graph.parameters()) {
    EXPECT_TRUE(graph.nodes()[index].name.starts_with("decoder/")) << graph.nodes()[index].name;
  }
  // What the critic tells of a generator that it cannot tell from the data: two log 2.
  const Graph training = training_graph(setup);
  LeafValues leaves = drawn_leaves(training, 3);
  for (const char* name : {"critic/1/weight", "critic/1/bias"}) {
    leaves[name].assign(leaves[name].size(), 0);
  }
  const ReferenceRun run = run_reference(training, 3, leaves);
  EXPECT_NEAR(output_of(run, "term/critic"), 2 * std::log(2.0), tolerance::kGoldenF64);
  EXPECT_NEAR(output_of(run, "term/generator"), std::log(2.0), tolerance::kGoldenF64);
  EXPECT_EQ(output_of(run, "term/critic_slope"), 0);
}

TEST(Gan, HoldsItemsOfUnitDataInTheirRange) {
  ModelSetup setup = setup_of("gan", 4);
  setup.data.fields = {{.min = 0, .max = 255, .standard_deviation = 80, .integer = true}};
  setup.data.kind = DataKind::kImage;
  setup.data.item_shape = {2, 2};
  setup.data.scaling = {.kind = "unit", .shift = {0}, .scale = {1.0 / 255}};
  const Graph graph = decode_graph(setup, Draw::kNone);
  LeafValues leaves = drawn_leaves(graph, 3);
  leaves["decoder/1/bias"] = {-50, 50, 0, 3};
  const std::vector<double> items = run_reference(graph, 3, leaves).output("mean").data;
  for (const double v : items) {
    EXPECT_GE(v, 0);
    EXPECT_LE(v, 1);
  }
}

}  // namespace
}  // namespace isthmus
