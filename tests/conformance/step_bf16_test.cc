// SPDX-License-Identifier: Apache-2.0
// Whole bf16 training steps, update included, of every model under three likelihoods: outputs and
// assigned states equal those of a double reference whose products round their operands, for
// batches that are one row, fill no block, one block, and several panels.
#include <gtest/gtest.h>

#include "isthmus/cpu/kernels/every_target.h"
#include "isthmus/nn/net.h"
#include "isthmus/optim/optimizer.h"
#include "isthmus/testing/rounding_choices.h"
#include "tests/conformance/model_on_device.h"

namespace isthmus {
namespace {

const char* const kLikelihoods[] = {"bernoulli", "gaussian", "categorical"};

struct StepCase {
  std::string model = "vae", likelihood = "bernoulli";
  int64_t batch = 31;
  std::string hidden = "7", latent_dim = "2", net = "mlp";
};

/// With an epsilon of 1 a step of Adam is a smooth function of the gradient; with the usual one it
/// would divide the smallest gradients by themselves.
Graph step_graph(const StepCase& c, std::optional<double> clip, std::optional<double> ema) {
  ModelSetup setup{
      .model = {.name = c.model, .latent_dim = c.latent_dim, .likelihood = c.likelihood},
      .own = small_net(c.net, c.hidden),
      .data = images_for(c.net)};
  setup.own.texts["model.critic_hidden"] = "5";
  // Two draws are several, and quick in the reference.
  const auto draws = own_option(chosen_owners(setup), "objective.samples");
  if (draws != nullptr && draws->default_text != "1") setup.own.texts["objective.samples"] = "2";
  OptimizerOptions adam{.name = "adam"};
  adam.own.texts["optimizer.epsilon"] = "1";
  GraphBuilder g;
  add_update(g, build_training(g, setup).objectives, adam, clip, ema);
  return std::move(g).finish();
}

DeviceValue device_value(uint32_t node, std::vector<double> got, const RefArray& want) {
  double largest = 0;
  for (double value : want.data) largest = std::max(largest, std::fabs(value));
  return {node, std::move(got), tolerance::kGradientF32 / 100 * std::max(largest, 1e-6)};
}

std::vector<DeviceValue> device_values(ModelOnDevice& model, const std::vector<RefArray>& want) {
  std::vector<DeviceValue> all;
  for (const auto& [name, node] : model.graph().outputs()) {
    EXPECT_TRUE(want[node].type.shape.empty()) << name;
    all.push_back(device_value(node, {model.executor().scalar(name)}, want[node]));
  }
  for (const Assignment& a : model.graph().assignments()) {
    const Tensor next = model.executor().get(model.graph().nodes()[a.state].name);
    const auto values = next.values<float>();
    all.push_back(device_value(a.value, {values.begin(), values.end()}, want[a.value]));
  }
  return all;
}

std::string name_of(const Graph& graph, uint32_t node) {
  for (const auto& [name, output] : graph.outputs()) {
    if (output == node) return name;
  }
  for (const Assignment& a : graph.assignments()) {
    if (a.value == node) return graph.nodes()[a.state].name;
  }
  return "";
}

void set_scalars(ModelOnDevice& model) {
  for (const Node& node : model.graph().nodes()) {
    if (node.kind == NodeKind::kScalar) model.set_scalar(node.name, node.name == "step" ? 1 : 0.5);
  }
}

void expect_step_equal(const StepCase& c, std::optional<double> clip = {},
                       std::optional<double> ema = {}) {
  SCOPED_TRACE(c.model + " " + c.net + " " + c.likelihood + " " + c.hidden + ", batch " +
               std::to_string(c.batch));
  ModelOnDevice model(step_graph(c, clip, ema), c.batch, Precision::kBF16);
  EXPECT_EQ(model.executor().warnings(), std::vector<std::string>{});
  set_scalars(model);
  const ReferenceRun reference = model.run(1);
  RoundingChoices choices(model.graph(), reference, model.rows());
  const std::vector<DeviceValue> got = device_values(model, choices.values());
  if (choices.explain(got) <= 1) return;
  for (const DeviceValue& d : got) {
    for (size_t k = 0; k < d.values.size(); ++k) {
      EXPECT_NEAR(d.values[k], choices.values()[d.node].data[k], d.tolerance)
          << name_of(model.graph(), d.node) << "[" << k << "], " << choices.num_turned()
          << " choices turned";
    }
  }
}

class StepBf16 : public testing::TestWithParam<std::string> {};

TEST_P(StepBf16, EqualsTheReferenceWithRoundedOperands) {
  const ModelDef& def = all_models().find(GetParam());
  for (const char* likelihood : kLikelihoods) {
    if (!def.allows(likelihood)) continue;
    for (const int64_t batch : {1, 31, 64}) {
      expect_step_equal({.model = GetParam(), .likelihood = likelihood, .batch = batch});
    }
  }
}

TEST_P(StepBf16, OfSeveralPanelsEqualsTheReferenceWithRoundedOperands) {
  const ModelDef& def = all_models().find(GetParam());
  const bool any = def.likelihoods.empty();
  const std::string likelihood = any ? "bernoulli" : std::string(def.likelihoods.front());
  expect_step_equal({.model = GetParam(), .likelihood = likelihood, .batch = 513, .hidden = "5"});
}

INSTANTIATE_TEST_SUITE_P(AllModels, StepBf16, testing::ValuesIn(models_of_steps()),
                         [](const auto& each) { return each.param; });

ISTHMUS_ON_EVERY_TARGET(StepBf16OnTarget);

TEST_P(StepBf16OnTarget, EqualsTheReferenceWithRoundedOperands) {
  for (const char* likelihood : kLikelihoods) {
    for (const int64_t batch : {31, 64, 513}) {
      expect_step_equal({.likelihood = likelihood, .batch = batch, .hidden = "17"});
    }
  }
}

TEST(WholeStepBf16, OfEveryNetworkEqualsTheReferenceWithRoundedOperands) {
  for (const std::string& net : all_nets().names()) {
    for (const int64_t batch : {1, 31}) expect_step_equal({.batch = batch, .net = net});
  }
}

TEST(WholeStepBf16, Of1100RowsEqualsTheReferenceWithRoundedOperands) {
  for (const char* likelihood : kLikelihoods) {
    expect_step_equal({.likelihood = likelihood, .batch = 1100, .hidden = "5"});
  }
}

TEST(WholeStepBf16, WithClippedGradientsAndRunningMeansEqualsTheReference) {
  for (const int64_t batch : {31, 64}) expect_step_equal({.batch = batch}, 0.5, 0.9);
}

TEST(WholeStepBf16, OfWideLayersEqualsTheReferenceWithRoundedOperands) {
  for (const char* hidden : {"70,33", "200"}) {
    expect_step_equal({.batch = 70, .hidden = hidden, .latent_dim = "18"});
  }
}

/// The choices cannot explain everything away: one gradient that is off by a thousandth, as if a
/// row of a thousand were missing, or by the rounding of a result instead of an operand.
TEST(WholeStepBf16, WithOneWrongGradientIsNotExplained) {
  for (const double fault : {1e-3, 0x1p-9}) {
    ModelOnDevice model(step_graph({.batch = 64}, {}, {}), 64, Precision::kBF16);
    set_scalars(model);
    const ReferenceRun reference = model.run(1);
    for (size_t wrong = 0; wrong < model.graph().assignments().size(); wrong += 3) {
      RoundingChoices choices(model.graph(), reference, model.rows());
      std::vector<DeviceValue> got = device_values(model, choices.values());
      DeviceValue& one = got[model.graph().outputs().size() + wrong];
      double& largest =
          *std::max_element(one.values.begin(), one.values.end(),
                            [](double a, double b) { return std::fabs(a) < std::fabs(b); });
      largest *= 1 + fault;
      EXPECT_GT(choices.explain(got), 1) << name_of(model.graph(), one.node);
    }
  }
}

}  // namespace
}  // namespace isthmus
