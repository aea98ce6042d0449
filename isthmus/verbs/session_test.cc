// SPDX-License-Identifier: Apache-2.0
// What a session keeps must not show in a result: calls compile once, and give the bits of graphs
// that were compiled for them alone.
#include "isthmus/verbs/session.h"

#include <gtest/gtest.h>

#include "isthmus/data/scaling.h"
#include "isthmus/models/inference.h"
#include "isthmus/nn/initializers.h"
#include "isthmus/runtime/open_device.h"
#include "isthmus/testing/tiny_run.h"
#include "isthmus/verbs/denoise.h"
#include "isthmus/verbs/evaluate.h"
#include "isthmus/verbs/infer.h"
#include "isthmus/verbs/inpaint.h"

namespace isthmus {
namespace {

/// A device that counts what is compiled on it.
class CountingDevice : public Device {
 public:
  const DeviceInfo& info() const override { return inner_->info(); }
  std::unique_ptr<Executor> compile(const Graph& graph, const CompileOptions& options) override {
    ++compiled;
    auto executor = inner_->compile(graph, options);
    most_bytes = std::max(most_bytes, executor->num_bytes());
    return executor;
  }
  uint64_t estimate(const Graph& graph, const CompileOptions& options) override {
    return inner_->estimate(graph, options);
  }
  int64_t compiled = 0;
  uint64_t most_bytes = 0;  // of one executor

 private:
  std::unique_ptr<Device> inner_ = open_device({.device = "cpu", .threads = 2});
};

/// Of black and white images, which every verb takes; the prior is one that has to be computed.
Model model_of(const Dataset& data) {
  Model model;
  model.setup.model.latent_dim = "2";
  model.setup.model.likelihood = "bernoulli";
  model.setup.own.texts = {
      {"model.hidden", "6"}, {"model.prior", "mog"}, {"model.prior_components", "3"}};
  model.setup.data = data.spec;
  model.setup.data.scaling = choose_scaling(data.spec, "auto").scaling;
  const NamedTensors first = initialize(evaluation_graph(model.setup), 3);
  for (const ExpectedTensor& p : expected_parameters(model.setup)) {
    model.parameters.emplace(p.name, first.at(p.name));
  }
  return model;
}

Dataset black_and_white(int64_t count, uint64_t seed) {
  Dataset data = tiny_images(count, seed);
  for (uint8_t& v : data.values.values<uint8_t>()) v = v > 100 ? 1 : 0;
  data.spec.fields[0].max = 1;
  data.spec.fields[0].binary = true;
  return data;
}

void append(std::vector<float>& to, const Tensor& values) {
  const std::span<const float> all = values.values<float>();
  to.insert(to.end(), all.begin(), all.end());
}

/// One number after the other of what all verbs say about these data.
using Verb = std::vector<float> (*)(Session& session, const Dataset& data, const VerbSettings& v);

std::vector<float> run_encode(Session& session, const Dataset& data, const VerbSettings& v) {
  std::vector<float> out;
  for (const Quantity q : {Quantity::kMean, Quantity::kSample, Quantity::kMeanAndLogVar}) {
    append(out, encode(session, data, q, v));
  }
  return out;
}
std::vector<float> run_decode(Session& session, const Dataset& data, const VerbSettings& v) {
  const Tensor z = encode(session, data, Quantity::kMean, v);
  std::vector<float> out;
  for (const Quantity q : {Quantity::kMean, Quantity::kSample}) {
    append(out, decode(session, z, q, v));
    append(out, reconstruct(session, data, q, v));
  }
  append(out, interpolate(session, data, {.pairs = {{0, 3}}, .steps = 4, .verb = v}));
  return out;
}
std::vector<float> run_sample(Session& session, const Dataset& data, const VerbSettings& v) {
  std::vector<float> out;
  for (const double temperature : {1.0, 0.5}) {
    append(out,
           sample(session, {.count = data.num_items(), .temperature = temperature, .verb = v}));
  }
  return out;
}
std::vector<float> run_evaluate(Session& session, const Dataset& data, const VerbSettings& v) {
  const EvalResult r = evaluate(session, data, {.samples = 2, .iwae = 53}, v);
  const ItemTerms items = item_terms(session, data, 1, v);
  std::vector<float> out = {static_cast<float>(r.terms.elbo), static_cast<float>(r.iwae->value),
                            static_cast<float>(r.metric("mse"))};
  out.insert(out.end(), items.kl.begin(), items.kl.end());
  return out;
}
std::vector<float> run_restoration(Session& session, const Dataset& data, const VerbSettings& v) {
  const Tensor items = reconstruct(session, data, Quantity::kSample, v);
  Tensor known(Dtype::kU8, {1, 16});
  known.values<uint8_t>()[3] = 1;
  std::vector<float> out;
  append(out, inpaint(session, items, {}, Mask(known), training_means(session.model().spec()),
                      {.steps = 20, .draws = 1, .verb = v})
                  .mean);
  const KnownNoise flips{.kind = NoiseKind::kFlips, .level = 0.1};
  append(out, denoise(session, items, {}, {.noise = flips, .draws = 3, .verb = v}).items);
  append(out, corrupt_items(session, items, "masking", {}, v));
  return out;
}

constexpr Verb kVerbs[] = {run_encode, run_decode, run_sample, run_evaluate, run_restoration};

TEST(Session, TheSecondCallOfEachVerbCompilesNothing) {
  CountingDevice device;
  const Dataset data = black_and_white(30, 1), other = black_and_white(7, 2);
  Session session(model_of(data), device);
  EXPECT_EQ(device.compiled, 0);
  for (const Verb verb : kVerbs) {
    verb(session, data, {.seed = 1});
    const int64_t before = device.compiled;
    EXPECT_EQ(session.num_compiled(), before);
    verb(session, other, {.seed = 2, .noise = "other", .batch_size = 4});
    EXPECT_EQ(device.compiled, before);
  }
  EXPECT_LE(device.compiled, static_cast<int64_t>(Session::kMostGraphs));
}

TEST(Session, ResultsAreThoseOfASessionThatDidNothingBefore) {
  CountingDevice device;
  const Dataset data = black_and_white(30, 1), other = black_and_white(7, 2);
  const Model model = model_of(data);
  Session used(model, device);
  for (const Verb verb : kVerbs) {
    verb(used, other, {.seed = 9, .noise = "other", .batch_size = 3});
    verb(used, data, {.seed = 1, .precision = Precision::kBF16});
  }
  for (const Verb verb : kVerbs) {
    Session fresh(model, device);
    EXPECT_EQ(verb(used, data, {.seed = 1}), verb(fresh, data, {.seed = 1}));
  }
}

// eval and encode took ten times the memory that they were allowed.
TEST(Session, RunsOnFewerItemsAtATimeWhereMemoryIsShortWithTheSameResults) {
  CountingDevice device;
  const Dataset data = black_and_white(30, 1);
  const Model model = model_of(data);
  for (const Verb verb : kVerbs) {
    Session ample(model, device);
    device.most_bytes = 0;
    const std::vector<float> expected = verb(ample, data, {.seed = 1});
    const uint64_t ample_bytes = device.most_bytes;
    std::vector<float> found;
    for (uint64_t kib = 500; found.empty() && kib < 8000; kib += 500) {  // the least that suffices
      Session short_of_memory(model, device, {.limit = kib << 10, .held = 100 << 10});
      device.most_bytes = 0;
      try {
        found = verb(short_of_memory, data, {.seed = 1});
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::kOutOfMemory) << error.what();
      }
    }
    EXPECT_EQ(found, expected);
    EXPECT_LT(device.most_bytes, ample_bytes);
  }
}

TEST(Session, WhatDoesNotFitForOneItemIsRefusedWithItsSize) {
  CountingDevice device;
  const Dataset data = black_and_white(30, 1);
  Session session(model_of(data), device, {.limit = 101 << 10, .held = 100 << 10});
  try {
    encode(session, data, Quantity::kMean, {});
    FAIL() << "it does not fit";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kOutOfMemory);
    EXPECT_NE(error.message().find("the limit is 101 KiB"), std::string::npos) << error.what();
  }
  EXPECT_EQ(device.compiled, 0);
}

