// SPDX-License-Identifier: Apache-2.0
// What is measured is the whole family, and nothing that an interpreter runs.
#include "isthmus/cli/bench_models.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "isthmus/graph/op.h"
#include "isthmus/models/model.h"
#include "isthmus/models/prior.h"
#include "isthmus/optim/optimizer.h"

namespace isthmus {
namespace {

TEST(BenchModels, AreAllThatTrainInStepsWithoutClasses) {
  const std::vector<std::string> names = bench_model_names();
  const auto measured = [&](const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  EXPECT_EQ("vae", names.front());
  for (const ModelDef& model : all_models()) {
    EXPECT_EQ(!model.fit && !model.needs_labels, measured(std::string(model.name))) << model.name;
  }
  for (const PriorDef& prior : all_priors()) {
    EXPECT_EQ(prior.name != "normal", measured("vae --prior " + std::string(prior.name)));
  }
  EXPECT_THROW(bench_model_settings("vea"), Error);
}

/// The mean of the data against a parameter, through an operation of the caller.
StepToTime step_with(const OpDef& op, const std::string& name) {
  GraphBuilder g;
  const Value w = g.parameter("w", {49, 1}, {.kind = "glorot_uniform"});
  const Value y = g.matmul(g.call(op, {}, {g.input("x", {49})}), w);
  const Value objective = g.batch_mean(g.sum(g.square(y)));
  add_update(g, objective, {});
  g.output("objective", objective);
  return {name, std::move(g).finish(), Scaling{}};
}

/// Twice its input, the slow way: there is no kernel of this name.
OpDef doubled() {
  return {.name = "doubled", .infer = same_type_as_input, .reference = [](const RefCall& c) {
            for (size_t i = 0; i < c.out.data.size(); ++i) c.out.data[i] = 2 * c.in[0]->data[i];
          }};
}

TEST(BenchModels, AStepThatTheInterpreterRunsIsRefused) {
  const Dataset data = made_up_images(64, 7, 1);
  const auto device = open_device({.threads = 1});
  const OpDef slow = doubled();
  const StepToTime good = step_with(find_op("relu"), "good"), bad = step_with(slow, "bad");
  const RoundOptions options{.batch_size = 32, .rounds = 1};
  const std::vector<StepTimes> times = time_in_turn({good}, data, *device, options);
  ASSERT_EQ(1u, times.size());
  EXPECT_EQ(4 * 32 * 49 / 1e9, times[0].product_gflop);
  EXPECT_EQ(1, times[0].over_products.median);
  try {
    time_in_turn({good, bad}, data, *device, options);
    FAIL() << "measured the interpreter";
  } catch (const Error& error) {
    EXPECT_EQ(ErrorCode::kImpossible, error.code());
    EXPECT_EQ(
        "error[E2202]: a step of bad has no kernel on this device for doubled f32 (B, 49): its "
        "time would be "
        "that of the double interpreter\n  hint: measure a network whose operations have kernels",
        std::string(error.what()));
  }
}

}  // namespace
}  // namespace isthmus
