// SPDX-License-Identifier: Apache-2.0
// Likelihoods on one value as tests ask for them: log probabilities, integrals, sums over levels
// and moments of draws, in double.
//
//   const Graph graph = one_value_graph("laplace");
//   DensityMoments m = density_moments(graph, {0.3, -0.7}, -40, 40);
//   expect_sample_moments(graph, {0.3, -0.7}, m.mean, m.variance);
#pragma once

#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "isthmus/prob/likelihood.h"
#include "isthmus/testing/leaf_values.h"

namespace isthmus {

inline OwnOptions with_sigma(const std::string& sigma) {
  return {.texts = {{"model.sigma", sigma}}};
}

/// Inputs "params" (P) and "x" (D); outputs log_prob, mean, sample and, where it is told,
/// variance.
inline Graph one_value_graph(const std::string& name, const LikelihoodSetup& setup = {},
                             const std::string& sigma = "learned") {
  GraphBuilder g;
  const Likelihood p = all_likelihoods().find(name).make(g, setup, with_sigma(sigma));
  Value params = g.input("params", {p.num_params});
  g.output("log_prob", p.log_prob(g, params, g.input("x", {setup.num_values})));
  const Value mean = p.mean(g, params);
  g.output("mean", mean);
  if (p.variance) g.output("variance", g.add(g.sub(mean, mean), p.variance(g, params)));
  g.output("sample", p.sample(g, params, "likelihood"));
  return std::move(g).finish();
}

/// Every x under the same parameters.
inline ReferenceRun run_at(const Graph& graph, const std::vector<double>& params,
                           const std::vector<double>& x) {
  LeafValues leaves = drawn_leaves(graph, static_cast<int64_t>(x.size()));
  leaves["params"].clear();
  for (size_t i = 0; i < x.size(); ++i) {
    leaves["params"].insert(leaves["params"].end(), params.begin(), params.end());
  }
  leaves["x"] = x;
  return run_reference(graph, static_cast<int64_t>(x.size()), leaves);
}

inline std::vector<double> log_probs(const Graph& graph, const std::vector<double>& params,
                                     const std::vector<double>& x) {
  return run_at(graph, params, x).output("log_prob").data;
}

/// Gauss-Legendre with five points on each of `pieces` equal parts.
inline double integral(
    double low, double high, int pieces,
    const std::function<std::vector<double>(const std::vector<double>&)>& density) {
  const double points[5] = {-0.9061798459386640, -0.5384693101056831, 0, 0.5384693101056831,
                            0.9061798459386640};
  const double weights[5] = {0.2369268850561891, 0.4786286704993665, 0.5688888888888889,
                             0.4786286704993665, 0.2369268850561891};
  std::vector<double> x;
  const double half = (high - low) / pieces / 2;
  for (int i = 0; i < pieces; ++i) {
    for (double p : points) x.push_back(low + half * (2 * i + 1 + p));
  }
  const std::vector<double> f = density(x);
  double sum = 0;
  for (size_t i = 0; i < f.size(); ++i) sum += half * weights[i % 5] * f[i];
  return sum;
}

struct DensityMoments {
  double total = 0, mean = 0, variance = 0;
};

inline DensityMoments density_moments(const Graph& graph, const std::vector<double>& params,
                                      double low, double high, int pieces = 200) {
  const auto moment = [&](double centre, int power) {
    return integral(low, high, pieces, [&](const std::vector<double>& x) {
      std::vector<double> f = log_probs(graph, params, x);
      for (size_t i = 0; i < x.size(); ++i) f[i] = std::exp(f[i]) * std::pow(x[i] - centre, power);
      return f;
    });
  };
  const double mean = moment(0, 1);
  return {moment(0, 0), mean, moment(mean, 2)};
}

/// Of a mass on `levels`.
inline DensityMoments mass_moments(const Graph& graph, const std::vector<double>& params,
                                   const std::vector<double>& levels) {
  const std::vector<double> log_prob = log_probs(graph, params, levels);
  DensityMoments m;
  for (size_t i = 0; i < levels.size(); ++i) {
    m.total += std::exp(log_prob[i]);
    m.mean += std::exp(log_prob[i]) * levels[i];
  }
  for (size_t i = 0; i < levels.size(); ++i) {
    m.variance += std::exp(log_prob[i]) * (levels[i] - m.mean) * (levels[i] - m.mean);
  }
  return m;
}

/// Draws agree with mean and variance within five standard errors.
inline void expect_sample_moments(const Graph& graph, const std::vector<double>& params,
                                  double mean, double variance, size_t draws = 20000) {
  const ReferenceRun run = run_at(graph, params, std::vector<double>(draws, 0.5));
  double sum = 0, squares = 0, fourth = 0;
  for (double v : run.output("sample").data) {
    const double d2 = (v - mean) * (v - mean);
    sum += v;
    squares += d2;
    fourth += d2 * d2;
  }
  const double n = static_cast<double>(draws);
  EXPECT_NEAR(sum / n, mean, 5 * std::sqrt(variance / n)) << "parameter " << params[0];
  const double spread = std::sqrt((fourth / n - squares * squares / n / n) / n);
  EXPECT_NEAR(squares / n, variance, 5 * spread + tolerance::kGoldenF64)
      << "parameter " << params[0];
}

/// The derivative of log p at the outputs, against differences, for some x.
inline void expect_output_gradients(const std::string& name, const LikelihoodSetup& setup,
                                    const std::vector<double>& params,
                                    const std::vector<double>& x) {
  GraphBuilder g;
  const Likelihood p = all_likelihoods().find(name).make(g, setup, with_sigma("learned"));
  const Value outputs = g.parameter("params", {p.num_params}, {});
  const Value objective = g.batch_sum(p.log_prob(g, outputs, g.input("x", {setup.num_values})));
  g.output("objective", objective);
  output_gradients(g, objective);
  const Graph graph = std::move(g).finish();
  LeafValues leaves;
  leaves["params"] = params;
  leaves["x"] = x;
  expect_gradients_equal_differences(graph, static_cast<int64_t>(x.size()) / setup.num_values,
                                     leaves);
}

}  // namespace isthmus
