// SPDX-License-Identifier: Apache-2.0
// The gaussian whose sigma is that of the batch: its objective, what it stores, what other graphs
// read.
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "isthmus/prob/likelihood.h"
#include "isthmus/testing/leaf_values.h"

namespace isthmus {
namespace {

/// Outputs "log_prob" of "x" at "means", (B) items of `width` values.
Graph optimal_graph(int64_t width, bool training, double least = 0) {
  GraphBuilder g;
  const Likelihood p = all_likelihoods()
                           .find("gaussian")
                           .make(g,
                                 {.num_values = width,
                                  .initial_sigma = 0.5,
                                  .min_sigma = {least},
                                  .training = training},
                                 {.texts = {{"model.sigma", "optimal"}}});
  g.output("log_prob", p.log_prob(g, g.input("means", {width}), g.input("x", {width})));
  return std::move(g).finish();
}

double mean_of(const std::vector<double>& values) {
  double sum = 0;
  for (double v : values) sum += v;
  return sum / static_cast<double>(values.size());
}

double mean_squared_error(const LeafValues& leaves) {
  double sum = 0;
  const auto &x = leaves.at("x"), &means = leaves.at("means");
  for (size_t i = 0; i < x.size(); ++i) sum += (x[i] - means[i]) * (x[i] - means[i]);
  return sum / static_cast<double>(x.size());
}

TEST(GaussianOptimal, ObjectiveScalesWithD) {
  for (int64_t width : {1, 4, 32}) {
    const Graph graph = optimal_graph(width, true);
    const LeafValues leaves = drawn_leaves(graph, 3);
    const double s2 = mean_squared_error(leaves);
    const double expected =
        0.5 * static_cast<double>(width) * (std::log(2 * std::numbers::pi * s2) + 1);
    const double mean = -mean_of(run_reference(graph, 3, leaves).output("log_prob").data);
    EXPECT_NEAR(mean, expected, 1e-10 * (1 + std::fabs(expected))) << width;
  }
}

TEST(GaussianOptimal, StoresTheMeanOverTheItemsOfTheEpoch) {
  const Graph graph = optimal_graph(2, true);
  LeafValues leaves = drawn_leaves(graph, 3);
  leaves["likelihood/log_sigma"] = {std::log(7.0)};
  leaves["epoch_items"] = {0};  // what the epoch before has left is forgotten
  const double first = mean_squared_error(leaves);
  const double stored = run_reference(graph, 3, leaves).assigned("likelihood/log_sigma").data[0];
  EXPECT_NEAR(stored, 0.5 * std::log(first), 1e-12);
  leaves["likelihood/log_sigma"] = {stored};
  leaves["epoch_items"] = {3};
  leaves["x"] = {9, 9};
  leaves["means"] = {8, 7};  // one item with a mean of 2.5
  const double both = run_reference(graph, 1, leaves).assigned("likelihood/log_sigma").data[0];
  EXPECT_NEAR(std::exp(2 * both), (3 * first + 2.5) / 4, 1e-10);
}

TEST(GaussianOptimal, OtherGraphsReadWhatIsStored) {
  const Graph graph = optimal_graph(2, false);
  LeafValues leaves = drawn_leaves(graph, 1);
  leaves["likelihood/log_sigma"] = {std::log(0.5)};
  leaves["x"] = {1, 2};
  leaves["means"] = {1, 1};
  const double expected = -std::log(2 * std::numbers::pi * 0.25) - 0.5 / 0.25;
  EXPECT_NEAR(run_reference(graph, 1, leaves).output("log_prob").data[0], expected, 1e-12);
  EXPECT_TRUE(graph.assignments().empty());
}

/// Noise of 0.3 on top of 0.5, and the variance of a value.
TEST(GaussianOptimal, ItsVarianceIsTheOneStored) {
  GraphBuilder g;
  const Likelihood p = all_likelihoods()
                           .find("gaussian")
                           .make(g, {.num_values = 2}, {.texts = {{"model.sigma", "optimal"}}});
  const Value means = g.input("means", {2}), x = g.input("x", {2});
  g.output("noisy", p.log_prob_under_normal(g, means, x, 0.3));
  g.output("variance", g.add(means, p.variance(g, means)));
  const Graph graph = std::move(g).finish();
  const ReferenceRun run = run_reference(
      graph, 1, {{"likelihood/log_sigma", {std::log(0.5)}}, {"means", {1, 1}}, {"x", {1, 2}}});
  EXPECT_NEAR(run.output("variance").data[0], 1.25, 1e-12);
  EXPECT_NEAR(run.output("noisy").data[0], -std::log(2 * std::numbers::pi * 0.34) - 0.5 / 0.34,
              1e-6);
}

TEST(GaussianOptimal, StopsAtQuantisation) {
  const Graph graph = optimal_graph(2, true, 0.25);
  LeafValues leaves = drawn_leaves(graph, 2);
  leaves["means"] = leaves["x"];
  leaves["epoch_items"] = {0};
  const double stored = run_reference(graph, 2, leaves).assigned("likelihood/log_sigma").data[0];
  EXPECT_NEAR(std::exp(stored), 0.25, 1e-12);
}

}  // namespace
}  // namespace isthmus
