// SPDX-License-Identifier: Apache-2.0
// A mixture of Bernoulli products: a mass, a maximum, and what is refused.
#include <gtest/gtest.h>

#include <cmath>

#include "isthmus/testing/fit_case.h"

namespace isthmus {
namespace {

/// Items of five bits of two kinds: mostly 11000, mostly 00111, with one bit turned here and there.
FitCase two_kinds(const std::string& components, const std::string& passes = "40") {
  FitCase c{.setup = density_setup("bernoulli_mixture", 5, "bernoulli")};
  c.setup.own.texts = {{"model.components", components}, {"model.passes", passes}};
  for (int i = 0; i < 60; ++i) {
    for (int j = 0; j < 5; ++j) {
      const bool kind = i % 3 == 0, own = kind ? j < 2 : j >= 2, turned = i % 7 == j;
      c.x.push_back(own != turned ? 1 : 0);
    }
  }
  return c;
}

std::vector<double> all_items() {
  std::vector<double> all;
  for (int item = 0; item < 32; ++item) {
    for (int j = 0; j < 5; ++j) all.push_back(item >> j & 1);
  }
  return all;
}

double mean_log_prob(const FitCase& c) {
  const std::vector<double> x(c.x.begin(), c.x.end());
  const std::vector<double> log_p =
      run_items(evaluation_graph(c.setup), fitted(c), "log_prob", x, 5);
  double sum = 0;
  for (const double v : log_p) sum += v;
  return sum / static_cast<double>(log_p.size());
}

TEST(BernoulliMixture, SumsToOne) {
  const FitCase c = two_kinds("3");
  double sum = 0;
  for (const double v :
       run_items(evaluation_graph(c.setup), fitted(c), "log_prob", all_items(), 5)) {
    sum += std::exp(v);
  }
  EXPECT_NEAR(sum, 1, 1e-5);
}

TEST(BernoulliMixture, ItsBoundIsItsDensityWhateverTheDraw) {
  const FitCase c = two_kinds("3");
  const LeafValues parameters = fitted(c);
  const Graph graph = evaluation_graph(c.setup);
  const std::vector<double> exact = run_items(graph, parameters, "log_prob", all_items(), 5),
                            loss = run_items(graph, parameters, "reconstruction", all_items(), 5),
                            kl = run_items(graph, parameters, "kl", all_items(), 5);
  for (size_t i = 0; i < exact.size(); ++i) EXPECT_NEAR(-loss[i] - kl[i], exact[i], 1e-5) << i;
}

TEST(BernoulliMixture, OfOneComponentIsSmoothedMeans) {
  const FitCase c = two_kinds("1");
  double expected = 0;
  for (size_t j = 0; j < 5; ++j) {
    double ones = 0;
    for (size_t i = 0; i < 60; ++i) ones += static_cast<double>(c.x[5 * i + j]);
    const double m = (ones + 1) / 62;
    expected += (ones * std::log(m) + (60 - ones) * std::log(1 - m)) / 60;
  }
  EXPECT_NEAR(mean_log_prob(c), expected, 1e-5);
}

TEST(BernoulliMixture, PassesNeverLowerTheLikelihoodByMoreThanTheSmoothing) {
  double last = -INFINITY;
  for (const char* passes : {"1", "2", "4", "8", "16", "32"}) {
    const double now = mean_log_prob(two_kinds("2", passes));
    EXPECT_GT(now, last - 0.01) << passes;
    last = now;
  }
  EXPECT_GT(last, mean_log_prob(two_kinds("1")) + 0.5);  // the kinds were found
}

TEST(BernoulliMixture, MoreComponentsThanItemsAreRefused) {
  try {
    fitted(two_kinds("61"));
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kBadValue);
    EXPECT_EQ(error.where().key, "model.components");
  }
}

}  // namespace
}  // namespace isthmus
