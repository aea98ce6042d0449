// SPDX-License-Identifier: Apache-2.0
// Learned priors and the posterior with covariances: what they are, where they begin, and that
// their gradients are derivatives.
#include "isthmus/models/prior.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "isthmus/models/inference.h"
#include "isthmus/models/posterior.h"
#include "isthmus/nn/initializers.h"
#include "isthmus/testing/leaf_values.h"

namespace isthmus {
namespace {

constexpr double kLog2Pi = 1.8378770664093454836;

ModelSetup setup_of(std::map<std::string, std::string> own, const std::string& latent = "2") {
  ModelSetup setup{
      .model = {.name = "vae", .latent_dim = latent, .likelihood = "gaussian"},
      .data = {.item_shape = {3}, .fields = {{.min = 0, .max = 1, .standard_deviation = 0.3}}}};
  setup.own.texts = {{"model.hidden", "3"}, {"model.activation", "tanh"}, {"model.sigma", "0.5"}};
  for (const auto& [key, text] : own) setup.own.texts[key] = text;
  return setup;
}

bool owns(const std::string& prior, std::string_view key) {
  const std::vector<BoundOption> options = all_priors().find(prior).options();
  return std::any_of(options.begin(), options.end(),
                     [&](const BoundOption& option) { return option.key == key; });
}

TEST(Priors, GradientsOfTheObjectiveEqualDifferences) {
  for (const std::string& prior : all_priors().names()) {
    for (const char* samples : {"1", "3"}) {
      GraphBuilder g;
      std::map<std::string, std::string> own = {{"model.prior", prior},
                                                {"objective.samples", samples}};
      if (owns(prior, "model.exemplars")) continue;  // tested below
      if (owns(prior, "model.prior_components")) own["model.prior_components"] = "4";
      const ModelSetup setup = setup_of(std::move(own));
      output_gradients(g, build_training(g, setup).objectives[0].value);
      const Graph graph = std::move(g).finish();
      LeafValues leaves = drawn_leaves(graph, 3);
      if (leaves.count("prior/pseudo_inputs") != 0) {
        leaves["prior/pseudo_inputs"] = case_values("inputs", 12, 0.1, 0.9);  // no kinks
      }
      leaves["kl_weight"] = {0.7};
      expect_gradients_equal_differences(graph, 3, leaves);
    }
  }
}

void expect_mean_posterior_of_pseudo_inputs(const ModelSetup& setup) {
  const Graph graph = evaluation_graph(setup), codes = encode_graph(setup, Draw::kNone);
  LeafValues leaves = drawn_leaves(graph, 1);
  const ReferenceRun run = run_reference(graph, 1, leaves);
  LeafValues inputs = leaves;
  inputs["x"] = {};
  for (double u : leaves["prior/pseudo_inputs"]) inputs["x"].push_back(std::clamp(u, 0.0, 1.0));
  if (leaves.count("context") != 0) inputs["context"] = leaves["prior/pseudo_contexts"];
  const ReferenceRun of_inputs = run_reference(codes, 2, inputs);
  const ReferenceRun of_item = run_reference(codes, 1, leaves);
  double log_q = 0, density = 0;
  std::vector<double> z(2);
  for (size_t j = 0; j < 2; ++j) {
    const double log_var = of_item.output("log_var").data[j], noise = leaves["posterior"][j];
    z[j] = of_item.output("posterior_mean").data[j] + std::exp(log_var / 2) * noise;
    log_q -= 0.5 * (noise * noise + log_var + kLog2Pi);
  }
  for (size_t c = 0; c < 2; ++c) {
    double log_c = 0;
    for (size_t j = 0; j < 2; ++j) {
      const double d = z[j] - of_inputs.output("posterior_mean").data[2 * c + j];
      const double log_var = of_inputs.output("log_var").data[2 * c + j];
      log_c -= 0.5 * (d * d / std::exp(log_var) + log_var + kLog2Pi);
    }
    density += 0.5 * std::exp(log_c);
  }
  EXPECT_NEAR(run.output("kl").data[0], log_q - std::log(density), 1e-9);
}

TEST(Vamp, IsTheMeanPosteriorOfItsPseudoInputs) {
  ModelSetup setup = setup_of({{"model.prior", "vamp"}, {"model.prior_components", "2"}});
  expect_mean_posterior_of_pseudo_inputs(setup);
  setup.data.condition.classes = {"a", "b", "c"};
  expect_mean_posterior_of_pseudo_inputs(setup);
}

TEST(Vamp, PseudoInputsKeepTheConditionOfTheirItem) {
  ModelSetup setup = setup_of({{"model.prior", "vamp"}, {"model.prior_components", "4"}});
  setup.data.condition.classes = {"a", "b"};
  const std::vector<float> items = {0, 0, 0, 1, 1, 1}, contexts = {1, 0, 0, 1};
  GraphBuilder g;
  const ModelBuild b = start_build(g, setup, Mode::kTraining);
  const Parts parts = make_parts(b);
  g.output("objective", parts.training(given_data(b)).objectives[0].value);
  const Graph graph = std::move(g).finish();
  NamedTensors first = initialize(graph, 3);
  parts.initialise(
      {.setup = setup, .rows = rows_of(items, 3), .contexts = rows_of(contexts, 2), .seed = 3},
      first);
  const auto u = first.at("prior/pseudo_inputs").values<float>();
  const auto kept = first.at("prior/pseudo_contexts").values<float>();
  for (size_t c = 0; c < 4; ++c) {
    const bool second = u[3 * c] > 0.5f;
    EXPECT_EQ(kept[2 * c], second ? 0 : 1) << c;
    EXPECT_EQ(kept[2 * c + 1], second ? 1 : 0) << c;
  }
  for (uint32_t p : graph.parameters()) {
    const Node& node = graph.nodes()[p];
    EXPECT_EQ(node.trained, node.name != "prior/pseudo_contexts") << node.name;
  }
}

TEST(Vamp, PseudoInputsBeginAtTrainingItems) {
  const ModelSetup setup = setup_of({{"model.prior", "vamp"}, {"model.prior_components", "7"}});
  const std::vector<float> items = {0, 0, 0, 1, 1, 1, 0, 1, 0, 1, 0, 1, 0.5f, 0.5f, 0.5f};
  GraphBuilder g;
  const ModelBuild b = start_build(g, setup, Mode::kTraining);
  const Parts parts = make_parts(b);
  g.output("objective", parts.training(given_data(b)).objectives[0].value);
  const Graph graph = std::move(g).finish();
  NamedTensors first = initialize(graph, 3), other = initialize(graph, 3);
  ASSERT_TRUE(parts.initialise);
  parts.initialise({.setup = setup, .rows = rows_of(items, 3), .seed = 3}, first);
  const auto u = first.at("prior/pseudo_inputs").values<float>();
  std::vector<int> taken(5);
  for (size_t c = 0; c < 7; ++c) {
    size_t nearest = 0;
    double least = 10;
    for (size_t i = 0; i < 5; ++i) {
      double distance = 0;
      for (size_t d = 0; d < 3; ++d) {
        distance = std::max(distance, std::fabs(double{u[3 * c + d]} - double{items[3 * i + d]}));
      }
      if (distance < least) nearest = i;
      least = std::min(least, distance);
    }
    EXPECT_LT(least, 0.06);  // six deviations of 0.01
    if (c < 5) ++taken[nearest];
  }
  EXPECT_EQ(taken, std::vector<int>(5, 1));
  for (float v : u) EXPECT_TRUE(v >= 0 && v <= 1);
  parts.initialise({.setup = setup, .rows = rows_of(items, 3), .seed = 4}, other);
  EXPECT_FALSE(
      std::equal(u.begin(), u.end(), other.at("prior/pseudo_inputs").values<float>().begin()));
}

TEST(Vamp, RefusesAPosteriorThatIsNoDiagonalNormal) {
  try {
    abilities_of(setup_of({{"model.prior", "vamp"}, {"model.posterior", "full_covariance"}}));
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kConflict);
    EXPECT_NE(error.hint().find("--prior mog"), std::string::npos);
  }
}

TEST(LaplacePrior, KlIsThatOfTheDensities) {
  const Graph graph = evaluation_graph(setup_of({{"model.prior", "laplace"}}));
  const Graph codes = encode_graph(setup_of({{"model.prior", "laplace"}}), Draw::kNone);
  LeafValues leaves = drawn_leaves(graph, 1);
  const ReferenceRun of_item = run_reference(codes, 1, leaves);
  double expected = 0;
  for (size_t j = 0; j < 2; ++j) {
    const double log_var = of_item.output("log_var").data[j], noise = leaves["posterior"][j];
    const double z = of_item.output("posterior_mean").data[j] + std::exp(log_var / 2) * noise;
    expected -= 0.5 * (noise * noise + log_var + kLog2Pi);
    expected += std::sqrt(2.0) * std::fabs(z) + 0.5 * std::log(2.0);  // variance 1: 1/sqrt(2)
  }
  EXPECT_NEAR(run_reference(graph, 1, leaves).output("kl").data[0], expected, 1e-12);
}

TEST(LaplacePrior, DrawsHaveItsDistributionFunction) {
  const Graph graph = prior_graph(setup_of({{"model.prior", "laplace"}}));
  LeafValues leaves = drawn_leaves(graph, 1);
  leaves["temperature"] = {1};
  leaves["prior"] = {0.1, 0.9};
  const std::vector<double> z = run_reference(graph, 1, leaves).output("z").data;
  EXPECT_NEAR(0.5 * std::exp(std::sqrt(2.0) * z[0]), 0.1, 1e-12);
  EXPECT_NEAR(1 - 0.5 * std::exp(-std::sqrt(2.0) * z[1]), 0.9, 1e-12);
}

Graph exemplar_graph(const char* count) {
  GraphBuilder g;
  const ModelSetup setup = setup_of({{"model.prior", "exemplar"}, {"model.exemplars", count}});
  build_training(g, setup);
  return std::move(g).finish();
}

/// What log N(z; mean, exp(log_var) I) is for two latents.
double log_normal(const double* z, const double* mean, double log_var) {
  const double a = z[0] - mean[0], b = z[1] - mean[1];
  return -0.5 * ((a * a + b * b) / std::exp(log_var) + 2 * log_var + 2 * kLog2Pi);
}

TEST(Exemplar, LeavesTheOwnItemOut) {
  const Graph graph = exemplar_graph("2"), codes = encode_graph(setup_of({}), Draw::kNone);
  LeafValues leaves = drawn_leaves(graph, 2);
  leaves["place"] = {0, 1};
  const std::vector<double> mean = run_reference(codes, 2, leaves).output("posterior_mean").data;
  const std::vector<double> log_var = run_reference(codes, 2, leaves).output("log_var").data;
  double expected = 0;
  for (size_t item = 0; item < 2; ++item) {
    double z[2], log_q = 0;
    for (size_t j = 0; j < 2; ++j) {
      const size_t at = 2 * item + j;
      const double noise = leaves.at("posterior")[at];
      z[j] = mean[at] + std::exp(log_var[at] / 2) * noise;
      log_q -= 0.5 * (noise * noise + log_var[at] + kLog2Pi);
    }
    // Two items: the only exemplar of one is the other.
    expected += log_q - log_normal(z, &mean[2 * (1 - item)], leaves.at("prior/log_var")[0]);
  }
  EXPECT_NEAR(run_reference(graph, 2, leaves).output("term/kl").data[0], expected / 2, 1e-9);
}

TEST(Exemplar, StoresTheMeansOfTheItemsOfAStep) {
  const Graph graph = exemplar_graph("3"), codes = encode_graph(setup_of({}), Draw::kNone);
  LeafValues leaves = drawn_leaves(graph, 2);
  leaves["place"] = {4, 1};  // the first is behind the table
  const std::vector<double> mean = run_reference(codes, 2, leaves).output("posterior_mean").data;
  std::vector<double> expected = leaves["prior/exemplars"];
  expected[2] = mean[2];
  expected[3] = mean[3];
  const std::vector<double> found =
      run_reference(graph, 2, leaves).assigned("prior/exemplars").data;
  ASSERT_EQ(found.size(), 6u);
  for (size_t i = 0; i < 6; ++i) EXPECT_NEAR(found[i], expected[i], 1e-12) << i;
}

TEST(Exemplar, IsTheMixtureOfItsStoredMeans) {
  const ModelSetup setup = setup_of({{"model.prior", "exemplar"}, {"model.exemplars", "3"}});
  GraphBuilder g;
  const ModelBuild b = start_build(g, setup, Mode::kInference);
  g.output("log_prob", make_parts(b).prior({}).log_prob(g, g.input("z", {2})));
  const Graph graph = std::move(g).finish();
  LeafValues leaves = drawn_leaves(graph, 1);
  double density = 0;
  for (size_t n = 0; n < 3; ++n) {
    density += std::exp(log_normal(leaves["z"].data(), &leaves["prior/exemplars"][2 * n],
                                   leaves["prior/log_var"][0])) /
               3;
  }
  EXPECT_NEAR(run_reference(graph, 1, leaves).output("log_prob").data[0], std::log(density), 1e-9);
}

TEST(Exemplar, GradientsEqualDifferences) {
  GraphBuilder g;
  const ModelSetup setup = setup_of({{"model.prior", "exemplar"}, {"model.exemplars", "3"}});
  const Value objective = build_training(g, setup).objectives[0].value;
  const Values all = g.parameters();
  Values trained;
  for (Value p : all) {
    if (g.node(p).trained) trained.push_back(p);
  }
  const Values gradients = differentiate(g, objective, trained);
  for (size_t i = 0; i < trained.size(); ++i) {
    g.output("gradient/" + g.node(trained[i]).name, gradients[i]);
  }
  const Graph graph = std::move(g).finish();
  LeafValues leaves = drawn_leaves(graph, 3);
  leaves["place"] = {0, 1, 2};
  const auto objective_at = [&](const LeafValues& at) {
    return run_reference(graph, 3, at).output("objective").data[0];
  };
  for (const auto& [output, node] : graph.outputs()) {
    if (!output.starts_with("gradient/")) continue;
    const std::string name = output.substr(9);
    const std::vector<double> gradient = run_reference(graph, 3, leaves).output(output).data;
    for (size_t i = 0; i < gradient.size(); ++i) {
      LeafValues above = leaves, below = leaves;
      above[name][i] += 1e-5;
      below[name][i] -= 1e-5;
      EXPECT_TRUE(tolerance::within(gradient[i], (objective_at(above) - objective_at(below)) / 2e-5,
                                    tolerance::kGradientF64, 1.0))
          << name << " " << i;
    }
  }
}

/// Outputs of full_covariance on heads of three latents, and of normal on their first six.
Graph covariance_graph(const ModelSetup& setup, int64_t count) {
  GraphBuilder g;
  const ModelBuild b = start_build(g, setup, Mode::kInference);
  const Value heads = g.input("heads", {9});
  const Distribution q = all_posteriors().find("full_covariance").make(b, heads, {});
  const Distribution n =
      all_posteriors().find("normal").make(b, g.slice({{"begin", 0}, {"end", 6}}, heads), {});
  const Value z = q.draw(g, "posterior", count).z;
  g.output("z", z);
  g.output("log_prob", q.log_prob(g, z));
  g.output("standard", standard_normal_log_prob(g, z));
  g.output("kl", q.kl_to_standard_normal(g).total);
  g.output("normal_z", n.draw(g, "normal_posterior", count).z);
  g.output("normal_log_prob", n.log_prob(g, z));
  g.output("normal_kl", n.kl_to_standard_normal(g).total);
  return std::move(g).finish();
}

TEST(FullCovariance, WithoutCovariancesIsTheNormal) {
  const ModelSetup setup = setup_of({}, "3");
  for (int64_t count : {0, 4}) {
    const Graph graph = covariance_graph(setup, count);
    LeafValues leaves = drawn_leaves(graph, 2);
    leaves["normal_posterior"] = leaves["posterior"];
    leaves["heads"] = {0.3, -1, 2, 0.5, -0.7, 0, 0, 0, 0, 1, 0, -1, 0, 1, -2, 0, 0, 0};
    const ReferenceRun run = run_reference(graph, 2, leaves);
    for (const char* name : {"z", "log_prob", "kl"}) {
      const auto& a = run.output(name).data;
      const auto& b = run.output(std::string("normal_") + name).data;
      ASSERT_EQ(a.size(), b.size());
      for (size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], 1e-12) << name;
    }
  }
}

