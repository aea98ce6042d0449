// SPDX-License-Identifier: Apache-2.0
// Likelihoods with known noise folded in, against the closed forms.
#include <cmath>
#include <numbers>

#include <gtest/gtest.h>

#include "isthmus/prob/likelihood.h"
#include "isthmus/testing/leaf_values.h"

namespace isthmus {
namespace {

/// One row: decoder outputs "p" and items "x", both of D values.
std::vector<double> log_probs(const std::string& name, const std::string& sigma, bool normal,
                              double level, const LeafValues& leaves) {
  GraphBuilder g;
  const auto width = static_cast<int64_t>(leaves.at("x").size());
  OwnOptions own;
  if (!sigma.empty()) own.texts["model.sigma"] = sigma;
  const Likelihood p =
      all_likelihoods().find(name).make(g, {.num_values = width, .min_sigma = {0.1}}, own);
  const auto& rule = normal ? p.log_prob_under_normal : p.log_prob_under_flips;
  g.output("plain", p.log_prob(g, g.input("p", {width}), g.input("x", {width})));
  g.output("noisy", rule(g, g.input("p2", {width}), g.input("x2", {width}), level));
  const Graph graph = std::move(g).finish();
  LeafValues all = leaves;
  all["p2"] = leaves.at("p");
  all["x2"] = leaves.at("x");
  const ReferenceRun run = run_reference(graph, 1, all);
  return {run.output("plain").data[0], run.output("noisy").data[0]};
}

TEST(KnownNoise, WidensTheGaussian) {
  const std::vector<double> means = {0.2, -0.7, 1.5}, x = {0.9, -1.1, 1.4};
  const std::vector<double> log_sigmas = {-0.5, 0.1, -2};
  for (const std::string sigma : {"0.4", "learned", "per_dimension"}) {
    LeafValues leaves = {{"p", means}, {"x", x}};
    if (sigma == "learned") leaves["likelihood/log_sigma"] = {log_sigmas[0]};
    if (sigma == "per_dimension") leaves["likelihood/log_sigma"] = log_sigmas;
    double expected = 0;
    for (size_t i = 0; i < x.size(); ++i) {
      const double own = sigma_value(log_sigmas[sigma == "learned" ? 0 : i], 0.1);
      const double variance = (sigma == "0.4" ? 0.16 : own * own) + 0.3 * 0.3;
      const double d = x[i] - means[i];
      expected -= 0.5 * (d * d / variance + std::log(2 * std::numbers::pi * variance));
    }
    EXPECT_NEAR(log_probs("gaussian", sigma, true, 0.3, leaves)[1], expected, 1e-6) << sigma;
  }
}

TEST(KnownNoise, OfFlipsIsAMassBetweenTheShares) {
  const std::vector<double> logits = {0.3, -2, 40};
  double total = 0;
  for (int bits = 0; bits < 8; ++bits) {
    std::vector<double> x;
    double expected = 0;
    for (size_t i = 0; i < 3; ++i) {
      x.push_back((bits >> i) & 1);
      const double p = 1 / (1 + std::exp(-logits[i])), one = 0.9 * p + 0.1 * (1 - p);
      expected += std::log(x.back() == 1 ? one : 1 - one);
    }
    const double log_p = log_probs("bernoulli", "", false, 0.1, {{"p", logits}, {"x", x}})[1];
    EXPECT_NEAR(log_p, expected, 1e-6);
    total += std::exp(log_p);
  }
  EXPECT_NEAR(total, 1, 1e-6);
}

TEST(KnownNoise, WithoutFlipsIsTheBernoulliItself) {
  const std::vector<double> both =
      log_probs("bernoulli", "", false, 1e-9, {{"p", {0.3, -2, 1}}, {"x", {1, 0, 0}}});
  EXPECT_NEAR(both[0], both[1], 1e-7);
}

TEST(KnownNoise, IsOfferedOnlyInClosedForm) {
  GraphBuilder g;
  const Likelihood continuous =
      all_likelihoods().find("continuous_bernoulli").make(g, {.num_values = 2}, {});
  EXPECT_FALSE(continuous.log_prob_under_normal);
  EXPECT_FALSE(continuous.log_prob_under_flips);
}

}  // namespace
}  // namespace isthmus
