// SPDX-License-Identifier: Apache-2.0
// Facts of differentiate on small graphs whose gradients are known by hand. The rules of the single
// operations are proved by conformance_test.cc.
#include <gtest/gtest.h>

#include "isthmus/graph/op.h"
#include "isthmus/testing/tolerance.h"

namespace isthmus {
namespace {

using Leaves = std::vector<std::pair<std::string, std::vector<double>>>;

/// Finishes the graph and returns output "out".
RefArray evaluate(GraphBuilder& g, int64_t rows, const Leaves& leaves) {
  const Graph graph = std::move(g).finish();
  ReferenceRun run(graph, rows);
  for (const auto& [name, values] : leaves) run.set(name, values);
  run.run();
  return run.output("out");
}

void expect_near(const std::vector<double>& value, const std::vector<double>& expected) {
  ASSERT_EQ(value.size(), expected.size());
  for (size_t i = 0; i < value.size(); ++i) {
    EXPECT_TRUE(tolerance::within(value[i], expected[i], tolerance::kGoldenF64))
        << i << ": " << value[i] << " instead of " << expected[i];
  }
}

TEST(Differentiate, FollowsAChain) {
  GraphBuilder g;
  Value w = g.parameter("w", {2}, {});
  Value objective = g.sum_items(g.square(g.mul(w, g.constant(3.0))));  // 9 w^2
  g.output("out", differentiate(g, objective, {w})[0]);
  expect_near(evaluate(g, 1, {{"w", {1, -2}}}).data, {18, -36});
}

TEST(Differentiate, AddsTheBranchesOfASharedValue) {
  GraphBuilder g;
  Value w = g.parameter("w", {}, {});
  Value shared = g.square(w);
  Value objective = g.add(g.mul(shared, shared), shared);  // w^4 + w^2
  g.output("out", differentiate(g, objective, {w})[0]);
  expect_near(evaluate(g, 1, {{"w", {2}}}).data, {36});
}

TEST(Differentiate, GivesTheGradientOfAValueInTheMiddle) {
  GraphBuilder g;
  Value x = g.input("x", {2});
  Value z = g.square(x);
  Value objective = g.batch_sum(g.sum_items(g.square(z)));
  g.output("out", differentiate(g, objective, {z, x})[0]);
  const RefArray slope = evaluate(g, 2, {{"x", {1, 2, 3, 4}}});
  EXPECT_EQ(slope.type, per_row({2}));
  expect_near(slope.data, {2, 8, 18, 32});
}

TEST(Differentiate, GivesZerosWhereTheObjectiveDoesNotDepend) {
  GraphBuilder g;
  Value x = g.input("x", {2});
  Value w = g.parameter("w", {3, 2}, {}), unused = g.parameter("unused", {2, 3}, {});
  Value objective = g.batch_sum(g.sum_items(g.matmul({{"transpose_b", 1}}, x, w)));
  const Values gradients = differentiate(g, objective, {unused, w});
  EXPECT_EQ(g.type(gradients[0]), once({2, 3}));
  g.output("out", gradients[0]);
  expect_near(evaluate(g, 1, {}).data, {0, 0, 0, 0, 0, 0});
}

TEST(Differentiate, GivesPerRowZerosForAPerRowValue) {
  GraphBuilder g;
  Value x = g.input("x", {2}), w = g.parameter("w", {}, {});
  const Value zeros = differentiate(g, g.square(w), {x})[0];
  EXPECT_EQ(g.type(zeros), per_row({2}));
  g.output("out", zeros);
  expect_near(evaluate(g, 2, {}).data, {0, 0, 0, 0});
}

TEST(Differentiate, MeansWeightRowsByTheirNumber) {
  GraphBuilder g;
  Value x = g.input("x", {2}), bias = g.parameter("bias", {2}, {});
  Value objective = g.batch_mean(g.sum_items(g.square(g.add(x, bias))));
  g.output("out", differentiate(g, objective, {bias})[0]);
  // 2 * (mean of x + bias), for each column
  expect_near(evaluate(g, 2, {{"x", {1, 2, 3, 4}}, {"bias", {0, 1}}}).data, {4, 8});
}

TEST(Differentiate, DifferentiatesAGradientPenalty) {
  // decoded = z^3 * w: the slope is 3 z^2 w, and the penalty the mean of (3 z^2 w)^2 = 9 z^4 w^2.
  GraphBuilder g;
  Value z = g.input("z", {1}), w = g.parameter("w", {1}, {});
  Value decoded = g.mul(g.mul(g.square(z), z), w);
  Value slope = differentiate(g, g.batch_sum(g.sum_items(decoded)), {z})[0];
  Value penalty = g.batch_mean(g.sum_items(g.square(slope)));
  g.output("out", differentiate(g, penalty, {w})[0]);
  expect_near(evaluate(g, 2, {{"z", {1, 2}}, {"w", {0.5}}}).data, {18 * 0.5 * (1 + 16) / 2.0});
}

TEST(Differentiate, StopsAtStopGradient) {
  GraphBuilder g;
  Value w = g.parameter("w", {}, {});
  Value objective = g.mul(g.stop_gradient(w), w);
  g.output("out", differentiate(g, objective, {w})[0]);
  expect_near(evaluate(g, 1, {{"w", {3}}}).data, {3});
}

TEST(Differentiate, StraightThroughHandsTheGradientToTheSoftValue) {
  GraphBuilder g;
  Value w = g.parameter("w", {}, {});
  Value hard = g.greater(w, g.constant(0.0));
  Value objective = g.square(g.straight_through(hard, g.mul(w, g.constant(5.0))));
  g.output("out", differentiate(g, objective, {w})[0]);
  expect_near(evaluate(g, 1, {{"w", {3}}}).data, {2 * 1 * 5});
}

TEST(Differentiate, KinksHaveTheStatedDerivative) {
  GraphBuilder g;
  Value w = g.parameter("w", {3}, {});
  Value sum = g.add(g.add(g.abs(w), g.mul(g.relu(w), g.constant(10.0))),
                    g.mul(g.maximum(w, g.constant(0.0)), g.constant(100.0)));
  g.output("out", differentiate(g, g.sum_items(sum), {w})[0]);
  expect_near(evaluate(g, 1, {{"w", {-1, 0, 1}}}).data, {-1, 100, 111});
}

TEST(Differentiate, IntegerPowersOfNegativeBasesHaveGradients) {
  GraphBuilder g;
  Value a = g.parameter("a", {3}, {}), b = g.parameter("b", {}, {});
  const Values gradients = differentiate(g, g.sum_items(g.pow(a, b)), {a, b});
  g.output("out", g.add(gradients[0], gradients[1]));
  expect_near(evaluate(g, 1, {{"a", {-2, 0, 1}}, {"b", {3}}}).data, {12, 0, 3});
}

TEST(Differentiate, RefusesAnObjectiveThatIsNotAScalar) {
  GraphBuilder g;
  Value x = g.input("x", {2}), w = g.parameter("w", {2}, {});
  for (Value objective : {g.mul(x, w), g.sum_items(x), w}) {
    try {
      differentiate(g, objective, {w});
      FAIL() << "accepted " << type_text(g.type(objective));
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kShapeMismatch);
      EXPECT_NE(error.message().find("not a scalar"), std::string::npos);
    }
  }
}

TEST(SumTo, UndoesBroadcastingOverRowsAndAxes) {
  const std::vector<std::pair<ValueType, std::vector<double>>> expected = {
      {per_row({2, 2}), {1, 2, 3, 4, 5, 6, 7, 8}},
      {per_row({2}), {4, 6, 12, 14}},
      {per_row({2, 1}), {3, 7, 11, 15}},
      {per_row({}), {10, 26}},
      {once({2, 2}), {6, 8, 10, 12}},
      {once({1, 2}), {16, 20}},
      {once({}), {36}}};
  for (const auto& [type, values] : expected) {
    GraphBuilder g;
    g.output("out", sum_to(g, g.input("x", {2, 2}), type));
    const RefArray summed = evaluate(g, 2, {{"x", {1, 2, 3, 4, 5, 6, 7, 8}}});
    EXPECT_EQ(summed.type, type);
    expect_near(summed.data, values);
  }
}

}  // namespace
}  // namespace isthmus
