// SPDX-License-Identifier: Apache-2.0
// What a device says that an executor will hold is what it then takes from the allocator, for the
// graphs of every model and prior; and what a run says of its process is what that takes at most.
// Needs a malloc that counts (glibc's).
#include <gtest/gtest.h>
#include <malloc.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "isthmus/models/inference.h"
#include "isthmus/models/parts.h"
#include "isthmus/nn/net.h"
#include "isthmus/optim/optimizer.h"
#include "isthmus/runtime/open_device.h"
#include "isthmus/testing/tiny_run.h"

namespace isthmus {
namespace {

uint64_t bytes_in_use() {
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

ModelSetup setup_of(const std::string& name, const std::map<std::string, std::string>& own = {}) {
  const ModelDef& def = all_models().find(name);
  ModelSetup setup{
      .model = {.name = name,
                .latent_dim = "8",
                .likelihood = def.likelihoods.empty() ? std::string("bernoulli")
                                                      : std::string(def.likelihoods.front())},
      .own = {.texts = {{"model.hidden", "256"}}},
      .data = {.kind = DataKind::kImage,
               .item_shape = {14, 14},
               .dtype = Dtype::kU8,
               .fields = {{.min = 0, .max = 255, .standard_deviation = 80}},
               .scaling = {.kind = "unit", .shift = {0}, .scale = {1.0 / 255}}}};
  for (const auto& [key, value] : own) setup.own.texts[key] = value;
  if (def.needs_labels) setup.data.classes = {"a", "b"};
  return setup;
}

std::vector<Graph> graphs_of(const ModelSetup& setup) {
  std::vector<Graph> graphs = {evaluation_graph(setup)};
  if (all_models().find(setup.model.name).fit) return graphs;
  GraphBuilder g;
  add_update(g, build_training(g, setup).objectives, OptimizerOptions{}, {});
  graphs.push_back(std::move(g).finish());
  const Abilities has = abilities_of(setup);
  if (has.draws_at_once) {
    graphs.push_back(draw_graph(setup));
  } else if (has.samples) {
    graphs.push_back(decode_graph(setup, Draw::kNone));
    if (!has.standard_prior) graphs.push_back(prior_graph(setup));
  }
  if (has.codes) graphs.push_back(reconstruct_graph(setup, Draw::kNone));
  return graphs;
}

/// Beside its memory an executor has a program, of 2 MiB at most: nodes, instructions, kernels.
/// Where its memory is aligned to pages of 2 MiB, the allocator takes as much more to find the
/// place.
constexpr uint64_t kProgram = uint64_t{4} << 20;

void expect_exact(const ModelSetup& setup, uint64_t program = kProgram) {
  for (const Graph& graph : graphs_of(setup)) {
    for (const CompileOptions options :
         {CompileOptions{.max_rows = 1}, CompileOptions{.max_rows = 513},
          CompileOptions{.max_rows = 128, .precision = Precision::kBF16}}) {
      const auto device = open_device({.device = "cpu", .threads = 3});
      const uint64_t estimate = device->estimate(graph, options);
      const uint64_t before = bytes_in_use();
      const auto executor = device->compile(graph, options);
      const uint64_t taken = bytes_in_use() - before;
      EXPECT_EQ(estimate, executor->num_bytes()) << setup.model.name;
      EXPECT_GE(taken, estimate) << setup.model.name << ", " << options.max_rows << " rows";
      EXPECT_LE(taken, estimate + program) << setup.model.name << ", " << options.max_rows;
    }
  }
}

TEST(Estimate, IsWhatTheExecutorOfEachModelTakes) {
  for (const std::string& name : model_names()) expect_exact(setup_of(name));
}

/// Networks over images have several times the instructions and kernels.
TEST(Estimate, IsWhatTheExecutorOfEachNetworkTakes) {
  for (const std::string& net : all_nets().names()) {
    expect_exact(setup_of("vae", {{"model.arch", net}, {"model.stages", "8,16"}}), 2 * kProgram);
  }
}

TEST(Estimate, IsWhatTheExecutorOfEachPriorTakes) {
  for (const std::string& prior : prior_words()) {
    expect_exact(setup_of(
        "vae",
        {{"model.prior", prior}, {"model.prior_components", "500"}, {"model.exemplars", "1000"}}));
  }
  expect_exact(setup_of("iwae", {{"objective.samples", "20"}}));
}

TEST(Estimate, IsWhatTheExecutorTakesThatConvolvesWithManyOutputsOrPseudoInputs) {
  const std::map<std::string, std::string> conv = {{"model.arch", "conv"},
                                                   {"model.stages", "8,16"}};
  ModelSetup levels = setup_of("vae", conv);
  levels.model.likelihood = "categorical";
  levels.data.fields.front().integer = true;
  expect_exact(levels, 2 * kProgram);
  ModelSetup pseudo = setup_of("vae", conv);
  set_option(pseudo, "model.prior", "vamp");
  set_option(pseudo, "model.prior_components", "100");
  expect_exact(pseudo, 2 * kProgram);
}

/// A run of an epoch in a child process: its peak is at most what it was said to be, and not less
/// than a third of that.
void expect_holds(const std::string& likelihood, const std::string& prior,
                  const std::string& samples_every) {
  SCOPED_TRACE(likelihood + ", " + prior + ", pictures: " + samples_every);
  const Dataset data = tiny_images(60, 5, 16);
  const auto run = [&](bool dry) {
    const auto device = open_device({.device = "cpu", .threads = 1});
    TrainRequest request = tiny_request(data, *device, fresh_folder("estimate"));
    request.options.run.dry_run = dry;
    request.options.run.samples_every = samples_every;
    request.options.loop.epochs = "1";
    request.options.model.name = "vae";
    request.options.model.likelihood = likelihood;
    for (const auto& [key, value] :
         {std::pair{"model.arch", "conv"}, std::pair{"model.stages", "8,16"},
          std::pair{"model.prior", prior.c_str()}}) {
      request.options.own.texts[key] = value;
    }
    if (prior == "vamp") request.options.own.texts["model.prior_components"] = "400";
    TrainObserver quiet;
    return train(request, quiet).memory_estimate_bytes;
  };
  const uint64_t estimate = run(true);
  const pid_t child = fork();
  if (child == 0) {
    try {
      run(false);
    } catch (...) {
      _exit(1);
    }
    _exit(0);
  }
  int status = 0;
  rusage usage = {};
  ASSERT_EQ(wait4(child, &status, 0, &usage), child);
  ASSERT_EQ(status, 0);
  const uint64_t peak = static_cast<uint64_t>(usage.ru_maxrss) * 1024;
  std::printf("estimate %llu KiB, peak %llu KiB\n", static_cast<unsigned long long>(estimate >> 10),
              static_cast<unsigned long long>(peak >> 10));
  EXPECT_LE(peak, estimate);
  EXPECT_LE(estimate, 3 * peak);
}

TEST(EstimateOfARun, HoldsWhilePicturesOfManyOutputsPerValueAreDrawn) {
  for (const char* samples_every : {"1", "none"})
    expect_holds("categorical", "normal", samples_every);
}

TEST(EstimateOfARun, HoldsWhileItsPseudoInputsAreEncodedForSamples) {
  for (const char* samples_every : {"1", "none"}) expect_holds("bernoulli", "vamp", samples_every);
}

struct ConvNetwork {
  std::string preset;
  int64_t side;
  std::vector<int64_t> stages;
  int64_t hidden, latent, parameters;

  /// Outputs of the layers for one item, which gradients read: the stages, on the way back all but
  /// the last as well, which makes the pixels; hidden layers; heads and their draw.
  int64_t activations() const {
    int64_t values = side * side, length = side;
    for (int64_t channels : stages) {
      length /= 2;
      values += 2 * length * length * channels;
    }
    return values + 2 * hidden + 3 * latent;
  }
  /// In float32: what a step has to hold, and the weights with two moments.
  uint64_t needed(int64_t batch) const {
    return 4 * static_cast<uint64_t>(batch * activations() + 3 * parameters);
  }
};

TEST(Estimate, OfATrainingThatConvolvesIsAtMostHalfMoreThanWhatItsGradientsRead) {
  const std::vector<ConvNetwork> networks = {
      {"conv-28", 28, {32, 64}, 128, 20, 880617},
      {"infogan-28", 28, {64, 128}, 1024, 64, 13314561},
      {"locatello-64", 64, {32, 32, 64, 64}, 256, 10, 764245}};
  for (const ConvNetwork& n : networks) {
    ModelSetup setup = setup_of("vae");
    setup.data.item_shape = {n.side, n.side};
    for (const auto& [key, value] : preset_values(n.preset)) {
      set_option(setup, "model." + std::string(key), value);
    }
    const Graph graph = graphs_of(setup)[1];
    for (const auto& [batch, precision] : {std::pair{512, Precision::kF32},
                                           {512, Precision::kBF16},
                                           {128, Precision::kF32},
                                           {128, Precision::kBF16}}) {
      const auto device = open_device({.device = "cpu", .threads = 2});
      const uint64_t estimate =
          device->estimate(graph, {.max_rows = batch, .precision = precision});
      EXPECT_LE(estimate, n.needed(batch) * 3 / 2)
          << n.preset << " " << precision_name(precision) << ", batch " << batch;
    }
  }
}

// The question is free: nobody has these 100 GB.
TEST(Estimate, TakesNoMemory) {
  const ModelSetup setup = setup_of("vae");
  const auto device = open_device({.device = "cpu", .threads = 3});
  const Graph graph = graphs_of(setup)[1];
  device->estimate(graph, {.max_rows = 64});
  const uint64_t before = bytes_in_use();
  EXPECT_GT(device->estimate(graph, {.max_rows = int64_t{1} << 25}), uint64_t{100} << 30);
  EXPECT_LT(bytes_in_use() - before, kProgram);
}

}  // namespace
}  // namespace isthmus
