// SPDX-License-Identifier: Apache-2.0
// How the reference VAE runs on the CPU: which patterns are fused, and that the number of threads
// never changes a bit of the weights.
#include <gtest/gtest.h>

#include <cstring>

#include "isthmus/models/model.h"
#include "isthmus/nn/initializers.h"
#include "isthmus/nn/net.h"
#include "isthmus/optim/optimizer.h"
#include "isthmus/runtime/open_device.h"

namespace isthmus {
namespace {

constexpr int64_t kItems = 300, kBatch = 128;

Graph training_graph(const std::string& model, const std::string& likelihood,
                     const std::string& hidden = "64", const std::string& latent_dim = "8",
                     const std::string& net = "mlp") {
  const ModelSetup setup{
      .model = {.name = model, .latent_dim = latent_dim, .likelihood = likelihood},
      .own = {.texts = {{"model.hidden", hidden}, {"model.arch", net}, {"model.stages", "3,8"}}},
      .data = {.kind = DataKind::kImage,
               .item_shape = {14, 14},
               .dtype = Dtype::kU8,
               .fields = {{.min = 0, .max = 255, .standard_deviation = 80}},
               .scaling = {.kind = "unit", .shift = {0}, .scale = {1.0 / 255}}}};
  GraphBuilder g;
  add_update(g, build_training(g, setup).objectives, OptimizerOptions{}, {});
  return std::move(g).finish();
}

Tensor noise_images() {
  Tensor images(Dtype::kU8, {kItems, 14, 14});
  auto values = images.values<uint8_t>();
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = static_cast<uint8_t>(philox4x32({5, 6}, {static_cast<uint32_t>(i), 0, 0, 0})[0]);
  }
  return images;
}

/// Weights after two epochs with a partial last batch.
std::vector<float> train(const Graph& graph, int threads, Precision precision) {
  auto device = open_device({.device = "cpu", .threads = threads});
  auto executor = device->compile(graph, {.max_rows = kBatch, .precision = precision});
  for (const auto& [name, tensor] : initialize(graph, 1)) executor->set(name, tensor);
  executor->bind_input("x", noise_images(), {.kind = "unit", .shift = {0}, .scale = {1.0 / 255}});
  executor->set_scalar("kl_weight", 1.0);
  executor->set_scalar("learning_rate", 1e-3);
  int step = 0;
  for (uint32_t epoch = 0; epoch < 2; ++epoch) {
    for (int64_t first = 0; first < kItems; first += kBatch) {
      std::vector<int64_t> items;
      for (int64_t i = first; i < std::min(kItems, first + kBatch); ++i) {
        items.push_back(i * 7 % kItems);
      }
      executor->set_scalar("step", ++step);
      executor->run({.items = items, .epoch = epoch});
    }
  }
  std::vector<float> weights;
  for (const std::string& name : executor->state_names()) {
    const Tensor t = executor->get(name);
    weights.insert(weights.end(), t.values<float>().begin(), t.values<float>().end());
  }
  return weights;
}

void expect_equal_bits(const Graph& graph, Precision precision) {
  const std::vector<float> one = train(graph, 1, precision);
  for (const int threads : {1, 2, 3, 4, 7}) {
    const std::vector<float> many = train(graph, threads, precision);
    ASSERT_EQ(one.size(), many.size());
    EXPECT_EQ(0, std::memcmp(one.data(), many.data(), one.size() * sizeof(float)))
        << precision_name(precision) << ", " << threads << " threads";
  }
}

TEST(ModelBits, DoNotDependOnTheNumberOfThreads) {
  for (const char* model : {"ae", "vae", "beta_vae"}) {
    for (const char* likelihood : {"bernoulli", "gaussian"}) {
      SCOPED_TRACE(std::string(model) + " " + likelihood);
      for (const Precision precision : {Precision::kF32, Precision::kBF16}) {
        expect_equal_bits(training_graph(model, likelihood), precision);
      }
    }
  }
}

TEST(ModelBits, OfEveryNetworkDoNotDependOnTheNumberOfThreads) {
  for (const std::string& net : all_nets().names()) {
    SCOPED_TRACE(net);
    for (const Precision precision : {Precision::kF32, Precision::kBF16}) {
      expect_equal_bits(training_graph("vae", "bernoulli", "16", "3", net), precision);
    }
  }
}

TEST(ModelBits, OfBf16DoNotDependOnTheNumberOfThreadsAtAnyWidth) {
  for (const char* hidden : {"1", "3", "17", "33", "200", "500,31"}) {
    SCOPED_TRACE(hidden);
    expect_equal_bits(training_graph("vae", "bernoulli", hidden, "2"), Precision::kBF16);
  }
}

TEST(VaePlan, FusesLossWithItsGradientAndAdamWithPacking) {
  const Graph graph = training_graph("vae", "bernoulli");
  auto device = open_device({.device = "cpu", .threads = 1});
  const std::string fp32 = device->compile(graph, {.max_rows = kBatch})->plan_text();
  EXPECT_NE(std::string::npos, fp32.find("bernoulli_with_gradient")) << fp32;
  EXPECT_EQ(std::string::npos, fp32.find("bernoulli_log_prob")) << fp32;
  EXPECT_NE(std::string::npos, fp32.find("bias_relu")) << fp32;
  size_t adams = 0;
  for (size_t at = fp32.find(" adam"); at != std::string::npos; at = fp32.find(" adam", at + 1)) {
    ++adams;
  }
  EXPECT_EQ(8u, adams) << "one per weight and bias\n" << fp32;
  EXPECT_EQ(std::string::npos, fp32.find("reference")) << "every operation has a kernel\n" << fp32;
  EXPECT_NE(std::string::npos, fp32.find("commit copies 0")) << "all updates in place\n" << fp32;
  const auto bf16 = device->compile(graph, {.max_rows = kBatch, .precision = Precision::kBF16});
  EXPECT_NE(std::string::npos, bf16->plan_text().find("repack x2")) << bf16->plan_text();
}

}  // namespace
}  // namespace isthmus
