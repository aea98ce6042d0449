// SPDX-License-Identifier: Apache-2.0
// The gradient of the whole objective with respect to every weight, against central differences in
// double, for each model, likelihood and estimator.
#include <gtest/gtest.h>

#include "isthmus/models/model.h"
#include "isthmus/nn/net.h"
#include "isthmus/testing/leaf_values.h"

namespace isthmus {
namespace {

struct GradientCase {
  std::string model, likelihood, sigma = "auto", estimator = "sgvb_b";
  int64_t samples = 1;
  double free_bits = 0;
};

void expect_gradients(const GradientCase& c) {
  SCOPED_TRACE(c.model + " " + c.likelihood + " " + c.sigma + " " + c.estimator);
  const ModelSetup setup{
      .model = {.name = c.model, .latent_dim = "2", .likelihood = c.likelihood},
      .own = {.texts = {{"model.hidden", "3"},
                        {"model.activation", "tanh"},
                        {"model.sigma", c.sigma},
                        {"objective.estimator", c.estimator},
                        {"model.critic_hidden", "3"},
                        {"objective.gradient", "pathwise"},  // of the draws as they are
                        {"objective.samples", std::to_string(c.samples)},
                        {"objective.free_bits", print_value(c.free_bits)}}},
      .data = {.item_shape = {4},
               .fields = {{.min = 0, .max = 1, .standard_deviation = 0.3, .integer = true}}}};
  GraphBuilder g;
  output_gradients(g, build_training(g, setup).objectives.front().value);
  const Graph graph = std::move(g).finish();
  LeafValues leaves = drawn_leaves(graph, 3);
  leaves["kl_weight"] = {0.7};
  expect_gradients_equal_differences(graph, 3, leaves);
}

TEST(Gradients, OfEveryModelEqualDifferences) {
  for (const ModelDef& def : all_models()) {
    const std::string model(def.name);
    for (const std::string& likelihood : all_likelihoods().names()) {
      if (def.fit || !def.allows(likelihood)) continue;
      expect_gradients({.model = model, .likelihood = likelihood});
      expect_gradients({.model = model, .likelihood = likelihood, .estimator = "sgvb_a"});
    }
  }
}

TEST(Gradients, OfEveryNetworkEqualDifferences) {
  for (const NetDef& net : all_nets()) {
    for (const char* norm : {"none", "group", "layer"}) {
      if (net.name == "mlp" && *norm != 'n') continue;
      SCOPED_TRACE(std::string(net.name) + " " + norm);
      const ModelSetup setup{
          .model = {.name = "vae", .latent_dim = "2", .likelihood = "bernoulli"},
          .own = {.texts = {{"model.arch", std::string(net.name)},
                            {"model.stages", "3"},
                            {"model.norm", norm},
                            {"model.hidden", "3"},
                            {"model.activation", "tanh"}}},
          .data = {.item_shape = {8, 9},
                   .fields = {{.min = 0, .max = 1, .standard_deviation = 0.3, .integer = true}}}};
      GraphBuilder g;
      output_gradients(g, build_training(g, setup).objectives.front().value);
      const Graph graph = std::move(g).finish();
      LeafValues leaves = drawn_leaves(graph, 2);
      leaves["kl_weight"] = {0.7};
      expect_gradients_equal_differences(graph, 2, leaves);
    }
  }
}

TEST(Gradients, OfEachSigmaEqualDifferences) {
  for (const char* sigma : {"0.5", "learned", "per_dimension"}) {
    expect_gradients({.model = "vae", .likelihood = "gaussian", .sigma = sigma});
  }
}

TEST(Gradients, WithSeveralDrawsEqualDifferences) {
  for (const char* estimator : {"sgvb_a", "sgvb_b"}) {
    expect_gradients(
        {.model = "vae", .likelihood = "bernoulli", .estimator = estimator, .samples = 3});
    expect_gradients(
        {.model = "vae", .likelihood = "gaussian", .estimator = estimator, .samples = 2});
  }
}

TEST(Gradients, WithFreeBitsEqualDifferences) {
  expect_gradients({.model = "vae", .likelihood = "bernoulli", .free_bits = 0.05});
  expect_gradients({.model = "vae", .likelihood = "bernoulli", .free_bits = 0.3});
}

}  // namespace
}  // namespace isthmus
