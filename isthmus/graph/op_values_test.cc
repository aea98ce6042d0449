// SPDX-License-Identifier: Apache-2.0
// Values of operations that can be worked out by hand or were computed with 50 digits elsewhere:
// they keep the references honest, which the conformance test takes for granted.
#include <gtest/gtest.h>

#include "isthmus/graph/op.h"
#include "isthmus/testing/tolerance.h"

namespace isthmus {
namespace {

/// The operation on per-row inputs of the given row shapes, for `rows` rows.
struct PerRowInput {
  Shape shape;
  std::vector<double> values;
};

std::vector<double> evaluate(const char* op, const Attrs& attrs, int64_t rows,
                             const std::vector<PerRowInput>& inputs) {
  GraphBuilder g;
  Values values;
  for (const PerRowInput& in : inputs) {
    values.push_back(g.input("in" + std::to_string(values.size()), in.shape));
  }
  g.output("out", g.call(op, attrs, values));
  const Graph graph = std::move(g).finish();
  ReferenceRun run(graph, rows);
  for (size_t i = 0; i < inputs.size(); ++i) run.set("in" + std::to_string(i), inputs[i].values);
  run.run();
  return run.output("out").data;
}

double of(const char* op, double x, const Attrs& attrs = {}) {
  return evaluate(op, attrs, 1, {{{}, {x}}})[0];
}

void expect_near(const std::vector<double>& value, const std::vector<double>& expected) {
  ASSERT_EQ(value.size(), expected.size());
  for (size_t i = 0; i < value.size(); ++i) {
    EXPECT_TRUE(tolerance::within(value[i], expected[i], tolerance::kGoldenF64))
        << i << ": " << value[i] << " instead of " << expected[i];
  }
}

TEST(OpValues, ActivationsHaveTheirKnownValues) {
  expect_near({of("gelu", 1), of("gelu", -1)}, {0.8413447460685429, 0.8413447460685429 - 1});
  expect_near({of("silu", 1), of("sigmoid", 1)}, {0.7310585786300049, 0.7310585786300049});
  expect_near({of("softplus", 1), of("softplus", -40)},
              {1.3132616875182228, 4.248354255291589e-18});
  expect_near({of("leaky_relu", -2, {{"slope", 0.1}}), of("relu", -2), of("relu", 2)},
              {-0.2, 0, 2});
  expect_near({of("elu", -1, {{"alpha", 2.0}})}, {2 * (0.36787944117144233 - 1)});
  expect_near(
      {of("soft_bound", 20), of("soft_bound", -20), of("soft_bound", 10), of("soft_bound", 3)},
      {14.323323583816936, -14.323323583816936, 10, 3});
  expect_near(
      {of("clamp", 7, {{"low", -1}, {"high", 2}}), of("clamp", -7, {{"low", -1}, {"high", 2}})},
      {2, -1});
}

TEST(OpValues, ContinuousBernoulliHasItsKnownValuesOnBothBranches) {
  const char* normalizer = "continuous_bernoulli_log_normalizer";
  const char* mean = "continuous_bernoulli_mean";
  const char* variance = "continuous_bernoulli_variance";
  expect_near({of(normalizer, 3), of(normalizer, 0.25), of(normalizer, 0)},
              {1.8503185303891887, 0.12760281167385848, 0});
  expect_near({of(mean, 3), of(mean, 0.25), of(mean, 0), of(mean, 1e4)},
              {0.7190623631579227, 0.52081166418779847, 0.5, 0.9999});
  expect_near({of(variance, 3), of(variance, 0.25), of(variance, 0), of(variance, 1e4)},
              {0.05597010560905133, 0.083073561131346593, 1.0 / 12, 1e-8});
}

TEST(OpValues, BernoulliLogProbNeverTakesTheLogarithmOfZero) {
  const std::vector<double> value =
      evaluate("bernoulli_log_prob", {}, 1, {{{4}, {1e4, 1e4, -1e4, 0}}, {{4}, {1, 0, 0, 0.5}}});
  expect_near(value, {0, -1e4, 0, -0.69314718055994531});
}

TEST(OpValues, LogsumexpAndSoftmaxShiftByTheMaximum) {
  expect_near(evaluate("logsumexp", {}, 2, {{{3}, {1, 2, 3, 1e4, 1e4, -1e4}}}),
              {3.4076059644443806, 1e4 + 0.69314718055994531});
  expect_near(evaluate("softmax", {}, 1, {{{3}, {1e4, 1e4, -1e4}}}), {0.5, 0.5, 0});
}

TEST(OpValues, ReductionsTakeTheAxisThatTheyName) {
  const PerRowInput x = {{2, 3}, {1, 2, 3, 4, 5, 6}};
  expect_near(evaluate("sum", {{"axis", -1}}, 1, {x}), {6, 15});
  expect_near(evaluate("sum", {{"axis", -2}}, 1, {x}), {5, 7, 9});
  expect_near(evaluate("mean", {{"axis", -1}, {"keep", 1}}, 1, {x}), {2, 5});
  expect_near(evaluate("sum_items", {}, 1, {x}), {21});
  expect_near(evaluate("mean_items", {}, 1, {x}), {3.5});
}

TEST(OpValues, BatchStatisticsAreThoseOfThePopulation) {
  const PerRowInput x = {{2}, {1, 10, 2, 20, 3, 60}};
  expect_near(evaluate("batch_sum", {}, 3, {x}), {6, 90});
  expect_near(evaluate("batch_mean", {}, 3, {x}), {2, 30});
  expect_near(evaluate("batch_variance", {}, 3, {x}), {2.0 / 3, 1400.0 / 3});
}

TEST(OpValues, ShapesMoveValuesAsTheySay) {
  const PerRowInput x = {{2, 3}, {1, 2, 3, 4, 5, 6}};
  expect_near(evaluate("transpose", {}, 1, {x}), {1, 4, 2, 5, 3, 6});
  expect_near(evaluate("slice", {{"axis", -1}, {"begin", 1}, {"end", 3}}, 1, {x}), {2, 3, 5, 6});
  expect_near(evaluate("pad", {{"axis", -2}, {"before", 1}, {"after", 0}}, 1, {x}),
              {0, 0, 0, 1, 2, 3, 4, 5, 6});
  expect_near(evaluate("concat", {{"axis", -1}}, 1, {x, {{2, 1}, {7, 8}}}),
              {1, 2, 3, 7, 4, 5, 6, 8});
  expect_near(evaluate("broadcast", {{"shape", Shape{2, 2}}}, 2, {{{2, 1}, {1, 2, 3, 4}}}),
              {1, 1, 2, 2, 3, 3, 4, 4});
}

TEST(OpValues, MatmulOfRowsTransposesEachSide) {
  const PerRowInput a = {{2, 2}, {1, 2, 3, 4}}, b = {{2, 2}, {5, 6, 7, 8}};
  expect_near(evaluate("matmul", {}, 1, {a, b}), {19, 22, 43, 50});
  expect_near(evaluate("matmul", {{"transpose_a", 1}}, 1, {a, b}), {26, 30, 38, 44});
  expect_near(evaluate("matmul", {{"transpose_b", 1}}, 1, {a, b}), {17, 23, 39, 53});
  expect_near(evaluate("matmul", {{"transpose_a", 1}, {"transpose_b", 1}}, 1, {a, b}),
              {23, 31, 34, 46});
}

TEST(OpValues, OuterSumAndScatterSumAddOverRows) {
  expect_near(evaluate("outer_sum", {}, 2, {{{2}, {1, 2, 3, 4}}, {{1}, {10, 100}}}), {310, 420});
  expect_near(evaluate("scatter_sum", {{"size", 3}}, 3, {{{}, {2, 0, 2}}, {{1}, {5, 6, 7}}}),
              {6, 0, 12});
}

TEST(OpValues, ABernoulliDrawIsOneWhereTheUniformIsBelowTheProbability) {
  GraphBuilder g;
  g.output("out", g.bernoulli_draw({{"stream", "x"}}, g.input("logits", {2})));
  const Graph graph = std::move(g).finish();
  ReferenceRun run(graph, 1);
  run.set("logits", {0, 0});
  run.set("x", {0.4, 0.6});
  run.run();
  expect_near(run.output("out").data, {1, 0});
}

}  // namespace
}  // namespace isthmus
