// SPDX-License-Identifier: Apache-2.0
// Clusters against distances written out.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "isthmus/prob/categorical.h"
#include "isthmus/testing/fitted_model.h"
#include "isthmus/testing/jacobi.h"

namespace isthmus {
namespace {

using Doubles = std::vector<double>;

ModelSetup kmeans_setup(int64_t width, int64_t clusters) {
  return {.model = {.name = "kmeans", .likelihood = "gaussian"},
          .own = {.texts = {{"model.clusters", std::to_string(clusters)}}},
          .data = {.item_shape = {width}}};
}

Doubles centres_of(const Fitted& f) {
  const std::span<const float> mean = f.parameters.at("kmeans/mean").values<float>();
  Doubles centres;
  for (float v : f.parameters.at("kmeans/centres").values<float>()) {
    centres.push_back(static_cast<double>(v) +
                      static_cast<double>(mean[centres.size() % mean.size()]));
  }
  return centres;
}

size_t nearest_to(const double* x, const Doubles& centres, size_t d) {
  size_t best = 0;
  double least = INFINITY;
  for (size_t c = 0; c < centres.size() / d; ++c) {
    double square = 0;
    for (size_t j = 0; j < d; ++j) square += std::pow(x[j] - centres[c * d + j], 2);
    if (square < least) {
      least = square;
      best = c;
    }
  }
  return best;
}

TEST(Kmeans, EachCentreIsTheMeanOfTheItemsThatItIsNearestTo) {
  const std::vector<float> x = items(200, 3);
  const Fitted f = fitted(kmeans_setup(3, 6), x);
  const Doubles centres = centres_of(f), all(x.begin(), x.end());
  Doubles sums(centres.size()), counts(6);
  for (size_t i = 0; i < 200; ++i) {
    const size_t c = nearest_to(all.data() + 3 * i, centres, 3);
    for (size_t j = 0; j < 3; ++j) sums[c * 3 + j] += all[i * 3 + j];
    counts[c] += 1;
  }
  for (size_t i = 0; i < sums.size(); ++i) EXPECT_NEAR(sums[i] / counts[i / 3], centres[i], 1e-5);
}

TEST(Kmeans, TheCodeIsOneAtTheNearestCentreWhichComesBack) {
  const std::vector<float> x = items(90, 2);
  const Fitted f = fitted(kmeans_setup(2, 7), x);
  const Doubles centres = centres_of(f), all(x.begin(), x.end());
  const Graph graph = reconstruct_graph(f.setup, Draw::kNone);
  const Doubles code = f.run(graph, all, "posterior_mean"), back = f.run(graph, all, "mean");
  for (size_t i = 0; i < 90; ++i) {
    const size_t c = nearest_to(all.data() + 2 * i, centres, 2);
    for (size_t k = 0; k < 7; ++k) EXPECT_EQ(code[i * 7 + k], k == c ? 1 : 0);
    for (size_t j = 0; j < 2; ++j) EXPECT_NEAR(back[i * 2 + j], centres[c * 2 + j], 1e-5);
  }
}

TEST(Kmeans, FindsClustersThatAreFarApart) {
  std::vector<float> x;
  for (int i = 0; i < 120; ++i) {
    const Doubles z = normal_values("far " + std::to_string(i), 2);
    x.push_back(static_cast<float>(20 * (i % 4) + 0.1 * z[0]));
    x.push_back(static_cast<float>(10 * (i % 2) + 0.1 * z[1]));
  }
  const Doubles centres = centres_of(fitted(kmeans_setup(2, 4), x));
  std::set<int> found;
  for (size_t c = 0; c < 4; ++c) found.insert(static_cast<int>(std::lround(centres[2 * c] / 20)));
  EXPECT_EQ(found, (std::set<int>{0, 1, 2, 3}));
}

TEST(Kmeans, AsManyCentresAsItemsLeaveNoError) {
  const std::vector<float> x = items(12, 2);
  const Fitted f = fitted(kmeans_setup(2, 12), x);
  const Doubles all(x.begin(), x.end());
  const Doubles back = f.run(reconstruct_graph(f.setup, Draw::kNone), all, "mean");
  for (size_t i = 0; i < all.size(); ++i) EXPECT_NEAR(back[i], all[i], 1e-5);
}

TEST(Kmeans, ItemsThatAreThereOftenLeaveCentresOver) {
  std::vector<float> x;  // three places, five centres
  for (int i = 0; i < 60; ++i) x.push_back(static_cast<float>(i % 3));
  const Fitted f = fitted(kmeans_setup(1, 5), x);
  const Doubles all(x.begin(), x.end());
  const Doubles back = f.run(reconstruct_graph(f.setup, Draw::kNone), all, "mean");
  for (size_t i = 0; i < all.size(); ++i) EXPECT_NEAR(back[i], all[i], 1e-6);
}

TEST(Kmeans, OfEqualScoresTheFirstIsTheLargest) {
  for (int64_t count : {1, 2, 3, 5, 8}) {
    GraphBuilder g;
    g.output("largest", largest_class(g, g.input("x", {count})));
    const Graph graph = std::move(g).finish();
    for (int64_t a = 0; a < count; ++a) {
      for (int64_t b = a; b < count; ++b) {
        Doubles x(static_cast<size_t>(count), -3);
        x[size_t(a)] = x[size_t(b)] = 2;
        const Doubles found = run_reference(graph, 1, {{"x", x}}).output("largest").data;
        EXPECT_EQ(found, (Doubles{static_cast<double>(a)}));
      }
    }
  }
}

ErrorCode code_of(const ModelSetup& setup, const std::vector<float>& x) {
  try {
    fitted(setup, x);
  } catch (const Error& error) {
    return error.code();
  }
  return ErrorCode::kInternal;
}

TEST(Kmeans, RefusesWhatCannotBeFitted) {
  EXPECT_EQ(code_of(kmeans_setup(2, 6), items(5, 2)), ErrorCode::kBadValue);
  EXPECT_EQ(code_of(kmeans_setup(2, 2), std::vector<float>(20, 0.25f)), ErrorCode::kImpossible);
  ModelSetup setup = kmeans_setup(2, 2);
  setup.own.texts["model.sigma"] = "learned";
  EXPECT_THROW(abilities_of(setup), Error);
}

}  // namespace
}  // namespace isthmus
