// SPDX-License-Identifier: Apache-2.0
// A condition is a second input of every model's networks, and nothing else changes.
#include <gtest/gtest.h>

#include "isthmus/models/inference.h"
#include "isthmus/models/model.h"
#include "isthmus/testing/leaf_values.h"

namespace isthmus {
namespace {

ModelSetup small_setup(const std::string& model, bool conditional) {
  ModelSetup setup{
      .model = {.name = model, .latent_dim = "2", .likelihood = "gaussian"},
      .own = {.texts = {{"model.hidden", "4"}, {"model.sigma", "0.5"}}},
      .data = {.item_shape = {3}, .fields = {{.min = 0, .max = 1, .standard_deviation = 0.3}}}};
  if (conditional) setup.data.condition.classes = {"a", "b"};
  return setup;
}

Graph training_graph(const ModelSetup& setup) {
  GraphBuilder g;
  build_training(g, setup);
  return std::move(g).finish();
}

TEST(Condition, WithoutWeightsTheModelIsTheUnconditionalOne) {
  for (const std::string model : {"ae", "vae", "beta_vae"}) {
    const Graph conditional = training_graph(small_setup(model, true));
    const Graph plain = training_graph(small_setup(model, false));
    EXPECT_EQ(conditional.num_parameter_values(), plain.num_parameter_values() + 2 * (2 * 4));
    LeafValues leaves = drawn_leaves(conditional, 3);
    const double with = run_reference(conditional, 3, leaves).output("objective").data[0];
    for (const char* coder : {"encoder", "decoder"}) {
      std::vector<double>& weights = leaves[std::string(coder) + "/0/context"];
      weights.assign(weights.size(), 0);
    }
    const double without = run_reference(conditional, 3, leaves).output("objective").data[0];
    const double expected = run_reference(plain, 3, leaves).output("objective").data[0];
    EXPECT_NEAR(without, expected, 1e-12 * std::fabs(expected)) << model;
    EXPECT_NE(with, expected) << model;
  }
}

TEST(Condition, ReachesEveryGraphThatUsesTheModel) {
  const ModelSetup setup = small_setup("vae", true);
  const auto has_context = [](const Graph& graph) {
    for (const Node& node : graph.nodes()) {
      if (node.kind == NodeKind::kInput && node.name == "context") return true;
    }
    return false;
  };
  EXPECT_TRUE(has_context(evaluation_graph(setup)));
  EXPECT_TRUE(has_context(encode_graph(setup, Draw::kNone)));
  EXPECT_TRUE(has_context(decode_graph(setup, Draw::kNone)));
  EXPECT_TRUE(has_context(reconstruct_graph(setup, Draw::kNone)));
  EXPECT_TRUE(has_context(importance_graph(setup, 3)));
}

}  // namespace
}  // namespace isthmus
