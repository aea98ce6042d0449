// SPDX-License-Identifier: Apache-2.0
// The density of codes given a part of an item, against its other forms and against differences.
#include "isthmus/models/evidence.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "isthmus/models/inference.h"
#include "isthmus/testing/leaf_values.h"

namespace isthmus {
namespace {

constexpr int64_t kRows = 3, kValues = 4;
constexpr double kStep = 1e-5;

ModelSetup setup_of(const std::string& likelihood, std::map<std::string, std::string> own = {}) {
  ModelSetup setup{
      .model = {.name = "vae", .latent_dim = "2", .likelihood = likelihood},
      .own = {.texts = {{"model.hidden", "3"}, {"model.activation", "tanh"}}},
      .data = {.kind = DataKind::kImage,
               .item_shape = {2, 2},
               .fields = {{.min = 0, .max = 1, .standard_deviation = 0.3, .integer = true}}}};
  for (const auto& [key, text] : own) setup.own.texts[key] = text;
  return setup;
}

/// Codes, items of 0 and 1 (which every likelihood knows), and a mask that differs by row.
LeafValues leaves_of(const Graph& graph) {
  LeafValues leaves = drawn_leaves(graph, kRows);
  leaves["z"] = normal_values("z", kRows * 2);
  leaves["x"] = {1, 0, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1};
  leaves["known"] = {1, 0, 1, 0, 0, 0, 1, 1, 1, 1, 1, 0};
  return leaves;
}

std::vector<double> log_prob(const Graph& graph, const LeafValues& leaves) {
  return run_reference(graph, kRows, leaves).output("log_prob").data;
}

void expect_slope_is_the_derivative(const Graph& graph, LeafValues leaves,
                                    const std::string& what) {
  const std::vector<double> slope = run_reference(graph, kRows, leaves).output("slope").data;
  ASSERT_EQ(slope.size(), 2 * kRows);
  for (size_t i = 0; i < slope.size(); ++i) {
    const double at = leaves["z"][i];
    leaves["z"][i] = at + kStep;
    const double up = log_prob(graph, leaves)[i / 2];
    leaves["z"][i] = at - kStep;
    const double down = log_prob(graph, leaves)[i / 2];
    leaves["z"][i] = at;
    EXPECT_NEAR(slope[i], (up - down) / (2 * kStep), 1e-6 * (1 + std::fabs(slope[i]))) << what;
  }
}

TEST(Evidence, SlopeIsTheDerivativeForEveryLikelihood) {
  for (const std::string& name : all_likelihoods().names()) {
    const Graph graph = evidence_graph(setup_of(name), {});
    LeafValues leaves = leaves_of(graph);
    for (const double share : {1.0, 0.3}) {
      leaves["share"] = {share};
      expect_slope_is_the_derivative(graph, leaves, name);
    }
  }
}

TEST(Evidence, SlopeIsTheDerivativeForEveryPriorAndForBlocks) {
  for (const char* prior : {"normal", "mog", "vamp"}) {
    const ModelSetup setup =
        setup_of("gaussian", {{"model.prior", prior}, {"model.prior_components", "3"}});
    const Graph values = evidence_graph(setup, {});
    expect_slope_is_the_derivative(values, leaves_of(values), prior);
    const Graph blocks = evidence_graph(setup, {.factor = 2});
    expect_slope_is_the_derivative(blocks, leaves_of(blocks), prior);
  }
  // A variance that depends on the code, and one that is given.
  for (const Evidence& evidence : {Evidence{.factor = 2}, Evidence{.factor = 2, .sigma = 0.2}}) {
    const Graph graph = evidence_graph(setup_of("bernoulli"), evidence);
    expect_slope_is_the_derivative(graph, leaves_of(graph), "bernoulli");
  }
}

TEST(Evidence, OfAConditionalModelDependsOnTheCondition) {
  ModelSetup setup = setup_of("gaussian");
  setup.data.condition.classes = {"a", "b"};
  for (const int64_t factor : {int64_t{0}, int64_t{2}}) {
    const Graph graph = evidence_graph(setup, {.factor = factor});
    LeafValues leaves = leaves_of(graph);
    leaves["context"] = {1, 0, 0, 1, 1, 0};
    expect_slope_is_the_derivative(graph, leaves, "conditional");
    const std::vector<double> before = log_prob(graph, leaves);
    leaves["context"] = {1, 0, 1, 0, 1, 0};
    const std::vector<double> after = log_prob(graph, leaves);
    EXPECT_EQ(before[0], after[0]);
    EXPECT_NE(before[1], after[1]);
    EXPECT_NO_THROW(completion_graph(setup, {.factor = factor}));
  }
}

/// Independent values: two masks that share out the item between them tell as much as all of it.
TEST(Evidence, MasksThatShareOutTheItemAddUp) {
  for (const std::string& name : all_likelihoods().names()) {
    const Graph graph = evidence_graph(setup_of(name), {});
    LeafValues leaves = leaves_of(graph);
    const std::vector<double> mask = leaves["known"], one = log_prob(graph, leaves);
    for (double& v : leaves["known"]) v = 1 - v;
    const std::vector<double> other = log_prob(graph, leaves);
    leaves["known"].assign(mask.size(), 1);
    const std::vector<double> all = log_prob(graph, leaves);
    leaves["known"].assign(mask.size(), 0);
    const std::vector<double> none = log_prob(graph, leaves);
    for (size_t r = 0; r < kRows; ++r) {
      EXPECT_NEAR(one[r] + other[r], all[r] + none[r], 1e-10 * std::fabs(all[r])) << name;
      const double z0 = leaves["z"][2 * r], z1 = leaves["z"][2 * r + 1];
      EXPECT_NEAR(none[r], -0.5 * (z0 * z0 + z1 * z1) - std::log(2 * std::numbers::pi), 1e-10);
    }
    // And all of it is p(x|z) of the model: its importance weight without q.
    leaves["share"] = {0};
    leaves["known"].assign(mask.size(), 1);
    EXPECT_EQ(log_prob(graph, leaves), none);
  }
}

TEST(Evidence, MissingValuesHaveNoPart) {
  const Graph graph = evidence_graph(setup_of("bernoulli"), {});
  LeafValues leaves = leaves_of(graph);
  const ReferenceRun before = run_reference(graph, kRows, leaves);
  for (size_t i = 0; i < leaves["x"].size(); ++i) {
    if (leaves["known"][i] == 0) leaves["x"][i] = 0.37;
  }
  const ReferenceRun after = run_reference(graph, kRows, leaves);
  EXPECT_EQ(before.output("log_prob").data, after.output("log_prob").data);
  EXPECT_EQ(before.output("slope").data, after.output("slope").data);
}

/// One block of four pixels: y ~ N(mean of m, v / 4).
TEST(Evidence, OfABlockIsItsNormalDensity) {
  const Graph graph = evidence_graph(setup_of("gaussian", {{"model.sigma", "0.2"}}), {.factor = 2});
  const Graph decoder = decode_graph(setup_of("gaussian", {{"model.sigma", "0.2"}}), Draw::kNone);
  LeafValues leaves = leaves_of(graph);
  leaves["blocks"] = {0.1, 0.6, 0.9};
  const std::vector<double> means = run_reference(decoder, kRows, leaves).output("mean").data;
  const std::vector<double> with = log_prob(graph, leaves);
  leaves["share"] = {0};
  const std::vector<double> without = log_prob(graph, leaves);
  for (size_t r = 0; r < kRows; ++r) {
    double mean = 0;
    for (size_t j = 0; j < kValues; ++j) mean += means[r * kValues + j] / kValues;
    const double off = leaves["blocks"][r] - mean, v = 0.04 / 4;
    EXPECT_NEAR(with[r] - without[r], -0.5 * (off * off / v + std::log(2 * std::numbers::pi * v)),
                1e-10);
  }
}

/// Whatever the noise, the pixels drawn have the block means that are known, in colour too.
TEST(Completion, OfBlocksKeepsTheirMeans) {
  ModelSetup setup = setup_of("bernoulli");
  setup.data.item_shape = {2, 4, 3};
  const Graph graph = completion_graph(setup, {.factor = 2});
  const LeafValues leaves = drawn_leaves(graph, 1);
  const ReferenceRun run = run_reference(graph, 1, leaves);
  for (const char* name : {"mean", "sample"}) {
    const std::vector<double>& x = run.output(name).data;
    for (size_t block = 0; block < 2; ++block) {
      for (size_t c = 0; c < 3; ++c) {
        double mean = 0;
        for (size_t i : {size_t{0}, size_t{1}, size_t{4}, size_t{5}}) {
          mean += x[(2 * block + i) * 3 + c] / 4;
        }
        EXPECT_NEAR(mean, leaves.at("blocks")[3 * block + c], 1e-12) << name;
      }
    }
  }
  EXPECT_NE(run.output("mean").data, run.output("sample").data);
}

TEST(Evidence, RefusesWhatHasNoDensity) {
  ModelSetup setup = setup_of("gaussian");
  setup.model.name = "ae";
  for (const bool completes : {false, true}) {
    try {
      completes ? completion_graph(setup, {}) : evidence_graph(setup, {});
      FAIL() << "accepted";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kImpossible);
    }
  }
}

TEST(Evidence, OfBlocksTakesTheVarianceThatALikelihoodTells) {
  for (const char* name : {"laplace", "student_t", "poisson", "negative_binomial"}) {
    EXPECT_NO_THROW(evidence_graph(setup_of(name), {.factor = 2})) << name;
  }
  ModelSetup setup = setup_of("categorical");
  EXPECT_NO_THROW(evidence_graph(setup, {.factor = 2, .sigma = 0.1}));
  for (const double most : {1.0, 40.0}) {  // the hint suits the scale of the data
    setup.data.fields[0].max = most;
    try {
      evidence_graph(setup, {.factor = 2});
      FAIL() << "accepted";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kImpossible);
      EXPECT_TRUE(error.hint().ends_with(most == 1 ? "--sigma 0.1" : "--sigma 4")) << error.hint();
    }
  }
}

}  // namespace
}  // namespace isthmus
