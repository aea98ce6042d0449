// SPDX-License-Identifier: Apache-2.0
// Trees against all trees there are, and their draws against their density.
#include <gtest/gtest.h>

#include <cmath>

#include "isthmus/testing/fit_case.h"

namespace isthmus {
namespace {

constexpr double kRounded = 1e-5;
constexpr int kWidth = 4;

/// Bits where 2 copies 0, 1 copies 2 and 3 mostly opposes 1.
FitCase chained(int64_t count) {
  FitCase c{.setup = density_setup("chow_liu", kWidth, "bernoulli")};
  const std::vector<double> u = case_values("bits", kWidth * count, 0, 1);
  for (size_t i = 0; i < u.size(); i += kWidth) {
    const bool first = u[i] < 0.4, third = (u[i + 1] < 0.1) != first;
    const bool second = (u[i + 2] < 0.2) != third, fourth = (u[i + 3] < 0.75) != second;
    for (const bool bit : {first, second, third, fourth}) c.x.push_back(bit ? 1 : 0);
  }
  return c;
}

std::vector<double> log_probs(const FitCase& c, const LeafValues& p, const std::vector<double>& x) {
  return run_items(evaluation_graph(c.setup), p, "log_prob", x, kWidth);
}

TEST(ChowLiu, FindsTheChainThatMadeTheItems) {
  const std::vector<double> parent = fitted(chained(400)).at("tree/parent");
  EXPECT_EQ(parent, (std::vector<double>{0, 2, 0, 1}));
}

TEST(ChowLiu, SumsToOne) {
  const FitCase c = chained(50);
  EXPECT_NEAR(sum_of_exp(log_probs(c, fitted(c), all_bits(kWidth))), 1, kRounded);
}

/// Mean log p of the smoothed items under a tree: each pair table has one more item of each kind.
double fit_of(const FitCase& c, const std::vector<size_t>& parent) {
  const double items = static_cast<double>(c.x.size() / kWidth);
  double sum = 0;
  for (size_t j = 1; j < kWidth; ++j) {
    double n[2][2] = {{1, 1}, {1, 1}};
    for (size_t i = 0; i < c.x.size(); i += kWidth) ++n[c.x[i + parent[j]] == 1][c.x[i + j] == 1];
    const double all = items + 4, one = n[0][1] + n[1][1];
    for (size_t a : {0, 1}) {
      for (size_t b : {0, 1}) {
        const double pa = (n[a][0] + n[a][1]) / all, pb = (b == 1 ? one : all - one) / all;
        sum += n[a][b] / all * std::log(n[a][b] / all / (pa * pb));
      }
    }
  }
  return sum;
}

TEST(ChowLiu, NoOtherTreeSharesMoreInformation) {
  for (int64_t count : {5, 12, 60}) {
    const FitCase c = chained(count);
    const std::vector<double> found = fitted(c).at("tree/parent");
    const double best = fit_of(c, std::vector<size_t>(found.begin(), found.end()));
    for (int tree = 0; tree < 64; ++tree) {  // parents of 1, 2, 3
      const std::vector<size_t> parent = {0, static_cast<size_t>(tree % 4),
                                          static_cast<size_t>(tree / 4 % 4),
                                          static_cast<size_t>(tree / 16)};
      const auto reaches_root = [&](size_t j) {
        for (int step = 0; step < kWidth; ++step) j = parent[j];
        return j == 0;
      };
      if (!reaches_root(1) || !reaches_root(2) || !reaches_root(3)) continue;
      EXPECT_LE(fit_of(c, parent), best + 1e-12) << count << " " << tree;
    }
  }
}

TEST(ChowLiu, ConditionalsAreSmoothedByOneOfEachKind) {
  FitCase c{.setup = density_setup("chow_liu", 2, "bernoulli"), .x = {0, 0, 0, 0, 0, 1, 1, 1}};
  const LeafValues p = fitted(c);
  EXPECT_NEAR(p.at("tree/off")[1], std::log(2.0 / 3), kRounded);
  EXPECT_NEAR(p.at("tree/on")[1], std::log(2.0 / 1), kRounded);
  EXPECT_NEAR(p.at("tree/off")[0], std::log(2.0 / 4), kRounded);
  EXPECT_EQ(p.at("tree/on")[0], p.at("tree/off")[0]);
}

TEST(ChowLiu, OfGreyValuesIsTheExpectationOverTheirBits) {
  const FitCase c = chained(60);
  const LeafValues p = fitted(c);
  const std::vector<double> grey = {0.2, 0.9, 0.5, 0.35}, bits = all_bits(kWidth);
  const std::vector<double> log_p = log_probs(c, p, bits);
  double expected = 0;
  for (size_t i = 0; i < log_p.size(); ++i) {
    double weight = 1;
    for (size_t j = 0; j < kWidth; ++j) {
      weight *= bits[kWidth * i + j] == 1 ? grey[j] : 1 - grey[j];
    }
    expected += weight * log_p[i];
  }
  EXPECT_NEAR(log_probs(c, p, grey)[0], expected, kRounded);
}

TEST(ChowLiu, DrawsEndAndComeAsOftenAsTheDensitySays) {
  const FitCase c = chained(60);
  const LeafValues p = fitted(c);
  constexpr int64_t kDraws = 20000;
  const std::vector<double> x = run_draws(c.setup, p, kDraws);
  ASSERT_EQ(x.size(), static_cast<size_t>(kWidth * kDraws));
  std::vector<double> share(1 << kWidth);
  for (size_t i = 0; i < x.size(); i += kWidth) {
    size_t item = 0;
    for (size_t j = 0; j < kWidth; ++j) item += static_cast<size_t>(x[i + j]) << j;
    share[item] += 1.0 / kDraws;
  }
  const std::vector<double> log_p = log_probs(c, p, all_bits(kWidth));
  for (size_t i = 0; i < share.size(); ++i) {
    const double expected = std::exp(log_p[i]);
    EXPECT_NEAR(share[i], expected, 5 * std::sqrt(expected * (1 - expected) / kDraws)) << i;
  }
}

TEST(ChowLiu, OfOneValueAndOfConstantItemsIsADensity) {
  FitCase one{.setup = density_setup("chow_liu", 1, "bernoulli"), .x = {1, 1, 0}};
  EXPECT_NEAR(
      sum_of_exp(run_items(evaluation_graph(one.setup), fitted(one), "log_prob", {0, 1}, 1)), 1,
      kRounded);
  FitCase constant{.setup = density_setup("chow_liu", kWidth, "bernoulli"),
                   .x = std::vector<float>(40, 1)};
  EXPECT_NEAR(sum_of_exp(log_probs(constant, fitted(constant), all_bits(kWidth))), 1, kRounded);
}

}  // namespace
}  // namespace isthmus
