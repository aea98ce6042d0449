// SPDX-License-Identifier: Apache-2.0
// Running means of weights against the recurrence by hand.
#include <gtest/gtest.h>

#include "isthmus/optim/optimizer.h"
#include "isthmus/testing/leaf_values.h"

namespace isthmus {
namespace {

TEST(RunningMean, FollowsItsRecurrence) {
  GraphBuilder g;
  Value w = g.parameter("w", {1}, {});
  add_update(g, {{.value = g.sum_items(w)}},
             {.name = "sgd", .own = {.texts = {{"optimizer.momentum", "0"}}}}, std::nullopt, 0.2);
  const Graph graph = std::move(g).finish();
  double weight = 1, mean = 1;
  for (int t = 0; t < 5; ++t) {
    const ReferenceRun run = run_reference(graph, 1,
                                           {{"w", {weight}},
                                            {"ema/w", {mean}},
                                            {"learning_rate", {0.5}},
                                            {"step", {static_cast<double>(t + 1)}}});
    weight -= 0.5;
    const double decay = std::min(0.2, (1.0 + t) / (10.0 + t));  // 0.1, 0.18, then 0.2
    mean = decay * mean + (1 - decay) * weight;
    EXPECT_NEAR(run.assigned("w").data[0], weight, 1e-12);
    EXPECT_NEAR(run.assigned("ema/w").data[0], mean, 1e-12) << t;
  }
}

TEST(RunningMean, IsThereOnlyWhenAskedFor) {
  GraphBuilder g;
  Value w = g.parameter("w", {1}, {});
  add_update(g, {{.value = g.sum_items(w)}}, {.name = "adam"});
  const Graph graph = std::move(g).finish();
  for (const Node& node : graph.nodes()) EXPECT_FALSE(node.name.starts_with(kEmaPrefix));
}

}  // namespace
}  // namespace isthmus