// Against a graph that is compiled and fed by hand.
TEST(Session, EncodesAndDecodesAsTheGraphsDo) {
  const auto device = open_device({.device = "cpu", .threads = 2});
  const Dataset data = black_and_white(30, 1);
  const Model model = model_of(data);
  Session session(model, *device);
  const std::vector<int64_t> items = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
  const auto rows_of_graph = [&](const Graph& graph, std::string_view purpose,
                                 std::string_view output) {
    const auto executor = device->compile(graph, {.max_rows = 512});
    for (const uint32_t index : graph.parameters()) {
      const std::string& name = graph.nodes()[index].name;
      executor->set(name, model.parameters.at(name));
    }
    executor->bind_input("x", data.values, memory_scaling(data, model.spec()));
    executor->run({.items = items, .seed = 5, .noise_purpose = purpose});
    const std::span<const float> rows = executor->rows(output);
    return std::vector<float>(rows.begin(), rows.end());
  };
  const auto first_rows = [](const Tensor& values, size_t count) {
    const std::span<const float> all = values.values<float>();
    return std::vector<float>(all.begin(), all.begin() + static_cast<ptrdiff_t>(count));
  };
  EXPECT_EQ(rows_of_graph(encode_graph(model.setup, Draw::kPosterior), "encode", "sample"),
            first_rows(encode(session, data, Quantity::kSample, {.seed = 5}), 20));
  EXPECT_EQ(rows_of_graph(reconstruct_graph(model.setup, Draw::kLikelihood), "sample", "sample"),
            first_rows(reconstruct(session, data, Quantity::kSample, {.seed = 5}), 160));
}

// A server that is asked for ever other levels of noise must not keep a graph for each.
TEST(Session, ForgetsTheGraphThatWasNotUsedForLongest) {
  CountingDevice device;
  const Dataset data = black_and_white(5, 1);
  Session session(model_of(data), device);
  const Tensor items = reconstruct(session, data, Quantity::kSample, {});
  for (int level = 1; level < 40; ++level) {
    const KnownNoise flips{.kind = NoiseKind::kFlips, .level = 0.01 * level};
    denoise(session, items, {}, {.noise = flips, .draws = 1});
    reconstruct(session, data, Quantity::kSample, {});
  }
  EXPECT_EQ(device.compiled, 40) << "what is used all the time was compiled again";
  denoise(session, items, {}, {.noise = KnownNoise{NoiseKind::kFlips, 0.01 * 39}, .draws = 1});
  EXPECT_EQ(device.compiled, 40);
  denoise(session, items, {}, {.noise = KnownNoise{NoiseKind::kFlips, 0.01}, .draws = 1});
  EXPECT_EQ(device.compiled, 41) << "the first level was forgotten";
}

}  // namespace
}  // namespace isthmus
