// SPDX-License-Identifier: Apache-2.0
// Inference graphs agree with the training graph and with each other on the same weights and noise.
#include "isthmus/models/inference.h"

#include <gtest/gtest.h>

#include "isthmus/models/variational.h"
#include "isthmus/testing/leaf_values.h"

namespace isthmus {
namespace {

constexpr int64_t kRows = 3;

ModelSetup small_setup(const std::string& model, const std::string& likelihood) {
  return {.model = {.name = model, .latent_dim = "2", .likelihood = likelihood},
          .own = {.texts = {{"model.hidden", "4"},
                            {"model.activation", "tanh"},
                            {"objective.samples", "1"}}},
          .data = {.item_shape = {2, 3},
                   .fields = {{.min = 0, .max = 1, .standard_deviation = 0.3, .integer = true}}}};
}

double mean_of(const std::vector<double>& values) {
  double sum = 0;
  for (double v : values) sum += v;
  return sum / static_cast<double>(values.size());
}

void expect_equal(const std::vector<double>& a, const std::vector<double>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i)
    EXPECT_TRUE(tolerance::within(a[i], b[i], tolerance::kSumF64));
}

TEST(Evaluation, ItemTermsAverageToThoseOfTraining) {
  for (const std::string& likelihood : all_likelihoods().names()) {
    for (const ModelDef& def : all_models()) {
      if (def.fit || !def.allows(likelihood)) continue;
      const std::string model(def.name);
      const ModelSetup setup = small_setup(model, likelihood);
      GraphBuilder g;
      build_training(g, setup);
      const Graph training = std::move(g).finish(), evaluation = evaluation_graph(setup);
      const LeafValues leaves = drawn_leaves(training, kRows);
      const ReferenceRun one = run_reference(training, kRows, leaves);
      const ReferenceRun other = run_reference(evaluation, kRows, leaves);
      for (const std::string term : {"reconstruction", "loss"}) {
        ASSERT_EQ(training.has_output("term/" + term), evaluation.has_output(term)) << model;
        if (!evaluation.has_output(term)) continue;
        EXPECT_NEAR(one.output("term/" + term).data[0], mean_of(other.output(term).data),
                    tolerance::kGoldenF64)
            << model;
      }
      EXPECT_GE(training.num_parameter_values(), evaluation.num_parameter_values());  // critics
      if (!abilities_of(setup).elbo) continue;
      // Models that do not choose an estimator have their kl from the draws of a step.
      if (own_option(chosen_owners(setup), "objective.estimator") == nullptr) continue;
      EXPECT_NEAR(one.output("term/kl").data[0], mean_of(other.output("kl").data),
                  tolerance::kGoldenF64);
      const RefArray& per_dim = other.output("kl_per_dim");
      EXPECT_NEAR(per_dim.row(1)[0] + per_dim.row(1)[1], other.output("kl").data[1],
                  tolerance::kGoldenF64);
    }
  }
}

TEST(Encode, MeanIsDeterministic) {
  const Graph graph = encode_graph(small_setup("vae", "bernoulli"), Draw::kPosterior);
  LeafValues leaves = drawn_leaves(graph, kRows);
  const std::vector<double> before =
      run_reference(graph, kRows, leaves).output("posterior_mean").data;
  for (double& v : leaves["posterior"]) v = -v;
  const ReferenceRun after = run_reference(graph, kRows, leaves);
  EXPECT_EQ(after.output("posterior_mean").data, before);
  EXPECT_NE(after.output("sample").data, before);
}

TEST(Encode, DrawsOnlyWhenAsked) {
  const Graph graph = encode_graph(small_setup("vae", "bernoulli"), Draw::kNone);
  EXPECT_TRUE(graph.has_output("log_var"));
  EXPECT_FALSE(graph.has_output("sample"));
  for (const Node& node : graph.nodes()) EXPECT_NE(node.kind, NodeKind::kNormal);
}

TEST(Encode, AeHasItsCodeAlone) {
  const Graph graph = encode_graph(small_setup("ae", "bernoulli"), Draw::kPosterior);
  EXPECT_EQ(graph.outputs().size(), 1u);
  EXPECT_TRUE(graph.has_output("posterior_mean"));
}

TEST(Decode, OfTheMeanIsTheReconstruction) {
  for (const std::string& likelihood : all_likelihoods().names()) {
    const ModelSetup setup = small_setup("vae", likelihood);
    const Graph whole = reconstruct_graph(setup, Draw::kLikelihood);
    LeafValues leaves = drawn_leaves(whole, kRows);
    const ReferenceRun run = run_reference(whole, kRows, leaves);
    leaves["z"] = run.output("posterior_mean").data;
    const Graph decoder = decode_graph(setup, Draw::kLikelihood);
    const ReferenceRun decoded = run_reference(decoder, kRows, leaves);
    expect_equal(decoded.output("mean").data, run.output("mean").data);
    expect_equal(decoded.output("sample").data, run.output("sample").data);
  }
}

TEST(Decode, DrawsOnlyWhenAsked) {
  const Graph graph = decode_graph(small_setup("vae", "bernoulli"), Draw::kNone);
  EXPECT_FALSE(graph.has_output("sample"));
  for (const Node& node : graph.nodes()) EXPECT_NE(node.kind, NodeKind::kUniform);
}

TEST(Importance, OneSampleIsTheSampledElbo) {
  const ModelSetup setup = small_setup("vae", "gaussian");
  const Graph importance = importance_graph(setup, 1);
  GraphBuilder g;
  const ModelBuild b = start_build(g, setup, Mode::kTraining);
  VariationalOptions options;
  options.estimator = "sgvb_a";
  const BoundTerms bound = bound_terms(b, make_parts(b), given_data(b), options);
  g.output("item_reconstruction", bound.terms.reconstruction);
  g.output("item_kl", bound.terms.kl);
  const Graph training = std::move(g).finish();
  const LeafValues leaves = drawn_leaves(training, kRows);
  const ReferenceRun one = run_reference(training, kRows, leaves);
  const ReferenceRun other = run_reference(importance, kRows, leaves);
  for (size_t i = 0; i < kRows; ++i) {
    const double elbo =
        -(one.output("item_reconstruction").data[i] + one.output("item_kl").data[i]);
    EXPECT_NEAR(other.output("log_w").data[i], elbo, tolerance::kGoldenF64);
  }
}

TEST(Importance, HasOneWeightPerSample) {
  const Graph graph = importance_graph(small_setup("vae", "bernoulli"), 5);
  EXPECT_EQ(graph.nodes()[graph.output("log_w")].type.shape, (Shape{5}));
}

TEST(Importance, NeedsAPosterior) {
  try {
    importance_graph(small_setup("ae", "bernoulli"), 5);
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kImpossible);
  }
}

}  // namespace
}  // namespace isthmus
