// SPDX-License-Identifier: Apache-2.0
// The zoo: parameter counts of the presets, what makes each model that model, and the summary.
#include <gtest/gtest.h>

#include "isthmus/models/inference.h"
#include "isthmus/models/model.h"
#include "isthmus/models/summary.h"
#include "isthmus/models/variational.h"
#include "isthmus/testing/leaf_values.h"

namespace isthmus {
namespace {

DataSpec image_spec(Shape shape) {
  return {.kind = DataKind::kImage,
          .item_shape = std::move(shape),
          .dtype = Dtype::kU8,
          .fields = {{.min = 0, .max = 255, .mean = 70, .standard_deviation = 90, .integer = true}},
          .scaling = {.kind = "unit", .shift = {0}, .scale = {1.0 / 255}}};
}

ModelSetup small_setup(const std::string& model) {
  return {.model = {.name = model, .latent_dim = "2", .likelihood = "bernoulli"},
          .own = {.texts = {{"model.hidden", "4"}, {"model.activation", "tanh"}}},
          .data = image_spec({2, 3})};
}

ModelSetup preset_setup(const std::string& preset, int64_t side = 28) {
  ModelSetup setup{.model = {.preset = preset}, .own = {}, .data = image_spec({side, side})};
  for (const auto& [key, value] : preset_values(preset)) {
    set_option(setup, "model." + std::string(key), value);
  }
  return setup;
}

Graph training_graph(const ModelSetup& setup) {
  GraphBuilder g;
  build_training(g, setup);
  return std::move(g).finish();
}

TEST(Presets, HaveTheirParameterCounts) {
  const std::map<std::string, int64_t> expected = {
      {"vae-784-128-20", 209464},       {"ae-784-256-128-20", 473636}, {"vae-784-400-20", 652824},
      {"vae-784-1024-512-32", 2707280}, {"conv-28", 880617},           {"infogan-28", 13314561},
      {"locatello-64", 764245},         {"conv-64", 3529026},          {"resnet-64", 2486018}};
  ASSERT_EQ(preset_words().size(), expected.size() + 1);
  for (const auto& [preset, count] : expected) {
    const ModelSetup setup = preset_setup(preset, preset.ends_with("-64") ? 64 : 28);
    EXPECT_EQ(training_graph(setup).num_parameter_values(), count) << preset;
    EXPECT_EQ(evaluation_graph(setup).num_parameter_values(), count) << preset;
  }
  EXPECT_THROW(preset_values("vae-784-128"), Error);
}

TEST(Summary, ListsTheLayersOfTheReferenceVae) {
  const ModelSetup setup = preset_setup("vae-784-128-20");
  const std::vector<LayerRow> rows = model_summary(training_graph(setup));
  ASSERT_EQ(rows.size(), 4u);
  EXPECT_EQ(rows[0].name, "encoder/0");
  EXPECT_EQ(rows[0].kind, "linear");
  EXPECT_EQ(rows[0].activation, "relu");
  EXPECT_EQ(rows[0].weight_shape, (Shape{784, 128}));
  EXPECT_EQ(rows[0].output_shape, (Shape{128}));
  EXPECT_EQ(rows[0].num_parameters, 784 * 128 + 128);
  EXPECT_EQ(rows[1].name, "encoder/1");
  EXPECT_EQ(rows[1].activation, "");
  EXPECT_EQ(rows[3].output_shape, (Shape{784}));
  int64_t total = 0;
  for (const LayerRow& row : rows) total += row.num_parameters;
  EXPECT_EQ(total, 209464);
  EXPECT_EQ(model_summary(evaluation_graph(setup)).size(), rows.size());
}

TEST(Summary, ListsTheLayersWithinABlock) {
  const ModelSetup setup = preset_setup("resnet-64", 64);
  const std::vector<LayerRow> rows = model_summary(training_graph(setup));
  ASSERT_GT(rows.size(), 4u);
  EXPECT_EQ("encoder/0 conv2d", rows[1].name + " " + rows[1].kind);
  EXPECT_EQ("encoder/1/0 norm", rows[2].name + " " + rows[2].kind);
  EXPECT_EQ(64, rows[2].num_parameters);
  EXPECT_EQ("encoder/1/1 conv2d", rows[3].name + " " + rows[3].kind);
  EXPECT_EQ((Shape{3, 3, 32, 32}), rows[3].weight_shape);
}

TEST(Summary, ShowsALearnedSigma) {
  ModelSetup setup = small_setup("vae");
  setup.model.likelihood = "gaussian";
  bool found = false;
  for (const LayerRow& row : model_summary(training_graph(setup))) {
    if (row.name != "likelihood") continue;
    found = true;
    EXPECT_EQ(row.kind, "parameter");
    EXPECT_EQ(row.num_parameters, 1);
  }
  EXPECT_TRUE(found);
}

TEST(BetaVae, BetaOneIsVaeNodeForNode) {
  for (const char* estimator : {"sgvb_a", "sgvb_b"}) {
    ModelSetup vae = small_setup("vae"), beta_vae = small_setup("beta_vae");
    for (ModelSetup* setup : {&vae, &beta_vae}) {
      setup->own.texts["objective.estimator"] = estimator;
    }
    beta_vae.own.texts["model.beta"] = "1";
    EXPECT_EQ(print_graph(training_graph(beta_vae)), print_graph(training_graph(vae)));
  }
}

TEST(BetaVae, DefaultIsNotOne) {
  GraphBuilder g, h;
  EXPECT_EQ(build_training(g, small_setup("beta_vae")).beta, 4);
  EXPECT_EQ(build_training(h, small_setup("vae")).beta, 1);
  EXPECT_NE(print_graph(training_graph(small_setup("beta_vae"))),
            print_graph(training_graph(small_setup("vae"))));
}

TEST(BetaVae, TermsStayUnweighted) {
  ModelSetup setup = small_setup("beta_vae");
  const Graph graph = training_graph(setup), vae = training_graph(small_setup("vae"));
  LeafValues leaves = drawn_leaves(graph, 3);
  leaves["kl_weight"] = {0.5};
  const ReferenceRun run = run_reference(graph, 3, leaves), same = run_reference(vae, 3, leaves);
  const double reconstruction = run.output("term/reconstruction").data[0],
               kl = run.output("term/kl").data[0];
  EXPECT_EQ(reconstruction, same.output("term/reconstruction").data[0]);
  EXPECT_EQ(kl, same.output("term/kl").data[0]);
  EXPECT_NEAR(run.output("objective").data[0], reconstruction + 4 * 0.5 * kl,
              100 * tolerance::kSumF64);
}

TEST(Ae, HasNoKlAndNoNoise) {
  const Graph graph = training_graph(small_setup("ae"));
  EXPECT_FALSE(graph.has_output("term/kl"));
  for (const Node& node : graph.nodes()) {
    EXPECT_NE(node.kind, NodeKind::kNormal);
    EXPECT_NE(node.kind, NodeKind::kScalar);
  }
  EXPECT_FALSE(abilities_of(small_setup("ae")).elbo);
  EXPECT_TRUE(abilities_of(small_setup("vae")).elbo);
}

TEST(Elbo, SumsOverValuesAveragesOverItems) {
  // All logits 0: each of the six values costs log 2, whatever the data and the batch.
  const Graph graph = training_graph(small_setup("vae"));
  for (int64_t rows : {1, 7}) {
    LeafValues leaves = drawn_leaves(graph, rows);
    for (uint32_t index : graph.parameters()) {
      std::vector<double>& values = leaves[graph.nodes()[index].name];
      values.assign(values.size(), 0);
    }
    leaves["encoder/1/bias"] = {1, 0, 0, 0};  // mean (1, 0), log_var 0: KL 1/2
    const ReferenceRun run = run_reference(graph, rows, leaves);
    EXPECT_NEAR(run.output("term/reconstruction").data[0], 6 * std::log(2.0),
                tolerance::kGoldenF64);
    EXPECT_NEAR(run.output("term/kl").data[0], 0.5, tolerance::kGoldenF64);
  }
}

TEST(FreeBits, RaiseTheObjectiveAndLeaveTheKlAlone) {
  ModelSetup setup = small_setup("vae");
  setup.own.texts["objective.free_bits"] =
      "100";  // above every KL: the objective's penalty is the bound
  const Graph graph = training_graph(setup);
  const ReferenceRun run = run_reference(graph, 3, drawn_leaves(graph, 3));
  const double kl = run.output("term/kl").data[0];
  EXPECT_LT(kl, 100);
  EXPECT_NEAR(run.output("objective").data[0] - run.output("term/reconstruction").data[0], 2 * 100,
              1000 * tolerance::kSumF64);
}

TEST(Models, MoreDrawsKeepTheShapesOfTheTerms) {
  ModelSetup setup = small_setup("vae");
  GraphBuilder g;
  const ModelBuild b = start_build(g, setup, Mode::kTraining);
  const Parts parts = make_parts(b);
  VariationalOptions options;
  options.samples = 5;
  const BoundTerms bound = bound_terms(b, parts, given_data(b), options);
  EXPECT_EQ(g.shape(bound.draw.z), (Shape{5, 2}));
  EXPECT_EQ(g.shape(bound.params), (Shape{5, 6}));
  EXPECT_EQ(g.shape(bound.terms.reconstruction), Shape{});
  EXPECT_EQ(g.shape(bound.kl_per_dim), (Shape{2}));
  EXPECT_EQ(g.type(bound.kl).extent, Extent::kOnce);
}

TEST(Models, BuildForManyShapes) {
  for (const ModelDef& def : all_models()) {
    if (def.fit) continue;  // no training graph
    for (const Shape& shape : {Shape{1}, Shape{7}, Shape{5, 4}, Shape{4, 3, 3}, Shape{1, 1}}) {
      for (const char* hidden : {"none", "3", "8,2,5"}) {
        ModelSetup setup = small_setup(std::string(def.name));
        if (!def.allows("bernoulli")) setup.model.likelihood = def.likelihoods.front();
        setup.data.item_shape = shape;
        setup.own.texts["model.hidden"] = hidden;
        const Graph graph = training_graph(setup);
        const ReferenceRun run = run_reference(graph, 2, drawn_leaves(graph, 2));
        EXPECT_TRUE(std::isfinite(run.output("objective").data[0]));
      }
    }
  }
}

TEST(Models, DecoderNeverEndsInASquash) {
  GraphBuilder g;
  const ModelSetup setup = small_setup("vae");
  const ModelBuild b = start_build(g, setup, Mode::kTraining);
  const Value params = make_parts(b).decode(g.input("z", {2}), {});
  EXPECT_EQ(g.node(params).op->name, "add");  // bias of the last layer
}

TEST(Models, RefuseDataOutsideTheSupport) {
  ModelSetup setup = small_setup("vae");
  setup.data.scaling = {};
  try {
    training_graph(setup);
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kValueRange);
  }
}

TEST(Models, SuggestTheNearestName) {
  try {
    all_models().find("beta-vea");
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_NE(error.hint().find("beta_vae"), std::string::npos);
  }
}

TEST(ModelOptions, WidthsAndLatentAreBounded) {
  EXPECT_FALSE(widths("auto").has_value());
  EXPECT_EQ(widths("256,128"), (std::vector<int64_t>{256, 128}));
  EXPECT_TRUE(widths("none")->empty());
  EXPECT_EQ(widths("65536"), (std::vector<int64_t>{65536}));
  for (const char* hidden : {"0", "65537", "a", "3,,4", "-1"}) {
    EXPECT_THROW(widths(hidden), Error) << hidden;
  }
  std::string many = "1";
  for (int i = 1; i < 64; ++i) many += ",1";
  EXPECT_EQ(widths(many)->size(), 64u);
  EXPECT_THROW(widths(many + ",1"), Error);
  EXPECT_EQ(latent_dim_of({.latent_dim = "20"}), 20);
  EXPECT_FALSE(latent_dim_of({}).has_value());
  EXPECT_THROW(latent_dim_of({.latent_dim = "0"}), Error);
  EXPECT_THROW(latent_dim_of({.latent_dim = "65537"}), Error);
}

TEST(ModelOptions, CarryTheDocumentedFlags) {
  ModelSetup o;
  const auto options = bind_options(o);
  EXPECT_EQ(find_option(options, "model.name").flag, "--model");
  EXPECT_EQ(find_option(options, "model.hidden").flag, "--hidden");
  EXPECT_EQ(find_option(options, "model.latent_dim").alias, "--latent");
  EXPECT_EQ(find_option(options, "model.beta").default_text, "4");
  EXPECT_EQ(find_option(options, "model.beta").owners, "beta_vae");
  EXPECT_THROW(set_option(o, "model.likelihood", "bernouli"), Error);
  EXPECT_THROW(set_option(o, "model.beta", "-1"), Error);
}

}  // namespace
}  // namespace isthmus
