// SPDX-License-Identifier: Apache-2.0
// The importance-weighted bound: its weights, its value, and both of its gradients.
#include <gtest/gtest.h>

#include <array>

#include "isthmus/models/model.h"
#include "isthmus/testing/leaf_values.h"

namespace isthmus {
namespace {

constexpr double kLog2Pi = 1.8378770664093454836;

ModelSetup setup_of(const std::string& model, const std::string& samples,
                    std::map<std::string, std::string> own = {}) {
  ModelSetup setup{
      .model = {.name = model, .latent_dim = "2", .likelihood = "gaussian"},
      .data = {.item_shape = {3}, .fields = {{.min = 0, .max = 1, .standard_deviation = 0.3}}}};
  setup.own.texts = {{"model.hidden", "3"},
                     {"model.activation", "tanh"},
                     {"model.sigma", "0.5"},
                     {"objective.samples", samples}};
  for (const auto& [key, text] : own) setup.own.texts[key] = text;
  return setup;
}

Graph graph_of(const ModelSetup& setup) {
  GraphBuilder g;
  const Training training = build_training(g, setup);
  const Objective& own = training.objectives.front();
  output_gradients(g, own.differentiated.valid() ? own.differentiated : own.value);
  return std::move(g).finish();
}

/// p(z) = N(0, 1), p(x|z) = N(z, 1), x = 1.3, q(z|x) = N(0.2, exp(-0.2)), four draws.
ModelSetup checked_example(const std::string& gradient) {
  ModelSetup setup =
      setup_of("iwae", "4",
               {{"model.hidden", "none"}, {"model.sigma", "1"}, {"objective.gradient", gradient}});
  setup.model.latent_dim = "1";
  setup.data.item_shape = {1};
  return setup;
}

constexpr double kX = 1.3, kMean = 0.2, kLogVar = -0.2;

LeafValues example_leaves(const Graph& graph, int64_t rows) {
  LeafValues leaves = drawn_leaves(graph, rows);
  leaves["x"].assign(static_cast<size_t>(rows), kX);
  leaves["encoder/0/weight"] = {0, 0};
  leaves["encoder/0/bias"] = {kMean, kLogVar};
  leaves["decoder/0/weight"] = {1};
  leaves["decoder/0/bias"] = {0};
  return leaves;
}

/// The expected bound of four draws as a function of q's mean, by a grid over the four noises
/// (exact to many digits for smooth functions that vanish at the ends).
double expected_bound(double mean) {
  constexpr int kPoints = 33;
  constexpr double kStep = 0.4;
  std::array<double, kPoints> weight{}, probability{};
  for (int i = 0; i < kPoints; ++i) {
    const double noise = kStep * (i - kPoints / 2), z = mean + std::exp(kLogVar / 2) * noise;
    const double log_q = -0.5 * (noise * noise + kLogVar + kLog2Pi);
    const double log_p = -0.5 * (z * z + kLog2Pi) - 0.5 * ((kX - z) * (kX - z) + kLog2Pi);
    weight[size_t(i)] = std::exp(log_p - log_q);
    probability[size_t(i)] = kStep * std::exp(-0.5 * (noise * noise + kLog2Pi));
  }
  double sum = 0;
  for (size_t a = 0; a < kPoints; ++a) {
    for (size_t b = 0; b < kPoints; ++b) {
      for (size_t c = 0; c < kPoints; ++c) {
        const double p3 = probability[a] * probability[b] * probability[c];
        const double w3 = weight[a] + weight[b] + weight[c];
        for (size_t d = 0; d < kPoints; ++d) {
          sum += p3 * probability[d] * std::log((w3 + weight[d]) / 4);
        }
      }
    }
  }
  return sum;
}

TEST(Iwae, WeightsUseDensities) {
  const Graph graph = graph_of(checked_example("dreg"));
  const LeafValues leaves = example_leaves(graph, 2);
  const ReferenceRun run = run_reference(graph, 2, leaves);
  double bound = 0, kl = 0, reconstruction = 0;
  for (size_t item = 0; item < 2; ++item) {
    double sum = 0;
    for (size_t k = 0; k < 4; ++k) {
      const double noise = leaves.at("posterior")[4 * item + k];
      const double z = kMean + std::exp(kLogVar / 2) * noise;
      const double log_likelihood = -0.5 * ((kX - z) * (kX - z) + kLog2Pi);
      const double difference = 0.5 * (z * z - noise * noise - kLogVar);  // log q - log p
      sum += std::exp(log_likelihood - difference) / 4;
      kl += difference / 8;
      reconstruction -= log_likelihood / 8;
    }
    bound += std::log(sum) / 2;
  }
  EXPECT_TRUE(tolerance::within(run.output("term/bound").data[0], bound, tolerance::kGoldenF64));
  EXPECT_TRUE(tolerance::within(run.output("objective").data[0], -bound, tolerance::kGoldenF64));
  EXPECT_TRUE(tolerance::within(run.output("term/kl").data[0], kl, tolerance::kGoldenF64));
  EXPECT_TRUE(tolerance::within(run.output("term/reconstruction").data[0], reconstruction,
                                tolerance::kGoldenF64));
}

TEST(Iwae, BestSampleGetsTheLargestWeight) {
  // d bound / d bias of the decoder = sum_k v_k (x - z_k): the draw at x pulls by nothing and has
  // the most weight, so the pull is far below the plain mean of the others.
  const Graph graph = graph_of(checked_example("dreg"));
  LeafValues leaves = example_leaves(graph, 1);
  const double deviation = std::exp(kLogVar / 2);
  leaves["posterior"] = {(0.65 - kMean) / deviation, 3, -3, 4};
  const double pull = -run_reference(graph, 1, leaves).output("gradient/decoder/0/bias").data[0];
  double sum = 0, expected = 0, largest = 0;
  for (size_t k = 0; k < 4; ++k) {
    const double noise = leaves["posterior"][k], z = kMean + deviation * noise;
    const double w = std::exp(-0.5 * ((kX - z) * (kX - z) + z * z - noise * noise));
    sum += w;
    expected += w * (kX - z);
    largest = std::max(largest, w);
    if (k == 0) {
      EXPECT_EQ(largest, w);
    }
  }
  EXPECT_LT(largest, 4 * sum);
  EXPECT_NEAR(pull, expected / sum, 1e-9);
}

TEST(Iwae, DregEqualsDifferencesOfTheBound) {
  constexpr double kStep = 1e-3;
  constexpr int64_t kRows = 100000;
  const double exact =
      (expected_bound(kMean + kStep) - expected_bound(kMean - kStep)) / (2 * kStep);
  EXPECT_NEAR(exact, 0.1542, 5e-4);  // as known for this example
  for (const std::string gradient : {"dreg", "pathwise"}) {
    const Graph graph = graph_of(checked_example(gradient));
    const ReferenceRun run = run_reference(graph, kRows, example_leaves(graph, kRows));
    const double found = -run.output("gradient/encoder/0/bias").data[0];
    // Deviation of one draw of four: 0.11 with dreg, 0.81 without.
    const double error = (gradient == "dreg" ? 0.11 : 0.81) / std::sqrt(double{kRows});
    EXPECT_NEAR(found, exact, 5 * error) << gradient;
  }
}

TEST(Iwae, BoundLiesBetweenElboAndTheExactDensity) {
  constexpr int64_t kRows = 100000;
  const Graph graph = graph_of(checked_example("dreg"));
  const ReferenceRun run = run_reference(graph, kRows, example_leaves(graph, kRows));
  const double found = run.output("term/bound").data[0], exact = expected_bound(kMean);
  const double variance = std::exp(kLogVar);
  const double elbo = -0.5 * (kLog2Pi + (kX - kMean) * (kX - kMean) + variance) -
                      0.5 * (kMean * kMean + variance - 1 - kLogVar);
  const double density = -0.5 * (kLog2Pi + std::log(2.0) + kX * kX / 2);
  EXPECT_NEAR(found, exact, 5 * 0.5 / std::sqrt(double{kRows}));  // deviation below 0.5
  EXPECT_LT(elbo, exact - 0.05);
  EXPECT_LT(exact, density);
  const double terms = run.output("term/reconstruction").data[0] + run.output("term/kl").data[0];
  EXPECT_NEAR(-terms, elbo, 5 * 1.0 / std::sqrt(4.0 * kRows));
}

TEST(Iwae, DregSplitsByPath) {
  // Parameters of p get the ordinary gradient of the bound, also those of a prior.
  for (const char* prior : {"normal", "mog"}) {
    const auto graph = [&](const char* gradient) {
      return graph_of(setup_of("iwae", "3",
                               {{"model.prior", prior},
                                {"model.prior_components", "4"},
                                {"objective.gradient", gradient}}));
    };
    const Graph dreg = graph("dreg"), pathwise = graph("pathwise");
    const LeafValues leaves = drawn_leaves(dreg, 3);
    const ReferenceRun a = run_reference(dreg, 3, leaves), b = run_reference(pathwise, 3, leaves);
    for (uint32_t index : dreg.parameters()) {
      const std::string name = "gradient/" + dreg.nodes()[index].name;
      const bool encoder = name.find("encoder") != std::string::npos;
      const std::vector<double>&x = a.output(name).data, &y = b.output(name).data;
      double distance = 0;
      for (size_t i = 0; i < x.size(); ++i) distance = std::max(distance, std::fabs(x[i] - y[i]));
      if (encoder) {
        EXPECT_GT(distance, 1e-4) << name;
      } else {
        EXPECT_LT(distance, 1e-9) << name;
      }
    }
  }
}

TEST(Iwae, VampPathsThroughThePriorCountOnce) {
  // With the draws held, the gradient of the encoder inside the prior is that of the plain bound.
  ModelSetup setup =
      setup_of("iwae", "3", {{"model.prior", "vamp"}, {"model.prior_components", "4"}});
  const Graph graph = graph_of(setup);
  LeafValues leaves = drawn_leaves(graph, 3);
  const ReferenceRun run = run_reference(graph, 3, leaves);
  const std::string name = "prior/pseudo_inputs";
  for (size_t i : {size_t{0}, size_t{5}}) {
    LeafValues moved = leaves;
    moved[name][i] = std::clamp(moved[name][i], 0.1, 0.9);
    const double gradient = run_reference(graph, 3, moved).output("gradient/" + name).data[i];
    const LeafValues at = moved;
    moved[name][i] = at.at(name)[i] + 1e-5;
    const double above = run_reference(graph, 3, moved).output("objective").data[0];
    moved[name][i] = at.at(name)[i] - 1e-5;
    const double below = run_reference(graph, 3, moved).output("objective").data[0];
    EXPECT_TRUE(tolerance::within(gradient, (above - below) / 2e-5, tolerance::kGradientF64, 1.0));
  }
}

TEST(Iwae, PathwiseGradientsEqualDifferences) {
  for (const char* prior : {"normal", "mog", "vamp"}) {
    for (const char* posterior : {"normal", "full_covariance"}) {
      if (prior == std::string("vamp") && posterior != std::string("normal")) continue;
      const Graph graph = graph_of(setup_of("iwae", "3",
                                            {{"model.prior", prior},
                                             {"model.posterior", posterior},
                                             {"model.prior_components", "3"},
                                             {"objective.gradient", "pathwise"}}));
      LeafValues leaves = drawn_leaves(graph, 3);
      if (leaves.count("prior/pseudo_inputs") != 0) {
        leaves["prior/pseudo_inputs"] = case_values("inputs", 9, 0.1, 0.9);  // no kinks
      }
      expect_gradients_equal_differences(graph, 3, leaves);
    }
  }
}

TEST(Iwae, OneDrawIsTheVaeWithItsKlFromTheDraw) {
  const Graph iwae = graph_of(setup_of("iwae", "1", {{"objective.gradient", "pathwise"}}));
  const Graph vae = graph_of(setup_of("vae", "1", {{"objective.estimator", "sgvb_a"}}));
  const LeafValues leaves = drawn_leaves(vae, 4);
  const ReferenceRun a = run_reference(iwae, 4, leaves), b = run_reference(vae, 4, leaves);
  for (const auto& [output, node] : vae.outputs()) {
    const std::vector<double>&x = a.output(output).data, &y = b.output(output).data;
    ASSERT_EQ(x.size(), y.size()) << output;
    for (size_t i = 0; i < x.size(); ++i) EXPECT_NEAR(x[i], y[i], 1e-10) << output;
  }
}

}  // namespace
}  // namespace isthmus
