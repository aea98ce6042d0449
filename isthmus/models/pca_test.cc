// SPDX-License-Identifier: Apache-2.0
// Fitted linear models against what is known of them: eigenvectors by Jacobi rotations, densities
// by the covariance matrix itself, integrals on grids. Parameters are float32, hence the
// tolerances.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "isthmus/models/inference.h"
#include "isthmus/testing/jacobi.h"
#include "isthmus/testing/leaf_values.h"

namespace isthmus {
namespace {

constexpr double kRounded = 2e-6;  // of a parameter

ModelSetup setup_of(const std::string& model, int64_t width, int64_t latent,
                    const std::string& sigma = "auto") {
  ModelSetup setup{.model = {.name = model,
                             .latent_dim = std::to_string(latent),
                             .likelihood = model == "logistic_pca" ? "bernoulli" : "gaussian"},
                   .data = {.item_shape = {width}}};
  if (model != "logistic_pca") setup.own.texts["model.sigma"] = sigma;
  return setup;
}

LeafValues fitted(const ModelSetup& setup, const std::vector<float>& x) {
  const ModelDef& def = all_models().find(setup.model.name);
  const NamedTensors parameters =
      def.fit({.setup = setup, .rows = rows_of(x, setup.data.num_values())}, setup.own);
  LeafValues leaves;
  for (const auto& [name, tensor] : parameters) {
    leaves[name].assign(tensor.values<float>().begin(), tensor.values<float>().end());
  }
  return leaves;
}

std::vector<double> run(const Graph& graph, LeafValues leaves, const std::string& output,
                        const std::vector<double>& x, int64_t width) {
  const int64_t rows = static_cast<int64_t>(x.size()) / width;
  leaves["x"] = x;
  for (const Node& node : graph.nodes()) {
    if (node.kind == NodeKind::kNormal && !leaves.contains(node.name)) {
      leaves[node.name] = normal_values(node.name, rows * value_count(node.type.shape));
    }
  }
  return run_reference(graph, rows, leaves).output(output).data;
}

std::vector<double> doubles(const std::vector<float>& x) { return {x.begin(), x.end()}; }

ErrorCode code_of(const std::function<void()>& action, std::string* text = nullptr) {
  try {
    action();
  } catch (const Error& error) {
    if (text != nullptr) *text = error.message() + " | " + error.hint();
    return error.code();
  }
  return ErrorCode::kInternal;
}

TEST(Pca, DirectionsAreTheEigenvectorsOfTheCovariance) {
  for (int64_t width : {2, 3, 6}) {
    const std::vector<float> x = items(40, width);
    const LeafValues p = fitted(setup_of("pca", width, width), x);
    const auto d = static_cast<size_t>(width);
    const Eigen eigen = jacobi(covariance_of(x, d));
    const std::vector<double> mean = mean_of(x, d);
    for (size_t j = 0; j < d; ++j) {
      EXPECT_NEAR(p.at("pca/mean")[j], mean[j], kRounded);
      for (size_t i = 0; i < d; ++i) {
        EXPECT_NEAR(p.at("pca/directions")[j * d + i], eigen.vectors[i][j], kRounded);
      }
    }
  }
}

TEST(Pca, TheErrorIsTheSumOfTheVariancesLeftOut) {
  const std::vector<float> x = items(50, 6);
  const Eigen eigen = jacobi(covariance_of(x, 6));
  for (int64_t latent : {1, 2, 4, 6}) {
    const ModelSetup setup = setup_of("pca", 6, latent);
    const std::vector<double> decoded =
        run(reconstruct_graph(setup, Draw::kNone), fitted(setup, x), "mean", doubles(x), 6);
    double error = 0, left = 0;
    for (size_t i = 0; i < x.size(); ++i) error += std::pow(x[i] - decoded[i], 2) / 50;
    for (size_t i = static_cast<size_t>(latent); i < 6; ++i) left += eigen.values[i];
    EXPECT_NEAR(error, left, kRounded) << latent;
  }
}

TEST(Pca, AllComponentsGiveTheItemsBack) {
  const std::vector<float> x = items(30, 4);
  const ModelSetup setup = setup_of("pca", 4, 4);
  const std::vector<double> decoded =
      run(reconstruct_graph(setup, Draw::kNone), fitted(setup, x), "mean", doubles(x), 4);
  for (size_t i = 0; i < x.size(); ++i) EXPECT_NEAR(decoded[i], x[i], 10 * kRounded);
}

TEST(Pca, MoreComponentsThanTheRankAreRefusedWithTheRank) {
  std::vector<float> x;  // three columns, one direction
  for (int i = 0; i < 20; ++i) {
    for (int j = 1; j <= 3; ++j) x.push_back(static_cast<float>(i * j));
  }
  std::string text;
  EXPECT_EQ(code_of([&] { fitted(setup_of("pca", 3, 2), x); }, &text), ErrorCode::kBadValue);
  EXPECT_NE(text.find("in 1 direction only"), std::string::npos) << text;
  EXPECT_NE(text.find("--latent 1"), std::string::npos) << text;
  EXPECT_EQ(code_of([&] { fitted(setup_of("pca", 3, 1), x); }), ErrorCode::kInternal);
  const std::vector<float> few = items(3, 6);  // three items span a plane
  EXPECT_EQ(code_of([&] { fitted(setup_of("pca", 6, 3), few); }, &text), ErrorCode::kBadValue);
  EXPECT_NE(text.find("in 2 directions only"), std::string::npos) << text;
  const std::vector<float> alike(30, 0.25f);
  EXPECT_EQ(code_of([&] { fitted(setup_of("pca", 3, 1), alike); }), ErrorCode::kImpossible);
}

TEST(Pca, ALearnedSigmaAndAnotherLikelihoodAreRefused) {
  for (const char* sigma : {"learned", "per_dimension"}) {
    EXPECT_EQ(code_of([&] { abilities_of(setup_of("pca", 3, 1, sigma)); }), ErrorCode::kConflict);
  }
  EXPECT_EQ(code_of([&] { abilities_of(setup_of("ppca", 3, 1, "per_dimension")); }),
            ErrorCode::kConflict);
  for (const ModelDef& def : all_models()) {
    for (const std::string& likelihood : all_likelihoods().names()) {
      ModelSetup setup = setup_of(std::string(def.name), 3, 1, "1");
      setup.own.texts["model.hidden"] = "2";
      setup.model.likelihood = likelihood;
      if (def.needs_labels) setup.data.classes = {"a", "b"};
      setup.data.fields = {{.min = 0, .max = 1, .standard_deviation = 0.3, .integer = true}};
      EXPECT_EQ(code_of([&] { abilities_of(setup); }),
                def.allows(likelihood) ? ErrorCode::kInternal : ErrorCode::kConflict)
          << def.name << " " << likelihood;
    }
  }
}

TEST(Pca, AConditionIsRefused) {
  for (const char* model : {"pca", "ppca", "logistic_pca"}) {
    ModelSetup setup = setup_of(model, 3, 1, "1");
    setup.data.condition.classes = {"a", "b"};
    EXPECT_EQ(code_of([&] { abilities_of(setup); }), ErrorCode::kConflict) << model;
  }
}

TEST(Pca, HasNoTrainingGraph) {
  GraphBuilder g;
  EXPECT_EQ(code_of([&] { build_training(g, setup_of("pca", 3, 1)); }), ErrorCode::kImpossible);
}

TEST(Ppca, SigmaIsTheMeanOfTheVariancesLeftOut) {
  const std::vector<float> x = items(60, 5);
  const Eigen eigen = jacobi(covariance_of(x, 5));
  const LeafValues p = fitted(setup_of("ppca", 5, 2, "learned"), x);
  const double variance = (eigen.values[2] + eigen.values[3] + eigen.values[4]) / 3;
  EXPECT_NEAR(std::exp(2 * p.at("likelihood/log_sigma")[0]), variance, kRounded);
  for (size_t i = 0; i < 2; ++i) EXPECT_NEAR(p.at("ppca/variances")[i], eigen.values[i], 1e-5);
}

/// W W' + s^2 I of the parameters of a fit.
Matrix model_covariance(const LeafValues& p, size_t d, size_t z, double variance) {
  const std::vector<double>& w = p.at("ppca/weight");
  Matrix c = square(d);
  for (size_t a = 0; a < d; ++a) {
    for (size_t b = 0; b < d; ++b) {
      for (size_t i = 0; i < z; ++i) c[a][b] += w[a * z + i] * w[b * z + i];
    }
    c[a][a] += variance;
  }
  return c;
}

TEST(Ppca, LogProbIsTheNormalWithItsCovariance) {
  const std::vector<float> train = items(60, 5), other = items(7, 5);
  for (const char* sigma : {"learned", "0.4"}) {
    const ModelSetup setup = setup_of("ppca", 5, 2, sigma);
    const LeafValues p = fitted(setup, train);
    const bool learned = sigma == std::string("learned");
    const double variance = learned ? std::exp(2 * p.at("likelihood/log_sigma")[0]) : 0.16;
    const Matrix covariance = model_covariance(p, 5, 2, variance);
    const std::vector<double> log_prob =
        run(evaluation_graph(setup), p, "log_prob", doubles(other), 5);
    for (size_t i = 0; i < 7; ++i) {
      std::vector<double> r(5);
      for (size_t j = 0; j < 5; ++j) r[j] = other[i * 5 + j] - p.at("ppca/mean")[j];
      EXPECT_NEAR(log_prob[i], log_normal(covariance, r), 2e-5);
    }
  }
}

/// Tipping & Bishop 1999, eq. 4 and 8: at its maximum the trace term of the training items is D.
TEST(Ppca, TrainingLogLikelihoodHasTheClosedForm) {
  const std::vector<float> x = items(60, 5);
  const ModelSetup setup = setup_of("ppca", 5, 2, "learned");
  const std::vector<double> log_prob =
      run(evaluation_graph(setup), fitted(setup, x), "log_prob", doubles(x), 5);
  const std::vector<double> l = jacobi(covariance_of(x, 5)).values;
  const double closed = -0.5 * (5 * std::log(2 * std::numbers::pi) + std::log(l[0]) +
                                std::log(l[1]) + 3 * std::log((l[2] + l[3] + l[4]) / 3) + 5);
  EXPECT_NEAR(std::accumulate(log_prob.begin(), log_prob.end(), 0.0) / 60, closed, 1e-5);
}

TEST(Ppca, EveryImportanceWeightIsLogP) {
  const std::vector<float> train = items(60, 5), other = items(7, 5);
  const ModelSetup setup = setup_of("ppca", 5, 3, "learned");
  const LeafValues p = fitted(setup, train);
  const std::vector<double> log_prob =
      run(evaluation_graph(setup), p, "log_prob", doubles(other), 5);
  const std::vector<double> log_w = run(importance_graph(setup, 4), p, "log_w", doubles(other), 5);
  for (size_t i = 0; i < log_w.size(); ++i) EXPECT_NEAR(log_w[i], log_prob[i / 4], 2e-5);
}

/// -(reconstruction + kl) is quadratic in the noise: three points of Gauss and Hermite per latent
/// integrate it exactly.
TEST(Ppca, TheElboIsLogP) {
  const std::vector<float> train = items(60, 4), other = items(1, 4);
  const ModelSetup setup = setup_of("ppca", 4, 2, "learned");
  const LeafValues p = fitted(setup, train);
  const double points[] = {-std::sqrt(3.0), 0, std::sqrt(3.0)},
               weights[] = {1. / 6, 2. / 3, 1. / 6};
  const Graph graph = evaluation_graph(setup);
  double elbo = 0, log_prob = 0;
  for (size_t a = 0; a < 3; ++a) {
    for (size_t b = 0; b < 3; ++b) {
      LeafValues leaves = p;
      leaves["x"] = doubles(other);
      leaves["posterior"] = {points[a], points[b]};
      const ReferenceRun at = run_reference(graph, 1, leaves);
      elbo -=
          weights[a] * weights[b] * (at.output("reconstruction").data[0] + at.output("kl").data[0]);
      log_prob = at.output("log_prob").data[0];
    }
  }
  EXPECT_NEAR(elbo, log_prob, 1e-5);
}

TEST(Ppca, TheDensityIntegratesToOneOnALineAndInAPlane) {
  constexpr double kStep = 0.05, kReach = 30;
  std::vector<double> grid;
  for (double v = -kReach; v <= kReach; v += kStep) grid.push_back(v);
  const ModelSetup line = setup_of("ppca", 1, 1, "0.3");
  double sum = 0;
  for (double l : run(evaluation_graph(line), fitted(line, items(40, 1)), "log_prob", grid, 1)) {
    sum += std::exp(l) * kStep;
  }
  EXPECT_NEAR(sum, 1, kRounded);
  const ModelSetup plane = setup_of("ppca", 2, 1, "learned");
  const LeafValues p = fitted(plane, items(40, 2));
  const Graph graph = evaluation_graph(plane);
  constexpr double kWide = 0.2;
  sum = 0;
  for (double a = -20; a <= 20; a += kWide) {
    std::vector<double> x;
    for (double b = -20; b <= 20; b += kWide) x.insert(x.end(), {a, b});
    for (double l : run(graph, p, "log_prob", x, 2)) sum += std::exp(l) * kWide * kWide;
  }
  EXPECT_NEAR(sum, 1, kRounded);
}

TEST(Ppca, WithoutNoiseItIsRefusedUnlessSigmaIsGiven) {
  std::vector<float> x;  // a plane in three dimensions
  for (int i = 0; i < 20; ++i) {
    const float a = static_cast<float>(i % 5), b = static_cast<float>(i % 7);
    x.insert(x.end(), {a, b, a + b});
  }
  std::string text;
  EXPECT_EQ(code_of([&] { fitted(setup_of("ppca", 3, 2, "learned"), x); }, &text),
            ErrorCode::kImpossible);
  EXPECT_NE(text.find("--latent 1"), std::string::npos) << text;
  EXPECT_EQ(code_of([&] { fitted(setup_of("ppca", 3, 2, "0.1"), x); }), ErrorCode::kInternal);
  EXPECT_EQ(code_of([&] { fitted(setup_of("ppca", 3, 1, "learned"), x); }), ErrorCode::kInternal);
}

TEST(Ppca, SigmaIsNotBelowTheRoundingOfTheValues) {
  ModelSetup setup = setup_of("ppca", 3, 1, "learned");
  setup.data.rounding = {0.3, 0.4, 0.5};
  const double floor = std::sqrt((0.09 + 0.16 + 0.25) / 3);
  EXPECT_DOUBLE_EQ(least_sigma(setup).at(0), floor);
  std::vector<float> x;
  for (int i = 0; i < 20; ++i) {
    for (int j = 1; j <= 3; ++j) x.push_back(static_cast<float>(i * j));
  }
  const LeafValues p = fitted(setup, x);
  EXPECT_NEAR(sigma_value(p.at("likelihood/log_sigma")[0], floor), floor, 1e-6);
}

TEST(LogisticPca, BeginsAtTheMeansOfTheValues) {
  std::vector<float> x;
  for (int i = 0; i < 40; ++i) x.insert(x.end(), {i % 4 == 0 ? 1.f : 0.f, i % 10 == 0 ? 0.f : 1.f});
  const ModelSetup setup = setup_of("logistic_pca", 2, 1);
  GraphBuilder g;
  NamedTensors first;
  const ModelBuild b = start_build(g, setup, Mode::kTraining);
  make_parts(b).initialise({.setup = setup, .rows = rows_of(x, 2)}, first);
  LeafValues leaves;
  for (const auto& [name, tensor] : first) {
    leaves[name].assign(tensor.values<float>().begin(), tensor.values<float>().end());
  }
  leaves["logistic_pca/weight"] = {0.7, -0.2};
  const std::vector<double> decoded =
      run(reconstruct_graph(setup, Draw::kNone), leaves, "mean", {0.25, 0.9}, 2);
  EXPECT_NEAR(decoded[0], 0.25, kRounded);
  EXPECT_NEAR(decoded[1], 0.9, kRounded);
}

}  // namespace
}  // namespace isthmus
