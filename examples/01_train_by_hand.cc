// SPDX-License-Identifier: Apache-2.0
// The first thing to read: a VAE trained on Fashion-MNIST with nothing but the words of the engine.
// What `isthmus train` adds to this is comfort: choices, validation, checkpoints, pictures,
// reports.
//
//   01_train_by_hand [DATA [STEPS]]
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <vector>

#include "isthmus/base/rng_key.h"
#include "isthmus/data/dataset.h"
#include "isthmus/data/scaling.h"
#include "isthmus/models/model.h"
#include "isthmus/nn/initializers.h"
#include "isthmus/optim/optimizer.h"
#include "isthmus/runtime/open_device.h"

namespace isthmus {
namespace {

constexpr int64_t kBatchSize = 128;
constexpr uint64_t kSeed = 1;

/// The items of one step: the next stretch of this epoch's permutation.
std::vector<int64_t> items_of_step(int64_t step, int64_t num_items) {
  const int64_t steps_per_epoch = num_items / kBatchSize;
  const auto epoch = static_cast<uint32_t>(step / steps_per_epoch);
  const KeyedPermutation order(RngKey::from(kSeed, "shuffle"), epoch,
                               static_cast<uint64_t>(num_items));
  std::vector<int64_t> items(kBatchSize);
  for (int64_t i = 0; i < kBatchSize; ++i) {
    const int64_t position = step % steps_per_epoch * kBatchSize + i;
    items[static_cast<size_t>(i)] = static_cast<int64_t>(order(static_cast<uint64_t>(position)));
  }
  return items;
}

void train(const std::string& name, int64_t num_steps) {
  // What is an example? 60,000 images of 28x28 bytes that the model will see as values in [0, 1].
  Dataset data = open_dataset(posix_fs(), name, DataOptions{}, Limits{}, "train");
  data.spec.scaling = choose_scaling(data.spec, "auto").scaling;

  // What is the model? Nodes of a graph: encoder, draw, decoder, terms of the bound, objective.
  ModelSetup setup;
  setup.own.texts["model.hidden"] = "128";
  setup.model.latent_dim = "20";
  setup.model.likelihood = "bernoulli";
  setup.data = data.spec;
  GraphBuilder g;
  const Training training = build_training(g, setup);

  // How do weights move? More nodes: gradients of the objective, and Adam.
  add_update(g, training.objectives, {.name = "adam"});
  const Graph step_graph = std::move(g).finish();
  std::printf("%zu nodes, %lld weights\n", step_graph.nodes().size(),
              static_cast<long long>(step_graph.num_parameter_values()));

  // Who runs it? A device compiles the graph; all memory is allocated here.
  const auto device = open_device(DeviceOptions{});
  const auto executor = device->compile(step_graph, {.max_rows = kBatchSize});
  executor->bind_input("x", data.values, data.spec.scaling);
  for (const auto& [parameter, value] : initialize(step_graph, kSeed)) {
    executor->set(parameter, value);
  }

  // One step after another. Noise and order follow from the seed, whatever the number of threads.
  executor->set_scalar("learning_rate", 1e-3);
  executor->set_scalar("kl_weight", 1.0);
  for (int64_t step = 0; step < num_steps; ++step) {
    const std::vector<int64_t> items = items_of_step(step, data.num_items());
    executor->set_scalar("step", static_cast<double>(step + 1));
    executor->run({.items = items, .epoch = static_cast<uint32_t>(step), .seed = kSeed});
    if (step % 100 == 0 || step + 1 == num_steps) {
      std::printf("step %5lld  reconstruction %.2f  kl %.2f  (nats per item)\n",
                  static_cast<long long>(step), executor->scalar("term/reconstruction"),
                  executor->scalar("term/kl"));
    }
  }
}

}  // namespace
}  // namespace isthmus

int main(int argc, char** argv) {
  try {
    isthmus::train(argc > 1 ? argv[1] : "fashion-mnist", argc > 2 ? std::atoll(argv[2]) : 1000);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
