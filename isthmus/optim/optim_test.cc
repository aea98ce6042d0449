// SPDX-License-Identifier: Apache-2.0
// Update rules against ten steps of PyTorch's own optimizers (tests/golden/make_golden.py), and
// schedules by hand.
#include <gtest/gtest.h>

#include <cmath>

#include "isthmus/optim/optimizer.h"
#include "isthmus/optim/schedules.h"
#include "isthmus/testing/golden_fixture.h"
#include "isthmus/testing/leaf_values.h"

namespace isthmus {
namespace {

OptimizerOptions options_of(const Json& c) {
  OptimizerOptions o;
  o.name = c.at("name").as_string();
  for (const char* key : {"weight_decay", "beta1", "beta2", "epsilon", "momentum"}) {
    o.own.texts["optimizer." + std::string(key)] = print_value(c.at(key).as_double());
  }
  return o;
}

/// Squared error of x weight (5, 3) (3, 2) against 1.
Graph least_squares_step(const OptimizerOptions& options, std::optional<double> clip) {
  GraphBuilder g;
  Value weight = g.parameter("weight", {3, 2}, {.kind = "glorot_uniform"});
  Value error = g.sub(g.matmul(g.input("x", {3}), weight), g.constant(1.0));
  Value objective = g.batch_mean(g.sum_items(g.square(error)));
  g.output("objective", objective);
  add_update(g, objective, options, clip);
  return std::move(g).finish();
}

/// Runs one step and moves all assigned values into `leaves`.
ReferenceRun advance(const Graph& graph, int64_t rows, LeafValues& leaves) {
  ReferenceRun run = run_reference(graph, rows, leaves);
  for (const Assignment& a : graph.assignments()) {
    const std::string& name = graph.nodes()[a.state].name;
    leaves[name] = run.assigned(name).data;
  }
  return run;
}

TEST(Optimizers, TenStepsEqualPyTorch) {
  const Json fixture = read_golden("optimizers.json");
  for (const Json& c : fixture.at("cases").as_array()) {
    std::optional<double> clip;
    if (!c.at("clip").is_null()) clip = c.at("clip").as_double();
    const Graph graph = least_squares_step(options_of(c), clip);
    LeafValues leaves = {{"x", numbers(fixture.at("x"))},
                         {"weight", numbers(fixture.at("first"))},
                         {"learning_rate", {c.at("learning_rate").as_double()}}};
    for (size_t step = 0; step < 10; ++step) {
      leaves["step"] = {static_cast<double>(step + 1)};
      const ReferenceRun run = advance(graph, 5, leaves);
      const std::vector<double> expected = numbers(c.at("weights").as_array()[step]);
      for (size_t i = 0; i < expected.size(); ++i) {
        EXPECT_TRUE(tolerance::within(leaves["weight"][i], expected[i], tolerance::kGoldenF64))
            << c.at("name").as_string() << " step " << step + 1 << ": " << leaves["weight"][i]
            << " expected " << expected[i];
      }
      if (!clip) continue;
      const double norm = c.at("norms").as_array()[step].as_double();
      EXPECT_TRUE(tolerance::within(run.output("grad_norm").data[0], norm, tolerance::kGoldenF64));
    }
  }
}

TEST(Optimizers, StateIsNamedAfterItsParameter) {
  GraphBuilder g;
  Value weight;
  {
    const GraphBuilder::Scope scope(g, "encoder/0");
    weight = g.parameter("weight", {2}, {});
  }
  add_update(g, g.sum_items(g.square(weight)), {.name = "adam"});
  const Graph graph = std::move(g).finish();
  std::vector<std::string> names;
  for (const Assignment& a : graph.assignments()) names.push_back(graph.nodes()[a.state].name);
  EXPECT_EQ(names, (std::vector<std::string>{"opt/m/encoder/0/weight", "opt/v/encoder/0/weight",
                                             "encoder/0/weight"}));
}

TEST(Optimizers, StepScalarsAreFloat64) {
  GraphBuilder g;
  Value weight = g.parameter("weight", {2}, {});
  add_update(g, g.sum_items(g.square(weight)), {.name = "adam"});
  const Graph graph = std::move(g).finish();
  for (const Node& node : graph.nodes()) {
    if (node.kind == NodeKind::kOp && node.op->name == "pow") {
      EXPECT_EQ(node.type.dtype, Dtype::kF64);
    }
  }
}

TEST(Optimizers, ClippingHasAnOutputOnlyWhenItIsOn) {
  EXPECT_FALSE(least_squares_step({}, std::nullopt).has_output("grad_norm"));
  EXPECT_TRUE(least_squares_step({}, 1.0).has_output("grad_norm"));
}

TEST(Optimizers, ClippingAZeroGradientChangesNothing) {
  GraphBuilder g;
  Value weight = g.parameter("weight", {2}, {});
  add_update(g, g.sum_items(g.square(weight)), {.name = "sgd"}, 1.0);
  const Graph graph = std::move(g).finish();
  const ReferenceRun run =
      run_reference(graph, 1, {{"weight", {0, 0}}, {"learning_rate", {0.1}}, {"step", {1}}});
  for (double v : run.assigned("weight").data) EXPECT_EQ(v, 0);
}

TEST(Optimizers, SgdWithoutMomentumKeepsNoState) {
  const Graph graph = least_squares_step(
      {.name = "sgd", .own = {.texts = {{"optimizer.momentum", "0"}}}}, std::nullopt);
  EXPECT_EQ(graph.assignments().size(), 1u);
}

// Two objectives share a weight; each also has its own. All gradients are those at the old weights.
TEST(Objectives, MoveTheirOwnParametersAndAddUpWhereTheyShareSome) {
  GraphBuilder g;
  Value shared = g.parameter("shared", {1}, {}), critic = g.parameter("critic", {1}, {});
  Value still = g.parameter("still", {1}, {}, false);
  const auto product = [&](Value a, Value b) { return g.sum_items(g.mul(a, b)); };
  // d first / d shared = 3 + still; d second / d shared = critic; d second / d critic = shared.
  Value first = product(shared, g.add(still, g.constant(3.0)));
  Value second = product(shared, critic);
  add_update(g,
             {{.value = first, .parameters = {shared}},
              {.value = second, .parameters = {shared, critic}, .name = "critic", .rate = 0.5}},
             {.name = "sgd", .own = {.texts = {{"optimizer.momentum", "0"}}}});
  const Graph graph = std::move(g).finish();
  const ReferenceRun run = run_reference(
      graph, 1,
      {{"shared", {2}}, {"critic", {5}}, {"still", {1}}, {"learning_rate", {0.1}}, {"step", {1}}});
  EXPECT_NEAR(run.assigned("shared").data[0], 2 - 0.1 * 4 - 0.05 * 5, 1e-12);
  EXPECT_NEAR(run.assigned("critic").data[0], 5 - 0.05 * 2, 1e-12);
  EXPECT_EQ(graph.assignments().size(), 2u);
}

TEST(Objectives, HaveStatesOfTheirOwn) {
  GraphBuilder g;
  Value w = g.parameter("w", {1}, {});
  Value value = g.sum_items(g.square(w));
  add_update(g, {{.value = value}, {.value = value, .parameters = {w}, .name = "b"}}, {});
  std::vector<std::string> states;
  const Graph graph = std::move(g).finish();
  for (const Node& node : graph.nodes()) {
    if (node.kind == NodeKind::kState) states.push_back(node.name);
  }
  EXPECT_EQ(states, (std::vector<std::string>{"opt/b/m/w", "opt/b/v/w"}));
}

TEST(Optimizers, SuggestTheNearestName) {
  try {
    all_optimizers().find("adma");
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_NE(error.hint().find("adam"), std::string::npos);
  }
}

TEST(OptimizerOptions, CarryTheDocumentedFlags) {
  OptimizerOptions o;
  const auto options = bind_options(o, "optimizer.");
  EXPECT_EQ(find_option(options, "optimizer.learning_rate").flag, "--lr");
  EXPECT_EQ(find_option(options, "optimizer.name").flag, "--optimizer");
  EXPECT_THROW(find_option(options, "optimizer.beta1").set("1"), Error);
  EXPECT_THROW(set_option(o, "learning_rate", "0"), Error);
}

TEST(Schedules, ConstantIsConstant) {
  const OptimizerOptions o = {.learning_rate = 0.5};
  EXPECT_EQ(learning_rate_at(o, 1, 100), 0.5);
  EXPECT_EQ(learning_rate_at(o, 100, 100), 0.5);
}

TEST(Schedules, WarmupRisesLinearlyAndEndsAtTheFullRate) {
  const OptimizerOptions o = {.learning_rate = 1, .warmup = 4};
  EXPECT_EQ(learning_rate_at(o, 1, 100), 0.25);
  EXPECT_EQ(learning_rate_at(o, 3, 100), 0.75);
  EXPECT_EQ(learning_rate_at(o, 4, 100), 1.0);
  EXPECT_EQ(learning_rate_at(o, 5, 100), 1.0);
}

TEST(Schedules, CosineFallsFromTheFullRateTowardsZero) {
  const OptimizerOptions o = {.learning_rate = 1, .schedule = "cosine", .warmup = 3};
  EXPECT_EQ(learning_rate_at(o, 3, 10), 1.0);
  EXPECT_NEAR(learning_rate_at(o, 7, 10), 0.5, tolerance::kElementwiseF64);  // halfway from 3 to 11
  EXPECT_GT(learning_rate_at(o, 10, 10), 0.0);
  EXPECT_NEAR(learning_rate_at(o, 11, 10), 0.0, tolerance::kElementwiseF64);
  for (int64_t step = 4; step <= 10; ++step) {
    EXPECT_LT(learning_rate_at(o, step, 10), learning_rate_at(o, step - 1, 10));
  }
}

TEST(Schedules, SpanTheRunIfTheyDependOnItsEnd) {
  for (const ScheduleDef& def : all_schedules()) {
    const OptimizerOptions o = {.learning_rate = 1, .schedule = std::string(def.name)};
    const bool depends = learning_rate_at(o, 5, 10) != learning_rate_at(o, 5, 20);
    EXPECT_EQ(def.spans_run, depends) << def.name;
  }
}

TEST(Schedules, StepDropsAfterEveryCount) {
  const OptimizerOptions o = {
      .learning_rate = 1,
      .schedule = "step",
      .own = {.texts = {{"optimizer.step_every", "10"}, {"optimizer.step_factor", "0.5"}}}};
  EXPECT_EQ(learning_rate_at(o, 10, 100), 1.0);
  EXPECT_EQ(learning_rate_at(o, 11, 100), 0.5);
  EXPECT_EQ(learning_rate_at(o, 21, 100), 0.25);
}

}  // namespace
}  // namespace isthmus
