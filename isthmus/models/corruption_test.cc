// SPDX-License-Identifier: Apache-2.0
// Corruption and dropout: noise of training alone, on what the encoder sees and on hidden units;
// the target stays clean, and with "none" and rate 0 nothing is there.
#include "isthmus/models/corruption.h"

#include <set>

#include <gtest/gtest.h>

#include "isthmus/models/inference.h"
#include "isthmus/testing/leaf_values.h"

namespace isthmus {
namespace {

constexpr int64_t kRows = 3;

ModelSetup small_setup(const std::string& model) {
  return {.model = {.name = model, .latent_dim = "2", .likelihood = "bernoulli"},
          .own = {.texts = {{"model.hidden", "4"}, {"model.activation", "tanh"}}},
          .data = {.kind = DataKind::kImage,
                   .item_shape = {2, 3},
                   .fields = {{.min = 0, .max = 1, .mean = 0.5, .standard_deviation = 0.3}}}};
}

ModelSetup with(ModelSetup setup, const std::string& corruption, const std::string& level = "") {
  setup.model.corruption = corruption;
  if (!level.empty()) setup.own.texts[std::string(kLevelKey)] = level;
  return setup;
}

ModelSetup with_dropout(ModelSetup setup, const std::string& inputs, const std::string& hidden) {
  setup.own.texts["model.input_dropout"] = inputs;
  setup.own.texts["model.dropout"] = hidden;
  return setup;
}

Graph training_graph(const ModelSetup& setup) {
  GraphBuilder g;
  build_training(g, setup);
  return std::move(g).finish();
}

std::set<std::string> streams(const Graph& graph) {
  std::set<std::string> names;
  for (const Node& node : graph.nodes()) {
    if (node.kind == NodeKind::kNormal || node.kind == NodeKind::kUniform) names.insert(node.name);
  }
  return names;
}

/// The graphs of use, as text.
std::string uses(const ModelSetup& setup) {
  return print_graph(evaluation_graph(setup)) + print_graph(encode_graph(setup, Draw::kNone)) +
         print_graph(reconstruct_graph(setup, Draw::kNone)) +
         print_graph(decode_graph(setup, Draw::kNone));
}

TEST(Corruption, ExistsOnlyWhileTraining) {
  for (const char* model : {"ae", "vae"}) {
    const ModelSetup clean = small_setup(model);
    EXPECT_EQ(streams(training_graph(clean)).count("corruption"), 0u);
    for (const std::string& name : all_corruptions().names()) {
      const ModelSetup noisy = with(clean, name);
      EXPECT_EQ(streams(training_graph(noisy)).count("corruption"), 1u) << model << " " << name;
      EXPECT_EQ(uses(noisy), uses(clean)) << model << " " << name;
    }
  }
}

// Nearly everything is masked: the decoder sees the code of an empty item, and is held against the
// clean one.
TEST(Corruption, LeavesTheTargetClean) {
  const ModelSetup setup = with(small_setup("ae"), "masking", "0.999999");
  const Graph training = training_graph(setup);
  LeafValues leaves = drawn_leaves(training, kRows);
  for (double& u : leaves.at("corruption")) u = 0.5;
  const double objective = run_reference(training, kRows, leaves).output("objective").data[0];
  LeafValues empty = leaves;
  for (double& x : empty.at("x")) x = 0;
  const Graph use = reconstruct_graph(setup, Draw::kNone);
  const std::vector<double> mean = run_reference(use, kRows, empty).output("mean").data;
  double expected = 0;
  for (size_t i = 0; i < mean.size(); ++i) {
    const double x = leaves.at("x")[i];
    expected -= x * std::log(mean[i]) + (1 - x) * std::log(1 - mean[i]);
  }
  EXPECT_NEAR(objective, expected / kRows, tolerance::kGoldenF64);
}

TEST(Corruption, NoiseOfMoreThanTenTimesTheRangeIsRefused) {
  const auto refusal = [](const ModelSetup& setup) {
    try {
      training_graph(setup);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kBadValue);
      return error.message() + "|" + error.hint();
    }
    return std::string("accepted");
  };
  ModelSetup setup = small_setup("ae");
  EXPECT_EQ(refusal(with(setup, "gaussian", "10")), "accepted");
  EXPECT_EQ(refusal(with(setup, "gaussian", "10.5")),
            "model.corruption_level = 10.5 is noise of more than 10 times the range of the data (0 "
            "to 1 on the model's scale): nothing of an item is left|at most 10");
  EXPECT_EQ(refusal(with(setup, "shot", "1e+300")),
            "model.corruption_level = 1e+300 is noise of more than 10 times the range of the data "
            "(0 to 1 on the model's scale): nothing of an item is left|at most 10");
  // Of counts up to 400 the brightest has the deviation 20 at level 1.
  setup.model.likelihood = "poisson";
  setup.data.fields[0] = {.min = 0, .max = 400, .mean = 9, .integer = true};
  EXPECT_EQ(refusal(with(setup, "shot", "199")), "accepted");
  EXPECT_NE(refusal(with(setup, "shot", "201")).find("|at most 200"), std::string::npos);
}

/// What a corruption makes of items of one row of six values.
std::vector<double> corrupt(const ModelSetup& setup, const std::string& name,
                            const std::string& level, const std::vector<double>& x,
                            const std::vector<double>& noise) {
  const OwnOptions own{.texts = {{std::string(kLevelKey), level}}};
  const Graph graph = corruption_graph(setup, name, own);
  return run_reference(graph, 1, {{"x", x}, {"corruption", noise}}).output("noisy").data;
}

TEST(Corruption, IsWhatItsNameSays) {
  const std::vector<double> x = {0.1, 0.2, 0.3, 0.4, 0.5, 0.6};
  const std::vector<double> e = {-2, -1, 0, 0.5, 1, 3}, u = {0.05, 0.3, 0.45, 0.55, 0.7, 0.95};
  const ModelSetup setup = small_setup("ae");
  const std::vector<double> noisy = corrupt(setup, "gaussian", "0.5", x, e);
  for (size_t i = 0; i < x.size(); ++i) EXPECT_NEAR(noisy[i], x[i] + 0.5 * e[i], 1e-12);
  EXPECT_EQ(corrupt(setup, "masking", "0.5", x, u), (std::vector<double>{0, 0, 0, 0.4, 0.5, 0.6}));
  EXPECT_EQ(corrupt(setup, "salt_pepper", "0.8", x, u),
            (std::vector<double>{0, 0, 0.3, 0.4, 1, 1}));
}

// Counts of mean x / 0.25, by the Poisson distribution function: exp(-1) is .368, with one count
// .736, with two .920; exp(-4) is .018, up to three counts .433, up to four .629.
TEST(Corruption, ShotNoiseCountsQuanta) {
  EXPECT_EQ(corrupt(small_setup("ae"), "shot", "0.5", {0.25, 0.25, 0.25, 0, 1, 1},
                    {0.3, 0.7, 0.9, 0.99, 0.4, 0.6}),
            (std::vector<double>{0, 0.25, 0.5, 0, 0.75, 1}));
}

TEST(Corruption, ShotNoiseRefusesNegativeValues) {
  ModelSetup setup = with(small_setup("ae"), "shot");
  setup.model.likelihood = "gaussian";
  setup.own.texts["model.sigma"] = "1";
  setup.data.fields[0].min = -0.5;
  try {
    training_graph(setup);
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kConflict);
    EXPECT_NE(error.message().find("-0.5"), std::string::npos) << error.message();
  }
}

