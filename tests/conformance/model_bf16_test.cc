// SPDX-License-Identifier: Apache-2.0
// bf16 training graphs of every model on the CPU device, at widths and batches of all tails: terms
// and gradients equal those of the double reference whose products round their operands, on every
// instruction set of this machine.
#include <gtest/gtest.h>

#include <cmath>

#include "isthmus/cpu/kernels/every_target.h"
#include "isthmus/models/inference.h"
#include "isthmus/testing/rounded_reference.h"
#include "tests/conformance/model_on_device.h"

namespace isthmus {
namespace {

struct Bf16Case {
  std::string model = "vae", hidden = "16", latent_dim = "4";
  int64_t batch = 40;
  std::string prior = "normal";
};

ModelSetup setup_of(const Bf16Case& c) {
  return {.model = {.name = c.model, .latent_dim = c.latent_dim, .likelihood = "bernoulli"},
          .own = {.texts = {{"model.hidden", c.hidden},
                            {"model.prior", c.prior},
                            {"model.prior_components", "37"}}},
          .data = small_images()};
}

Graph gradient_graph(const Bf16Case& c) {
  GraphBuilder g;
  output_gradients(g, build_training(g, setup_of(c)).objectives.front().value);
  return std::move(g).finish();
}

std::vector<float> values_of(const Executor& executor, const Graph& graph,
                             const std::string& output) {
  const Node& node = graph.nodes()[graph.output(output)];
  if (node.type.dtype == Dtype::kF64) return {static_cast<float>(executor.scalar(output))};
  const Tensor tensor = executor.once(output);
  return {tensor.values<float>().begin(), tensor.values<float>().end()};
}

void expect_equal(const Bf16Case& c) {
  SCOPED_TRACE(c.model + " " + c.hidden + ", latent " + c.latent_dim + ", batch " +
               std::to_string(c.batch));
  ModelOnDevice model(gradient_graph(c), c.batch, Precision::kBF16);
  model.set_scalar("kl_weight", 0.5);
  const std::vector<RefArray> expected =
      with_rounded_operands(model.graph(), model.run(1), model.rows());
  for (const auto& [name, node] : model.graph().outputs()) {
    const std::vector<float> got = values_of(model.executor(), model.graph(), name);
    const std::vector<double>& want = expected[node].data;
    ASSERT_EQ(got.size(), want.size()) << name;
    double largest = 0;
    for (double value : want) largest = std::max(largest, std::fabs(value));
    for (size_t i = 0; i < got.size(); ++i) {
      EXPECT_TRUE(
          tolerance::within(static_cast<double>(got[i]), want[i], tolerance::kProgramBf16, largest))
          << name << "[" << i << "]: " << got[i] << ", reference " << want[i];
    }
  }
}

ISTHMUS_ON_EVERY_TARGET(ModelBf16);

TEST_P(ModelBf16, OfEveryWidthEqualsTheReferenceWithRoundedOperands) {
  for (const char* model : {"ae", "vae", "beta_vae"}) {
    for (const char* hidden : {"1", "3", "17", "48", "64", "200", "500", "130,1,9"}) {
      expect_equal({.model = model, .hidden = hidden, .latent_dim = "2", .batch = 31});
    }
  }
}

TEST_P(ModelBf16, OfMixturesKeepsTheLogDensityExact) {
  for (const char* prior : {"mog", "vamp"}) {
    for (const int64_t batch : {31, 513}) expect_equal({.batch = batch, .prior = prior});
  }
}

TEST_P(ModelBf16, OfEveryBatchEqualsTheReferenceWithRoundedOperands) {
  for (const char* model : {"ae", "vae", "beta_vae"}) {
    for (const int64_t batch : {1, 31, 64, 513, 1100}) {
      expect_equal({.model = model, .hidden = "33,17", .batch = batch});
    }
  }
}

/// Means of 513 images from an encoder that sees `batch` of them at a time.
std::vector<float> encoded(int64_t batch) {
  constexpr int64_t kItems = 513;
  const Graph graph = encode_graph(setup_of({.hidden = "33,200"}), Draw::kNone);
  const auto device = open_device({.device = "cpu", .threads = 2});
  const auto executor = device->compile(graph, {.max_rows = batch, .precision = Precision::kBF16});
  for (const auto& [name, tensor] : initialize(graph, kSeed)) executor->set(name, tensor);
  const std::vector<double> drawn = case_values("x", kItems * 20, 0, 1);
  const std::vector<float> images(drawn.begin(), drawn.end());
  executor->bind_input("x", Tensor::from<float>({kItems, 4, 5}, images), {});
  std::vector<float> codes;
  for (int64_t first = 0; first < kItems; first += batch) {
    std::vector<int64_t> items;
    for (int64_t i = first; i < std::min(kItems, first + batch); ++i) items.push_back(i);
    executor->run({.items = items});
    const auto rows = executor->rows(graph.outputs()[0].first);
    codes.insert(codes.end(), rows.begin(), rows.end());
  }
  return codes;
}

TEST_P(ModelBf16, CodesOfAnItemHaveTheSameBitsInBatchesOfAnySize) {
  const std::vector<float> whole = encoded(513);
  for (const int64_t batch : {1, 2, 31, 64, 100}) EXPECT_EQ(whole, encoded(batch)) << batch;
}

}  // namespace
}  // namespace isthmus
