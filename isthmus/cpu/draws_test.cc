// SPDX-License-Identifier: Apache-2.0
// Draws of counts on the device: the quantile of the stream's own uniform, whatever the threads.
#include <gtest/gtest.h>

#include <cmath>

#include "isthmus/base/quantiles.h"
#include "isthmus/base/rng_key.h"
#include "isthmus/cpu/cpu_device.h"
#include "isthmus/graph/op.h"

namespace isthmus {
namespace {

TEST(Draws, AreTheQuantilesOfTheStreamsUniform) {
  constexpr int64_t kItems = 90, kCols = 7;
  GraphBuilder g;
  const Value x = g.input("x", {kCols});
  g.output("count", g.poisson_draw({{"stream", "count"}}, g.exp(x)));
  g.output("gamma", g.gamma_draw({{"stream", "gamma"}}, g.exp(x)));
  const Graph graph = std::move(g).finish();
  Tensor values(Dtype::kF32, {kItems, kCols});
  fill_normal(RngKey{1, 2}, 0, 0, 0, values.values<float>().data(), kItems * kCols);
  std::vector<int64_t> items(kItems);
  for (int64_t i = 0; i < kItems; ++i) items[static_cast<size_t>(i)] = kItems - 1 - i;
  for (const int threads : {1, 2}) {
    const auto device = make_cpu_device(threads);
    auto executor = device->compile(graph, {.max_rows = kItems});
    executor->bind_input("x", values, Scaling{});
    executor->run({.items = items, .epoch = 3, .seed = 5});
    const auto counts = executor->rows("count"), gammas = executor->rows("gamma");
    for (size_t r = 0; r < items.size(); ++r) {
      float u[kCols], v[kCols];
      const auto item = static_cast<uint64_t>(items[r]);
      fill_uniform(RngKey::from(5, "noise/count"), item, 3, 0, u, kCols);
      fill_uniform(RngKey::from(5, "noise/gamma"), item, 3, 0, v, kCols);
      for (size_t c = 0; c < kCols; ++c) {
        const double rate = std::exp(values.values<float>()[item * kCols + c]);
        EXPECT_EQ(counts[r * kCols + c], static_cast<float>(poisson_quantile(rate, u[c])));
        const double gamma = gamma_quantile(rate, v[c]);
        // The device rounds exp, and numbers below the normal ones to zero.
        EXPECT_NEAR(gammas[r * kCols + c], gamma, 1e-4 * gamma + 1.2e-38);
      }
    }
  }
}

/// Streams are named by the scopes around them: as long as those are deep.
TEST(Draws, OfAStreamWithALongNameAreItsOwn) {
  const std::string name(300, 'n'), purpose(47, 'p');
  GraphBuilder g;
  g.output("noise", g.normal(name, {5}));
  const auto device = make_cpu_device(1);
  const auto executor = device->compile(std::move(g).finish(), {.max_rows = 2});
  const std::vector<int64_t> items = {7, 3};
  executor->run({.items = items, .epoch = 1, .seed = 5, .noise_purpose = purpose});
  const auto rows = executor->rows("noise");
  for (size_t r = 0; r < items.size(); ++r) {
    float expected[5];
    fill_normal(RngKey::from(5, purpose + "/" + name), static_cast<uint64_t>(items[r]), 1, 0,
                expected, 5);
    for (size_t c = 0; c < 5; ++c) EXPECT_EQ(expected[c], rows[r * 5 + c]);
  }
  EXPECT_THROW(executor->run({.items = items, .noise_purpose = purpose + "p"}), InternalError);
}

}  // namespace
}  // namespace isthmus
