// SPDX-License-Identifier: Apache-2.0
// A training step allocates nothing after warm-up. The global operator new is replaced and counts.
#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <cstdlib>
#include <new>

#include "isthmus/models/model.h"
#include "isthmus/nn/initializers.h"
#include "isthmus/optim/optimizer.h"
#include "isthmus/runtime/open_device.h"

namespace {

std::atomic<bool> counting{false};
std::atomic<int64_t> allocations{0};

void count() {
  if (counting.load(std::memory_order_relaxed)) ++allocations;
}

}  // namespace

[[gnu::noinline]] void* operator new(size_t bytes) {
  count();
  if (void* block = std::malloc(bytes == 0 ? 1 : bytes)) return block;
  throw std::bad_alloc();
}
[[gnu::noinline]] void* operator new(size_t bytes, const std::nothrow_t&) noexcept {
  count();
  return std::malloc(bytes == 0 ? 1 : bytes);
}
[[gnu::noinline]] void operator delete(void* block) noexcept { std::free(block); }
[[gnu::noinline]] void operator delete(void* block, size_t) noexcept { std::free(block); }

namespace isthmus {
namespace {

constexpr int64_t kItems = 300;

Graph training_step(const std::string& model) {
  const ModelSetup setup{.model = {.name = model, .latent_dim = "4", .likelihood = "bernoulli"},
                         .own = {.texts = {{"model.hidden", "32"}}},
                         .data = {.kind = DataKind::kImage,
                                  .item_shape = {8, 8},
                                  .dtype = Dtype::kU8,
                                  .fields = {{.min = 0, .max = 255, .standard_deviation = 80}},
                                  .scaling = {.kind = "unit", .shift = {0}, .scale = {1.0 / 255}}}};
  GraphBuilder g;
  add_update(g, build_training(g, setup).objectives, OptimizerOptions{}, {});
  return std::move(g).finish();
}

int64_t allocations_of_steps(const std::string& model, Precision precision) {
  const Graph graph = training_step(model);
  auto device = open_device({.device = "cpu", .threads = 2});
  auto executor = device->compile(graph, {.max_rows = 128, .precision = precision});
  for (const auto& [name, tensor] : initialize(graph, 1)) executor->set(name, tensor);
  executor->bind_input("x", Tensor(Dtype::kU8, {kItems, 8, 8}),
                       {.kind = "unit", .shift = {0}, .scale = {1.0 / 255}});
  std::vector<int64_t> items(kItems);
  for (int64_t i = 0; i < kItems; ++i) items[static_cast<size_t>(i)] = i;
  const auto epoch = [&](uint32_t number) {
    for (int64_t first = 0; first < kItems; first += 128) {
      const auto rows = static_cast<size_t>(std::min<int64_t>(128, kItems - first));
      executor->set_scalar("kl_weight", 1.0);
      executor->set_scalar("learning_rate", 1e-3);
      executor->set_scalar("step", static_cast<double>(number + 1));
      executor->run({.items = {items.data() + first, rows}, .epoch = number});
      EXPECT_TRUE(std::isfinite(executor->scalar("objective")));
    }
  };
  epoch(0);  // warm-up, with a partial batch
  allocations = 0;
  counting = true;
  epoch(1);
  epoch(2);
  counting = false;
  return allocations;
}

TEST(TrainingStep, AllocatesNothingAfterWarmUp) {
  for (const char* model : {"ae", "vae", "beta_vae"}) {
    EXPECT_EQ(0, allocations_of_steps(model, Precision::kF32)) << model << " fp32";
  }
}

TEST(TrainingStep, TheCounterCounts) {
  allocations = 0;
  counting = true;
  auto block = std::make_unique<std::vector<int>>(3);
  counting = false;
  EXPECT_GE(allocations, 2);
}

}  // namespace
}  // namespace isthmus