TEST(FullCovariance, DrawsHaveItsMoments) {
  constexpr int64_t kRows = 1, kDraws = 40000;
  const Graph graph = covariance_graph(setup_of({}, "3"), kDraws);
  LeafValues leaves = drawn_leaves(graph, kRows);
  leaves["heads"] = {0.3, -1, 2, 0.5, -0.7, 0, 0.8, -0.4, 1.1};
  const std::vector<double> z = run_reference(graph, kRows, leaves).output("z").data;
  // Columns of L below the diagonal: (L_21, L_31), (L_32).
  const double l[3][3] = {{std::exp(0.25), 0, 0}, {0.8, std::exp(-0.35), 0}, {-0.4, 1.1, 1}};
  const double mean[3] = {0.3, -1, 2};
  for (size_t r = 0; r < 3; ++r) {
    for (size_t c = 0; c <= r; ++c) {
      double expected = 0, found = 0, squares = 0;
      for (size_t k = 0; k < 3; ++k) expected += l[r][k] * l[c][k];
      for (size_t i = 0; i < kDraws; ++i) {
        const double product = (z[3 * i + r] - mean[r]) * (z[3 * i + c] - mean[c]);
        found += product / kDraws;
        squares += product * product / kDraws;
      }
      EXPECT_NEAR(found, expected, 5 * std::sqrt((squares - found * found) / kDraws)) << r << c;
    }
  }
}

