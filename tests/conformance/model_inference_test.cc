// SPDX-License-Identifier: Apache-2.0
// Inference graphs on the CPU device: every output of every item equals the double reference.
#include "isthmus/models/inference.h"

#include <gtest/gtest.h>

#include "tests/conformance/model_on_device.h"

namespace isthmus {
namespace {

constexpr int64_t kItems = 40;

ModelSetup setup_of(const std::string& model, const std::string& likelihood) {
  ModelSetup setup{.model = {.name = model, .latent_dim = "4", .likelihood = likelihood},
                   .own = {.texts = {{"model.hidden", "16"}}},
                   .data = small_images()};
  if (all_models().find(model).needs_labels) setup.data.classes = {"a", "b"};
  return setup;
}

/// Draws that are whole numbers compare: a rounding error may turn one where both sides nearly
/// agree.
bool is_comparison(const std::string& output, const std::string& likelihood) {
  const Measure measure = all_likelihoods().find(likelihood).measure(small_images());
  return output == "sample" && measure != Measure::kDensity;
}

void expect_outputs_equal(Graph graph, const std::string& what, const std::string& likelihood) {
  SCOPED_TRACE(what);
  ModelOnDevice model(std::move(graph), kItems);
  const ReferenceRun run = model.run(1);
  for (const auto& [name, node] : model.graph().outputs()) {
    const std::span<const float> values = model.executor().rows(name);
    const std::vector<double>& expected = run.output(name).data;
    ASSERT_EQ(values.size(), expected.size()) << name;
    size_t differing = 0;
    for (size_t i = 0; i < values.size(); ++i) {
      const bool equal =
          tolerance::within(static_cast<double>(values[i]), expected[i], tolerance::kGoldenF32);
      differing += equal ? 0 : 1;
    }
    EXPECT_LE(differing, is_comparison(name, likelihood) ? values.size() / 400 : 0) << name;
  }
}

TEST(ModelInference, EvaluationEqualsTheReference) {
  for (const ModelDef& def : all_models()) {
    const std::string model(def.name);
    for (const std::string& likelihood : all_likelihoods().names()) {
      if (!def.allows(likelihood)) continue;
      const ModelSetup setup = setup_of(model, likelihood);
      expect_outputs_equal(evaluation_graph(setup), model + " " + likelihood, likelihood);
    }
  }
}

TEST(ModelInference, EncodingEqualsTheReference) {
  expect_outputs_equal(encode_graph(setup_of("vae", "bernoulli"), Draw::kPosterior), "vae",
                       "gaussian");
  expect_outputs_equal(encode_graph(setup_of("ae", "bernoulli"), Draw::kPosterior), "ae",
                       "gaussian");
}

TEST(ModelInference, DecodingAndReconstructionEqualTheReference) {
  for (const std::string& likelihood : all_likelihoods().names()) {
    const ModelSetup setup = setup_of("vae", likelihood);
    for (Draw draw : {Draw::kNone, Draw::kLikelihood}) {
      expect_outputs_equal(decode_graph(setup, draw), "decode " + likelihood, likelihood);
      expect_outputs_equal(reconstruct_graph(setup, draw), "reconstruct " + likelihood, likelihood);
    }
  }
}

TEST(ModelInference, ImportanceWeightsEqualTheReference) {
  for (const std::string& likelihood : all_likelihoods().names()) {
    for (int64_t samples : {1, 7}) {
      expect_outputs_equal(importance_graph(setup_of("vae", likelihood), samples),
                           likelihood + " " + std::to_string(samples), likelihood);
    }
  }
}

}  // namespace
}  // namespace isthmus
