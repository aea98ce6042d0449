// SPDX-License-Identifier: Apache-2.0
// Training steps of every model write nowhere but to their own memory and read nothing that they
// have not written: gaps keep their pattern, and three steps in poisoned memory leave the same bits
// as three in fresh memory.
#include <gtest/gtest.h>

#include <cstring>

#include "isthmus/nn/net.h"
#include "isthmus/optim/optimizer.h"
#include "isthmus/testing/memory_watch.h"
#include "tests/conformance/model_on_device.h"

namespace isthmus {
namespace {

struct MemoryCase {
  std::string model = "vae", likelihood = "bernoulli", hidden = "17", net = "mlp";
  int64_t batch = 31;
  Precision precision = Precision::kF32;
};

Graph step_graph(const MemoryCase& c) {
  ModelSetup setup{.model = {.name = c.model, .latent_dim = "3", .likelihood = c.likelihood},
                   .own = small_net(c.net, c.hidden),
                   .data = images_for(c.net)};
  setup.own.texts["model.critic_hidden"] = "5";
  GraphBuilder g;
  add_update(g, build_training(g, setup).objectives, {.name = "adam"}, 0.5, 0.9);
  return std::move(g).finish();
}

/// Weights, states and outputs after three steps; `broken`: gaps that were written to.
std::vector<float> after_three_steps(const MemoryCase& c, std::vector<std::string>* broken) {
  ModelOnDevice model(step_graph(c), c.batch, c.precision);
  auto& executor = dynamic_cast<CpuExecutor&>(model.executor());
  std::unique_ptr<MemoryWatch> watch;
  if (broken != nullptr) watch = std::make_unique<MemoryWatch>(executor);
  for (int step = 1; step <= 3; ++step) {
    for (const Node& node : model.graph().nodes()) {
      if (node.kind == NodeKind::kScalar) {
        model.set_scalar(node.name, node.name == "step" ? step : 0.5);
      }
    }
    if (watch) watch->poison();
    model.step(static_cast<uint32_t>(step));
  }
  std::vector<float> all;
  for (const auto& [name, node] : model.graph().outputs()) {
    all.push_back(static_cast<float>(executor.scalar(name)));
  }
  for (const std::string& name : executor.state_names()) {
    const Tensor tensor = executor.get(name);
    all.insert(all.end(), tensor.values<float>().begin(), tensor.values<float>().end());
  }
  if (watch) *broken = watch->broken_gaps();
  return all;
}

void expect_stays_inside(const MemoryCase& c) {
  SCOPED_TRACE(c.model + " " + c.net + " " + c.likelihood + " " + c.hidden + ", batch " +
               std::to_string(c.batch) + ", " + std::string(precision_name(c.precision)));
  std::vector<std::string> broken;
  const std::vector<float> fresh = after_three_steps(c, nullptr);
  const std::vector<float> poisoned = after_three_steps(c, &broken);
  EXPECT_EQ(std::vector<std::string>{}, broken);
  ASSERT_EQ(fresh.size(), poisoned.size());
  EXPECT_EQ(0, std::memcmp(fresh.data(), poisoned.data(), fresh.size() * sizeof(float)));
}

class StepMemory : public testing::TestWithParam<std::string> {};

TEST_P(StepMemory, IsWrittenBeforeItIsReadAndNothingElse) {
  for (const char* likelihood : {"bernoulli", "gaussian", "categorical"}) {
    if (!all_models().find(GetParam()).allows(likelihood)) continue;
    for (const Precision precision : {Precision::kF32, Precision::kBF16}) {
      for (const int64_t batch : {1, 31, 64}) {
        expect_stays_inside({.model = GetParam(),
                             .likelihood = likelihood,
                             .batch = batch,
                             .precision = precision});
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(AllModels, StepMemory, testing::ValuesIn(models_of_steps()),
                         [](const auto& each) { return each.param; });

TEST(WholeStepMemory, OfEveryNetworkIsWrittenBeforeItIsReadAndNothingElse) {
  for (const std::string& net : all_nets().names()) {
    for (const Precision precision : {Precision::kF32, Precision::kBF16}) {
      for (const int64_t batch : {1, 31, 64}) {
        expect_stays_inside({.net = net, .batch = batch, .precision = precision});
      }
    }
  }
}

TEST(WholeStepMemory, OfSeveralPanelsAndWideLayersIsWrittenBeforeItIsReadAndNothingElse) {
  for (const Precision precision : {Precision::kF32, Precision::kBF16}) {
    for (const char* hidden : {"5", "200", "70,33"}) {
      for (const int64_t batch : {513, 1100}) {
        expect_stays_inside({.hidden = hidden, .batch = batch, .precision = precision});
      }
    }
  }
}

}  // namespace
}  // namespace isthmus