TEST(FullCovariance, ClosedKlIsTheMeanOfTheSampledOne) {
  constexpr int64_t kDraws = 40000;
  const Graph graph = covariance_graph(setup_of({}, "3"), kDraws);
  LeafValues leaves = drawn_leaves(graph, 1);
  leaves["heads"] = {0.3, -1, 2, 0.5, -0.7, 0, 0.8, -0.4, 1.1};
  const ReferenceRun run = run_reference(graph, 1, leaves);
  double mean = 0, squares = 0;
  for (size_t i = 0; i < kDraws; ++i) {
    const double d = run.output("log_prob").data[i] - run.output("standard").data[i];
    mean += d / kDraws;
    squares += d * d / kDraws;
  }
  EXPECT_NEAR(mean, run.output("kl").data[0], 5 * std::sqrt((squares - mean * mean) / kDraws));
}

/// p(z) = N(0, I), p(x|z) = N(z_1 + z_2, 1): the latents explain the same value, so that their
/// posterior is correlated, with precision 1 + 1 on the diagonal and 1 beside it.
Graph shared_value_graph(const char* posterior, LeafValues& leaves) {
  ModelSetup setup =
      setup_of({{"model.hidden", "none"}, {"model.sigma", "1"}, {"model.posterior", posterior}});
  setup.data.item_shape = {1};
  Graph graph = evaluation_graph(setup);
  leaves = drawn_leaves(graph, 3);
  leaves["x"] = {-0.7, 0.4, 1.9};
  leaves["decoder/0/weight"] = {1, 1};
  leaves["decoder/0/bias"] = {0};
  return graph;
}

