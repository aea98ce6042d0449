// SPDX-License-Identifier: Apache-2.0
// Training steps of every model, likelihood, estimator and optimizer on the CPU device: terms and
// weights equal those of the double reference, which models/golden_test.cc ties to PyTorch.
#include <gtest/gtest.h>

#include "isthmus/models/posterior.h"
#include "isthmus/models/prior.h"
#include "isthmus/nn/net.h"
#include "isthmus/optim/optimizer.h"
#include "tests/conformance/model_on_device.h"

namespace isthmus {
namespace {

struct StepCase {
  std::string model = "vae", likelihood = "bernoulli", sigma = "auto", estimator = "sgvb_b";
  int64_t samples = 1;
  double free_bits = 0;
  std::string optimizer = "adam";
  std::optional<double> clip = {};
  std::string prior = "normal", posterior = "normal", net = "mlp";
};

std::string title(const StepCase& c) {
  return c.model + " " + c.net + " " + c.prior + " " + c.posterior + " " + c.likelihood + " " +
         c.sigma + " " + c.estimator + " " + std::to_string(c.samples) + " " + c.optimizer;
}

Graph step_graph(const StepCase& c) {
  const ModelSetup setup{.model = {.name = c.model, .latent_dim = "4", .likelihood = c.likelihood},
                         .own = {.texts = {{"model.arch", c.net},
                                           {"model.stages", "3,4"},
                                           {"model.hidden", "16"},
                                           {"model.critic_hidden", "16"},
                                           {"model.lambda", "10"},
                                           {"model.gamma", "10"},
                                           {"model.sigma", c.sigma},
                                           {"objective.estimator", c.estimator},
                                           {"objective.samples", std::to_string(c.samples)},
                                           {"objective.free_bits", print_value(c.free_bits)},
                                           {"model.prior", c.prior},
                                           {"model.prior_components", "70"},
                                           {"model.exemplars", "40"},
                                           {"model.posterior", c.posterior}}},
                         .data = images_for(c.net)};
  OptimizerOptions optimizer;
  optimizer.name = c.optimizer;
  optimizer.own.texts["optimizer.weight_decay"] = c.optimizer == "adamw" ? "0.01" : "0";
  GraphBuilder g;
  add_update(g, build_training(g, setup).objectives, optimizer, c.clip);
  return std::move(g).finish();
}

void expect_outputs_equal(ModelOnDevice& model, const ReferenceRun& run, int step) {
  for (const auto& [name, node] : model.graph().outputs()) {
    const double value = model.executor().scalar(name), expected = run.output(name).data[0];
    EXPECT_TRUE(tolerance::within(value, expected, tolerance::kGoldenF32))
        << "step " << step << " " << name << ": " << value << ", reference " << expected;
  }
}

void expect_weights_equal(ModelOnDevice& model) {
  for (uint32_t index : model.graph().parameters()) {
    const std::string& name = model.graph().nodes()[index].name;
    const Tensor tensor = model.executor().get(name);
    const auto values = tensor.values<float>();
    const std::vector<double>& expected = model.leaves().at(name);
    for (size_t i = 0; i < values.size(); ++i) {
      EXPECT_TRUE(
          tolerance::within(static_cast<double>(values[i]), expected[i], tolerance::kGoldenF32))
          << name << "[" << i << "]: " << values[i] << ", reference " << expected[i];
    }
  }
}

void expect_steps_equal(const StepCase& c) {
  SCOPED_TRACE(title(c));
  ModelOnDevice model(step_graph(c), 40);
  EXPECT_EQ(model.executor().warnings(), std::vector<std::string>{});  // all in kernels
  model.set_scalar("kl_weight", 0.5);
  model.set_scalar("learning_rate", c.optimizer == "sgd" ? 1e-4 : 1e-2);
  for (int step = 1; step <= 4; ++step) {
    model.set_scalar("step", step);
    const ReferenceRun run = model.run(static_cast<uint32_t>(step));
    expect_outputs_equal(model, run, step);
    for (const Assignment& a : model.graph().assignments()) {
      const std::string& name = model.graph().nodes()[a.state].name;
      model.leaves()[name] = run.assigned(name).data;
    }
  }
  expect_weights_equal(model);
}

TEST(ModelSteps, OfEveryModelAndLikelihoodEqualTheReference) {
  for (const ModelDef& def : all_models()) {
    const std::string model(def.name);
    for (const std::string& likelihood : all_likelihoods().names()) {
      if (def.fit || !def.allows(likelihood)) continue;
      expect_steps_equal({.model = model, .likelihood = likelihood});
    }
  }
}

TEST(ModelSteps, OfEveryNetworkEqualTheReference) {
  for (const std::string& net : all_nets().names()) {
    expect_steps_equal({.optimizer = "sgd", .net = net});
    expect_steps_equal({.model = "iwae", .samples = 3, .optimizer = "sgd", .net = net});
  }
}

TEST(ModelSteps, OfEveryPriorAndPosteriorEqualTheReference) {
  for (const std::string& prior : all_priors().names()) expect_steps_equal({.prior = prior});
  for (const std::string& posterior : all_posteriors().names()) {
    expect_steps_equal({.posterior = posterior});
    expect_steps_equal({.model = "iwae", .samples = 5, .posterior = posterior});
  }
  for (const char* prior : {"mog", "vamp"}) {
    // Adam would divide the smallest of gradients, those of some pseudo-inputs, by themselves.
    expect_steps_equal({.model = "iwae", .samples = 5, .optimizer = "sgd", .prior = prior});
  }
}

TEST(ModelSteps, OfEverySigmaEqualTheReference) {
  for (const char* sigma : {"0.5", "learned", "per_dimension"}) {
    expect_steps_equal({.likelihood = "gaussian", .sigma = sigma});
  }
}

TEST(ModelSteps, WithDrawsFromTheKlEqualTheReference) {
  expect_steps_equal({.estimator = "sgvb_a"});
  expect_steps_equal({.likelihood = "gaussian", .estimator = "sgvb_a"});
}

TEST(ModelSteps, WithSeveralDrawsEqualTheReference) {
  for (const char* estimator : {"sgvb_a", "sgvb_b"}) {
    expect_steps_equal({.estimator = estimator, .samples = 3});
    expect_steps_equal({.likelihood = "gaussian", .estimator = estimator, .samples = 2});
  }
}

TEST(ModelSteps, WithFreeBitsEqualTheReference) {
  expect_steps_equal({.free_bits = 0.05});
  expect_steps_equal({.free_bits = 0.5});
}

TEST(ModelSteps, OfEveryOptimizerEqualTheReference) {
  for (const std::string& optimizer : optimizer_names()) {
    expect_steps_equal({.optimizer = optimizer});
    expect_steps_equal({.optimizer = optimizer, .clip = 0.5});
  }
}

}  // namespace
}  // namespace isthmus
