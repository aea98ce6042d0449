// SPDX-License-Identifier: Apache-2.0
// Mixtures of normals against what is known of them: the normal of the items, steps of EM written
// out, integrals on grids, moments of draws.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "isthmus/models/normal_mixture.h"
#include "isthmus/testing/fitted_model.h"
#include "isthmus/testing/jacobi.h"

namespace isthmus {
namespace {

using Doubles = std::vector<double>;
constexpr const char* kKinds[] = {"full", "diagonal", "spherical", "tied"};

ModelSetup gmm_setup(int64_t width, const std::string& components,
                     const std::string& covariance = "full") {
  return {.model = {.name = "gmm", .likelihood = "gaussian"},
          .own = {.texts = {{"model.components", components}, {"model.covariance", covariance}}},
          .data = {.item_shape = {width}}};
}

/// Two clusters of unlike shapes, a third and two thirds of the items.
std::vector<float> two_clusters(int64_t count) {
  std::vector<float> x;
  for (int64_t i = 0; i < count; ++i) {
    const Doubles z = normal_values("cluster " + std::to_string(i), 2);
    const bool first = i % 3 == 0;
    x.push_back(static_cast<float>(first ? -3 + 0.3 * z[0] : 2 + z[0]));
    x.push_back(static_cast<float>(first ? 1 + z[1] : -1 + 0.8 * z[0] + 0.3 * z[1]));
  }
  return x;
}

Doubles doubles(const std::vector<float>& x) { return {x.begin(), x.end()}; }

double mean_value(const Doubles& v) {
  return std::accumulate(v.begin(), v.end(), 0.0) / static_cast<double>(v.size());
}

ErrorCode code_of(const std::function<void()>& action, std::string* text = nullptr) {
  try {
    action();
  } catch (const Error& error) {
    if (text != nullptr) *text = error.message() + " | " + error.hint();
    return error.code();
  }
  return ErrorCode::kInternal;
}

/// -1/2 (D log 2 pi + log |S| + D): the mean log density of items under their own normal.
double log_prob_of_own_normal(const std::vector<float>& x, size_t d) {
  double sum = 0;
  for (double v : jacobi(covariance_of(x, d)).values) {
    sum -= 0.5 * (std::log(2 * std::numbers::pi * v) + 1);
  }
  return sum;
}

TEST(Gmm, OneFullComponentIsTheNormalOfTheItems) {
  for (int64_t width : {1, 2, 5}) {
    const std::vector<float> x = items(200, width);
    for (const char* kind : {"full", "tied"}) {
      const Fitted f = fitted(gmm_setup(width, "1", kind), x);
      EXPECT_NEAR(mean_value(f.log_prob(doubles(x))),
                  log_prob_of_own_normal(x, static_cast<size_t>(width)), 1e-4);
    }
  }
}

TEST(Gmm, IntegratesToOneOnALineAndOnAPlane) {
  for (const char* kind : kKinds) {
    const Fitted line = fitted(gmm_setup(1, "3", kind), items(120, 1));
    const Fitted plane = fitted(gmm_setup(2, "2", kind), two_clusters(150));
    Doubles xs, points;
    for (int i = -1200; i <= 1200; ++i) xs.push_back(0.01 * i);
    for (int i = -80; i <= 80; ++i) {
      for (int j = -80; j <= 80; ++j) {
        points.push_back(0.1 * i);
        points.push_back(0.1 * j);
      }
    }
    double one = 0, two = 0;
    for (double log_p : line.log_prob(xs)) one += 0.01 * std::exp(log_p);
    for (double log_p : plane.log_prob(points)) two += 0.01 * std::exp(log_p);
    EXPECT_NEAR(one, 1, 1e-3) << kind;
    EXPECT_NEAR(two, 1, 5e-3) << kind;
  }
}

/// One step of EM written out, from a mixture whose components all have the same full covariance.
struct Step {
  Doubles weight, mean;
  std::vector<Doubles> covariance;
};
Step written_out(const FittedNormals& from, const std::vector<float>& x, const Doubles& centre) {
  const size_t d = from.width, count = from.components, items = x.size() / d;
  Step step{.weight = Doubles(count), .mean = Doubles(count * d)};
  step.covariance.assign(count, Doubles(d * d));
  std::vector<Doubles> r(items, Doubles(count));
  for (size_t i = 0; i < items; ++i) {
    double total = 0;
    for (size_t c = 0; c < count; ++c) {
      double square = 0;  // |(x - m) U^-1|^2 by substitution, one component after the other
      Doubles y(d);
      for (size_t j = 0; j < d; ++j) {
        double rest = x[i * d + j] - centre[j] - from.mean[c * d + j];
        for (size_t k = 0; k < j; ++k) rest -= y[k] * from.factor[k * d + j];
        y[j] = rest / from.factor[j * d + j];
        square += y[j] * y[j];
      }
      total += r[i][c] = from.weight[c] * std::exp(-square / 2);
    }
    for (size_t c = 0; c < count; ++c) step.weight[c] += r[i][c] /= total;
  }
  for (size_t c = 0; c < count; ++c) {
    const auto from_centre = [&](size_t i, size_t j) { return x[i * d + j] - centre[j]; };
    for (size_t i = 0; i < items; ++i) {
      for (size_t j = 0; j < d; ++j) {
        step.mean[c * d + j] += r[i][c] * from_centre(i, j) / step.weight[c];
      }
    }
    for (size_t i = 0; i < items; ++i) {
      for (size_t j = 0; j < d * d; ++j) {
        step.covariance[c][j] += r[i][c] / step.weight[c] *
                                 (from_centre(i, j / d) - step.mean[c * d + j / d]) *
                                 (from_centre(i, j % d) - step.mean[c * d + j % d]);
      }
    }
  }
  return step;
}

TEST(Gmm, AStepOfEmIsTheOneWrittenOut) {
  const std::vector<float> x = two_clusters(60);
  const Doubles centre = mean_of(x, 2), covariance = {2, 0.5, 0.5, 1}, none = {0, 0};
  for (Covariance kind : {Covariance::kFull, Covariance::kTied}) {
    const FittedNormals from = first_normals(kind, {20, 40}, {-3, 1, 1, -1}, covariance);
    const ModelSetup setup = gmm_setup(2, "2", covariance_word(kind));
    const Sums sums = reference_pass(expectation_graph(setup, kind, 2), x, 2)(
        expectation_parameters(from, centre), 0);
    const FittedNormals to = maximised(from, sums, none);
    const Step step = written_out(from, x, centre);
    Doubles pooled(4);
    for (size_t c = 0; c < 2; ++c) {
      EXPECT_NEAR(to.weight[c], step.weight[c], 1e-4);
      for (size_t j = 0; j < 2; ++j) {
        EXPECT_NEAR(to.mean[c * 2 + j], step.mean[c * 2 + j], 1e-5);
      }
      for (size_t j = 0; j < 4; ++j) pooled[j] += step.weight[c] / 60 * step.covariance[c][j];
    }
    for (size_t c = 0; c < (kind == Covariance::kFull ? 2 : 1); ++c) {
      const double* u = to.factor.data() + 4 * c;
      const Doubles expected = kind == Covariance::kFull ? step.covariance[c] : pooled;
      EXPECT_NEAR(u[0] * u[0], expected[0], 1e-5);
      EXPECT_NEAR(u[0] * u[1], expected[1], 1e-5);
      EXPECT_NEAR(u[1] * u[1] + u[3] * u[3], expected[3], 1e-5);
    }
  }
}

TEST(Gmm, DiagonalAndSphericalStepsAreThoseOfAxesThatAreNotTurned) {
  const std::vector<float> x = two_clusters(60);
  const Doubles centre = mean_of(x, 2), none = {0, 0};
  const Step step = written_out(
      first_normals(Covariance::kTied, {20, 40}, {-3, 1, 1, -1}, {1.5, 0, 0, 1.5}), x, centre);
  for (Covariance kind : {Covariance::kDiagonal, Covariance::kSpherical}) {
    const FittedNormals from = first_normals(kind, {20, 40}, {-3, 1, 1, -1}, {1.5, 1.5});
    const ModelSetup setup = gmm_setup(2, "2", covariance_word(kind));
    const Sums sums = reference_pass(expectation_graph(setup, kind, 2), x, 2)(
        expectation_parameters(from, centre), 0);
    const FittedNormals to = maximised(from, sums, none);
    for (size_t c = 0; c < 2; ++c) {
      const Doubles variance = {step.covariance[c][0], step.covariance[c][3]};
      for (size_t j = 0; j < 2; ++j) {
        const bool own = kind == Covariance::kDiagonal;
        EXPECT_NEAR(to.mean[c * 2 + j], step.mean[c * 2 + j], 1e-5);
        EXPECT_NEAR(std::pow(to.factor[c * 2 + j], 2),
                    own ? variance[j] : (variance[0] + variance[1]) / 2, 1e-5);
      }
    }
  }
}

TEST(Gmm, BicFindsTheTwoClustersOfTheItems) {
  const Fitted f = fitted(gmm_setup(2, "auto", "auto"), two_clusters(300));
  EXPECT_EQ(f.setup.own.texts.at("model.components"), "2");
  EXPECT_EQ(f.setup.own.texts.at("model.covariance"), "full");
  ASSERT_EQ(f.report.facts.front().first, "bic");
  const Doubles log_p = f.log_prob(doubles(two_clusters(300)));
  const double bic = -2 * std::accumulate(log_p.begin(), log_p.end(), 0.0) + 11 * std::log(300.0);
  EXPECT_NEAR(f.report.facts.front().second, bic, 0.1);
  EXPECT_GT(mean_value(log_p), log_prob_of_own_normal(two_clusters(300), 2) + 0.5);
}

TEST(Gmm, DrawsHaveTheMomentsOfTheItems) {
  const std::vector<float> x = two_clusters(300);
  const Doubles mean = mean_of(x, 2);
  const Matrix covariance = covariance_of(x, 2);
  const int64_t rows = 4000;
  for (const char* kind : kKinds) {
    const Fitted f = fitted(gmm_setup(2, "2", kind), x);
    const Doubles drawn = f.draws(rows);
    const std::vector<float> as_floats(drawn.begin(), drawn.end());
    const Doubles own = mean_of(as_floats, 2);
    const Matrix spread = covariance_of(as_floats, 2);
    for (size_t j = 0; j < 2; ++j) {
      EXPECT_NEAR(own[j], mean[j], 5 * std::sqrt(covariance[j][j] / double(rows))) << kind;
    }
    // EM leaves the covariance of all items what it is where each component has one of its own.
    if (std::string(kind) != "full" && std::string(kind) != "tied") continue;
    for (size_t j = 0; j < 2; ++j) {
      for (size_t k = 0; k < 2; ++k) {
        const double error = std::sqrt(3 * covariance[j][j] * covariance[k][k] / double(rows));
        EXPECT_NEAR(spread[j][k], covariance[j][k], 5 * error) << kind;
      }
    }
  }
}

TEST(Gmm, SeedDecides) {
  const std::vector<float> x = items(80, 3);
  const ModelSetup setup = gmm_setup(3, "5");
  const auto weights = [&](uint64_t seed) {
    const Fitted f = fitted(setup, x, seed);
    const std::span<const float> w = f.parameters.at("mixture/log_weight").values<float>();
    return std::vector<float>(w.begin(), w.end());
  };
  EXPECT_EQ(weights(1), weights(1));
  EXPECT_NE(weights(1), weights(2));
}

TEST(Gmm, ValuesThatAreRoundedLeaveNoDensityWithoutBound) {
  std::vector<float> x;  // two levels in the second column
  for (int i = 0; i < 100; ++i) {
    x.push_back(static_cast<float>(normal_values("rounded " + std::to_string(i), 1)[0]));
    x.push_back(static_cast<float>(i % 2));
  }
  ModelSetup setup = gmm_setup(2, "2");
  const double reals = mean_value(fitted(setup, x).log_prob(doubles(x)));
  setup.data.rounding = {0, std::sqrt(1.0 / 12)};
  const double rounded = mean_value(fitted(setup, x).log_prob(doubles(x)));
  EXPECT_GT(reals, rounded + 3);
  EXPECT_LT(rounded, 0);
}

TEST(Gmm, RefusesWhatCannotBeFitted) {
  std::string text;
  EXPECT_EQ(code_of([] { fitted(gmm_setup(2, "7"), items(5, 2)); }, &text), ErrorCode::kBadValue);
  EXPECT_NE(text.find("model.components = 7 is more than the 5 training items"), std::string::npos)
      << text;
  const std::vector<float> alike(20, 0.25f);
  EXPECT_EQ(code_of([&] { fitted(gmm_setup(2, "2"), alike); }, &text), ErrorCode::kImpossible);
  EXPECT_NE(text.find("are all alike"), std::string::npos) << text;
  EXPECT_EQ(code_of([] { fitted(gmm_setup(2, "1"), items(1, 2)); }), ErrorCode::kImpossible);
  for (const char* components : {"0", "-3", "1e9", "many"}) {
    EXPECT_EQ(code_of([&] { fitted(gmm_setup(2, components), items(20, 2)); }),
              ErrorCode::kBadValue)
        << components;
  }
}

TEST(Gmm, SingularItemsHaveAFiniteDensity) {
  std::vector<float> line;  // three columns, one direction, and items that are there twice
  for (int i = 0; i < 40; ++i) {
    for (int j = 1; j <= 3; ++j) line.push_back(static_cast<float>(i / 2 * j));
  }
  for (const char* kind : kKinds) {
    const Fitted f = fitted(gmm_setup(3, "4", kind), line);
    for (double log_p : f.log_prob(doubles(line))) EXPECT_TRUE(std::isfinite(log_p)) << kind;
  }
}

}  // namespace
}  // namespace isthmus