double log_density(double x) { return -0.5 * (kLog2Pi + std::log(3.0) + x * x / 3); }

TEST(FullCovariance, ReachesTheDensityOfACorrelatedPosterior) {
  LeafValues leaves;
  shared_value_graph("full_covariance", leaves);
  // Covariance ((2, -1), (-1, 2)) / 3 and mean x / 3 (1, 1); heads: means, log L_jj^2, L_21.
  const double l11 = std::sqrt(2.0 / 3), l21 = -1.0 / 3 / l11;
  leaves["encoder/0/weight"] = {1.0 / 3, 1.0 / 3, 0, 0, 0};
  leaves["encoder/0/bias"] = {0, 0, std::log(2.0 / 3), std::log(2.0 / 3 - l21 * l21), l21};
  ModelSetup setup = setup_of(
      {{"model.hidden", "none"}, {"model.sigma", "1"}, {"model.posterior", "full_covariance"}});
  setup.data.item_shape = {1};
  const Graph weights = importance_graph(setup, 4);
  LeafValues many = leaves;
  many["posterior"] = normal_values("many", 24);
  const std::vector<double> log_w = run_reference(weights, 3, many).output("log_w").data;
  // Under the exact posterior every draw has the same weight.
  for (size_t i = 0; i < 12; ++i) EXPECT_NEAR(log_w[i], log_density(leaves["x"][i / 4]), 1e-9);
}

