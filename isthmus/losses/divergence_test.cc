// SPDX-License-Identifier: Apache-2.0
// Distances between samples: closed forms of normals, what the weights of a U-statistic promise,
// and sorted samples by hand.
#include "isthmus/losses/divergence.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "isthmus/testing/leaf_values.h"

namespace isthmus {
namespace {

using Rows = std::vector<double>;

Rows scaled(Rows values, double factor, double shift = 0) {
  for (double& v : values) v = v * factor + shift;
  return values;
}

double mmd_of(const Rows& z, const Rows& p, int64_t width, const KernelSum& kernel) {
  GraphBuilder g;
  g.output("mmd", squared_mmd(g, g.input("z", {width}), g.input("p", {width}), kernel));
  const Graph graph = std::move(g).finish();
  const int64_t rows = static_cast<int64_t>(z.size()) / width;
  return run_reference(graph, rows, {{"z", z}, {"p", p}}).output("mmd").data[0];
}

double expected_rbf(double l2, double spread, double width) {
  return std::pow(l2 / (l2 + spread), width / 2);  // of two centred normals, spread = s^2 + t^2
}

TEST(Mmd, EqualsTheClosedFormOfNormals) {
  const int64_t width = 20, rows = 1200;
  const Rows z = scaled(normal_values("z", rows * width), 0.8),
             p = normal_values("p", rows * width);
  const double closed =
      expected_rbf(20, 1.28, 20) + expected_rbf(20, 2, 20) - 2 * expected_rbf(20, 1.64, 20);
  EXPECT_NEAR(closed, 0.013892, 1e-6);
  // The standard deviation at 512 items is 1/34 of the value, and falls with their number.
  EXPECT_NEAR(mmd_of(z, p, width, {.kernel = "rbf", .scales = {20}}), closed, 0.0015);
}

TEST(Mmd, SeesAShrunkenVariance) {
  const int64_t width = 20, rows = 512;
  const Rows z = normal_values("a", rows * width), p = normal_values("b", rows * width);
  for (const std::string& kernel : kernel_names()) {
    const KernelSum sum = kernel_for(kernel, width);
    const double same = std::fabs(mmd_of(z, p, width, sum));
    EXPECT_GT(mmd_of(scaled(z, 0.8), p, width, sum), 5 * same) << kernel;
  }
}

TEST(Mmd, ExpectationIndependentOfBatchSize) {
  const int64_t width = 3, rows = 1200;
  const KernelSum kernel = kernel_for("imq", width);
  const Rows z = scaled(normal_values("q", rows * width), 0.7, 0.2);
  const Rows p = normal_values("r", rows * width);
  const double whole = mmd_of(z, p, width, kernel);
  for (int64_t batch : {2, 8}) {
    double mean = 0;
    const ptrdiff_t values = batch * width;
    for (ptrdiff_t at = 0; at < rows * width; at += values) {
      mean += mmd_of({z.begin() + at, z.begin() + at + values},
                     {p.begin() + at, p.begin() + at + values}, width, kernel);
    }
    mean /= static_cast<double>(rows / batch);
    // With the own pairs of a V-statistic it would be off by about 2 (7 - E k) / batch, above 0.5.
    EXPECT_NEAR(mean, whole, 0.1) << batch;
  }
}

TEST(Mmd, IsZeroForASingleItem) { EXPECT_EQ(mmd_of({0.3, 2}, {1, 0}, 2, kernel_for("imq", 2)), 0); }

Graph sliced_graph(int64_t width, int64_t projections) {
  GraphBuilder g;
  Value z = g.input("z", {width}), p = g.input("p", {width});
  g.output("distance", sliced_wasserstein(g, z, p, projections));
  return std::move(g).finish();
}

TEST(SlicedWasserstein, OfOneValueIsTheDistanceOfTheSortedSamples) {
  const Graph graph = sliced_graph(1, 5);
  LeafValues leaves = drawn_leaves(graph, 4);
  leaves["z"] = {3, -1, 0.5, 2};
  leaves["p"] = {0, 1, -2, 1.5};
  const double expected = (1 + 0.25 + 1 + 2.25) / 4;  // -1..-2, .5..0, 2..1, 3..1.5
  EXPECT_NEAR(run_reference(graph, 4, leaves).output("distance").data[0], expected, 1e-12);
}

TEST(SlicedWasserstein, OfAShiftIsItsSquareOverTheWidth) {
  const int64_t width = 4, rows = 2048;
  const Graph graph = sliced_graph(width, 2000);
  LeafValues leaves = drawn_leaves(graph, rows);
  leaves["p"] = normal_values("p", rows * width);
  leaves["z"] = scaled(leaves["p"], 1, 0.5);  // |c|^2 = 1: mean of (c u)^2 over unit u is 1/4
  EXPECT_NEAR(run_reference(graph, rows, leaves).output("distance").data[0], 0.25, 0.03);
}

}  // namespace
}  // namespace isthmus
