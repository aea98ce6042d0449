// SPDX-License-Identifier: Apache-2.0
// Counts by hand: factor pairs of each form of product, times two.
#include "isthmus/graph/product_flops.h"

#include <gtest/gtest.h>

namespace isthmus {
namespace {

TEST(ProductFlops, OfATrainedLayerAreItsProductAndTheGradientOfItsWeight) {
  GraphBuilder g;
  const Value w = g.parameter("w", {5, 3}, {});
  const Value loss = g.batch_mean(g.sum(g.square(g.matmul(g.input("x", {5}), w))));
  g.assign(w, g.sub(w, differentiate(g, loss, {w})[0]));
  EXPECT_EQ(2 * 7 * 5 * 3 + 2 * 7 * 5 * 3, product_flops(std::move(g).finish(), 7));
}

TEST(ProductFlops, CountDrawsAndPassOnGradients) {
  GraphBuilder g;
  const Value w = g.parameter("w", {5, 3}, {}), v = g.parameter("v", {3, 2}, {});
  const Value loss = g.batch_mean(g.sum(g.sum(g.matmul(g.matmul(g.input("x", {4, 5}), w), v))));
  const Values d = differentiate(g, g.square(loss), {w, v});
  g.output("w", d[0]);
  g.output("v", d[1]);
  // Four draws of seven rows: forward, gradient of each weight, gradient of the hidden values.
  EXPECT_EQ(2 * 28 * (2 * 5 * 3 + 3 * 3 * 2), product_flops(std::move(g).finish(), 7));
}

TEST(ProductFlops, WithoutRowsDoNotDependOnThem) {
  for (const bool ta : {false, true}) {
    GraphBuilder g;
    const Value a = g.parameter("a", ta ? Shape{4, 6} : Shape{6, 4}, {});
    const Value b = g.parameter("b", {3, 4}, {});
    g.output("c", g.matmul({{"transpose_a", ta ? 1 : 0}, {"transpose_b", 1}}, a, b));
    EXPECT_EQ(2 * 6 * 4 * 3, product_flops(std::move(g).finish(), 7));
  }
}

TEST(ProductFlops, OfMatricesPerRowCountEachOfThem) {
  GraphBuilder g;
  g.output("c", g.matmul(g.input("a", {2, 6, 4}), g.input("b", {2, 4, 3})));
  EXPECT_EQ(2 * 7 * 2 * 6 * 4 * 3, product_flops(std::move(g).finish(), 7));
}

}  // namespace
}  // namespace isthmus