TEST(FullCovariance, IsWhatADiagonalPosteriorCannotBe) {
  // The best diagonal posterior has the variances 1 / precision_jj = 1/2 and misses
  // 1/2 (sum log precision_jj - log det precision) = 1/2 log(4 / 3) nats.
  LeafValues leaves;
  const Graph graph = shared_value_graph("normal", leaves);
  leaves["encoder/0/weight"] = {1.0 / 3, 1.0 / 3, 0, 0};
  leaves["encoder/0/bias"] = {0, 0, std::log(0.5), std::log(0.5)};
  const ReferenceRun run = run_reference(graph, 3, leaves);
  for (size_t i = 0; i < 3; ++i) {
    const double x = leaves["x"][i], error = x / 3;
    const double reconstruction =
        0.5 * (kLog2Pi + error * error + 1);  // over q: variance 1 of z1+z2
    const double elbo = -(reconstruction + run.output("kl").data[i]);
    EXPECT_NEAR(log_density(x) - elbo, 0.5 * std::log(4.0 / 3), 1e-9);
  }
}

TEST(FullCovariance, DensityIntegratesToOne) {
  const ModelSetup setup = setup_of({});
  GraphBuilder g;
  const ModelBuild b = start_build(g, setup, Mode::kInference);
  const Distribution q =
      all_posteriors().find("full_covariance").make(b, g.input("heads", {5}), {});
  constexpr int64_t kPoints = 160;
  constexpr double kStep = 0.125;
  g.output("log_prob", q.log_prob(g, g.input("z", {kPoints * kPoints, 2})));
  const Graph graph = std::move(g).finish();
  LeafValues leaves = {{"heads", {0.4, -0.3, 0.5, -0.6, 0.9}}};
  for (int64_t i = 0; i < kPoints * kPoints; ++i) {
    leaves["z"].push_back(-10 + kStep * static_cast<double>(i % kPoints));
    leaves["z"].push_back(-10 + kStep * static_cast<double>(i / kPoints));
  }
  const ReferenceRun run = run_reference(graph, 1, leaves);
  double integral = 0;
  for (double v : run.output("log_prob").data) {
    integral += std::exp(v) * kStep * kStep;
  }
  EXPECT_NEAR(integral, 1, 1e-9);
}

TEST(FullCovariance, GradientsOfTheObjectiveEqualDifferences) {
  for (const char* estimator : {"sgvb_a", "sgvb_b"}) {
    for (const char* latent : {"1", "3"}) {
      GraphBuilder g;
      const ModelSetup setup = setup_of(
          {{"model.posterior", "full_covariance"}, {"objective.estimator", estimator}}, latent);
      output_gradients(g, build_training(g, setup).objectives[0].value);
      const Graph graph = std::move(g).finish();
      expect_gradients_equal_differences(graph, 2, drawn_leaves(graph, 2));
    }
  }
}

}  // namespace
}  // namespace isthmus