TEST(Corruption, SaltAndPepperOfATableAreThoseOfTheColumn) {
  ModelSetup setup = small_setup("ae");
  setup.model.likelihood = "gaussian";
  setup.own.texts["model.sigma"] = "1";
  setup.data.kind = DataKind::kTable;
  setup.data.item_shape = {2};
  setup.data.fields = {{.name = "a", .min = -4, .max = 8}, {.name = "b", .min = 100, .max = 300}};
  setup.data.scaling = {.kind = "standardize", .shift = {2, 200}, .scale = {0.5, 0.01}};
  EXPECT_EQ(corrupt(setup, "salt_pepper", "0.5", {0, 0}, {0.1, 0.1}),
            (std::vector<double>{-3, -1}));
  EXPECT_EQ(corrupt(setup, "salt_pepper", "0.5", {0, 0}, {0.9, 0.9}), (std::vector<double>{3, 1}));
}

TEST(Corruption, LevelsHaveBounds) {
  for (const auto& [name, level] :
       std::vector<std::pair<std::string, std::string>>{{"gaussian", "0"},
                                                        {"masking", "1"},
                                                        {"masking", "1.5"},
                                                        {"salt_pepper", "-0.1"},
                                                        {"shot", "0"}}) {
    try {
      training_graph(with(small_setup("ae"), name, level));
      ADD_FAILURE() << name << " " << level;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kBadValue);
      EXPECT_EQ(error.where().key, kLevelKey);
    }
  }
}

TEST(Dropout, AtRateZeroIsNotThere) {
  for (const char* model : {"ae", "vae", "beta_vae"}) {
    const ModelSetup setup = small_setup(model);
    EXPECT_EQ(print_graph(training_graph(with_dropout(setup, "0", "0"))),
              print_graph(training_graph(setup)));
    EXPECT_EQ(streams(training_graph(setup)).count("encoder/0/dropout"), 0u);
  }
}

TEST(Dropout, IsOfInputsAndOfHiddenUnits) {
  const std::set<std::string> hidden = {"encoder/1/dropout", "decoder/1/dropout"};
  EXPECT_EQ(streams(training_graph(with_dropout(small_setup("ae"), "0", "0.5"))), hidden);
  // The decoder's input is a code, not data.
  EXPECT_EQ(streams(training_graph(with_dropout(small_setup("ae"), "0.5", "0"))),
            std::set<std::string>{"encoder/0/dropout"});
}

TEST(Encode, DropoutIsOff) {
  for (const char* model : {"ae", "vae"}) {
    const ModelSetup setup = small_setup(model);
    EXPECT_EQ(uses(with_dropout(setup, "0.1", "0.2")), uses(setup)) << model;
  }
}

TEST(Gradients, OfCorruptionAndDropoutEqualDifferences) {
  for (const std::string& name : all_corruptions().names()) {
    GraphBuilder g;
    const ModelSetup setup = with(with_dropout(small_setup("vae"), "0.2", "0.3"), name, "0.4");
    output_gradients(g, build_training(g, setup).objectives.front().value);
    const Graph graph = std::move(g).finish();
    expect_gradients_equal_differences(graph, kRows, drawn_leaves(graph, kRows));
  }
}

TEST(Zoo, PresetsShareThePartsOfAe) {
  const Graph ae = training_graph(small_setup("ae"));
  for (const char* name : {"denoising_ae", "dropout_ae"}) {
    EXPECT_EQ(print_graph(training_graph(small_setup(name))), print_graph(ae)) << name;
    EXPECT_FALSE(all_models().find(name).defaults.empty());
  }
}

}  // namespace
}  // namespace isthmus
