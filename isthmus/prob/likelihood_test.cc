// SPDX-License-Identifier: Apache-2.0
// Likelihoods against integrals, moments of their draws and extreme inputs, in double.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "isthmus/prob/likelihood.h"
#include "isthmus/testing/leaf_values.h"

namespace isthmus {
namespace {

DataSpec pixel_spec() {
  return {.kind = DataKind::kImage,
          .item_shape = {2, 3},
          .dtype = Dtype::kU8,
          .fields = {{.min = 0,
                      .max = 255,
                      .mean = 70,
                      .standard_deviation = 90,
                      .step = 1,
                      .integer = true}},
          .scaling = {.kind = "unit", .shift = {0}, .scale = {1.0 / 255}}};
}

DataSpec real_spec(double low, double high) {
  return {.kind = DataKind::kArray,
          .item_shape = {3},
          .dtype = Dtype::kF32,
          .fields = {{.min = low, .max = high, .standard_deviation = 0.5}}};
}

OwnOptions with_sigma(const std::string& sigma) { return {.texts = {{"model.sigma", sigma}}}; }

/// Inputs "params" and "x", one value per item; outputs log_prob, mean and sample.
Graph one_value_graph(const std::string& name, const std::string& sigma = "learned") {
  GraphBuilder g;
  const LikelihoodSetup setup;
  const Likelihood p = all_likelihoods().find(name).make(g, setup, with_sigma(sigma));
  Value params = g.input("params", {setup.num_values});
  g.output("log_prob", p.log_prob(g, params, g.input("x", {setup.num_values})));
  g.output("mean", p.mean(g, params));
  g.output("sample", p.sample(g, params, "likelihood"));
  return std::move(g).finish();
}

ReferenceRun run_at(const Graph& graph, double param, const std::vector<double>& x) {
  LeafValues leaves = drawn_leaves(graph, static_cast<int64_t>(x.size()));
  leaves["params"].assign(x.size(), param);
  leaves["x"] = x;
  return run_reference(graph, static_cast<int64_t>(x.size()), leaves);
}

/// Gauss-Legendre with five points on each of `pieces` equal parts.
double integral(double low, double high, int pieces,
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

DensityMoments density_moments(const Graph& graph, double param, double low, double high) {
  const auto moment = [&](double centre, int power) {
    return integral(low, high, 200, [&](const std::vector<double>& x) {
      const ReferenceRun run = run_at(graph, param, x);
      std::vector<double> f;
      for (size_t i = 0; i < x.size(); ++i) {
        f.push_back(std::exp(run.output("log_prob").data[i]) * std::pow(x[i] - centre, power));
      }
      return f;
    });
  };
  const double mean = moment(0, 1);
  return {moment(0, 0), mean, moment(mean, 2)};
}

/// Draws agree with mean and variance within five standard errors.
void expect_sample_moments(const Graph& graph, double param, double mean, double variance) {
  constexpr size_t kDraws = 20000;
  const ReferenceRun run = run_at(graph, param, std::vector<double>(kDraws, 0.5));
  double sum = 0, squares = 0, fourth = 0;
  for (double v : run.output("sample").data) {
    const double d2 = (v - mean) * (v - mean);
    sum += v;
    squares += d2;
    fourth += d2 * d2;
  }
  const double n = static_cast<double>(kDraws);
  EXPECT_NEAR(sum / n, mean, 5 * std::sqrt(variance / n)) << "parameter " << param;
  const double spread = std::sqrt((fourth / n - squares * squares / n / n) / n);
  EXPECT_NEAR(squares / n, variance, 5 * spread + tolerance::kGoldenF64) << "parameter " << param;
}

TEST(Bernoulli, SumsToOneAndHasItsMean) {
  const Graph graph = one_value_graph("bernoulli");
  for (double logit : {-3.0, 0.0, 0.4, 5.0}) {
    const ReferenceRun run = run_at(graph, logit, {0, 1});
    const std::vector<double>& log_prob = run.output("log_prob").data;
    EXPECT_NEAR(std::exp(log_prob[0]) + std::exp(log_prob[1]), 1, tolerance::kGoldenF64);
    const double p = 1 / (1 + std::exp(-logit));
    EXPECT_NEAR(std::exp(log_prob[1]), p, tolerance::kGoldenF64);
    EXPECT_NEAR(run.output("mean").data[0], p, tolerance::kGoldenF64);
    expect_sample_moments(graph, logit, p, p * (1 - p));
  }
}

TEST(ContinuousBernoulli, IntegratesToOneForAllLogits) {
  const Graph graph = one_value_graph("continuous_bernoulli");
  for (double logit : {-30.0, -2.0, -0.5, -0.499, -1e-3, 0.0, 1e-6, 0.3, 0.5, 4.0, 25.0}) {
    const DensityMoments moments = density_moments(graph, logit, 0, 1);
    EXPECT_NEAR(moments.total, 1, 100 * tolerance::kGoldenF64) << logit;
    EXPECT_NEAR(run_at(graph, logit, {0.5}).output("mean").data[0], moments.mean,
                100 * tolerance::kGoldenF64)
        << logit;
  }
}

TEST(ContinuousBernoulli, DrawsHaveTheMomentsOfTheDensity) {
  const Graph graph = one_value_graph("continuous_bernoulli");
  for (double logit : {-8.0, -1.0, -5e-4, 0.0, 5e-4, 2.0, 12.0}) {
    const DensityMoments moments = density_moments(graph, logit, 0, 1);
    expect_sample_moments(graph, logit, moments.mean, moments.variance);
  }
}

TEST(ContinuousBernoulli, DrawsStayInsideTheUnitIntervalAtAnyLogit) {
  const Graph graph = one_value_graph("continuous_bernoulli");
  for (double logit : {-1e4, 1e4, 1e-30}) {
    const ReferenceRun run = run_at(graph, logit, std::vector<double>(50, 0));
    for (double v : run.output("sample").data) {
      EXPECT_GE(v, 0);
      EXPECT_LE(v, 1);
    }
  }
}

TEST(Gaussian, FixedSigmaIntegratesToOneAndHasItsMoments) {
  const Graph graph = one_value_graph("gaussian", "0.5");
  const DensityMoments moments = density_moments(graph, 0.3, -6, 6);
  EXPECT_NEAR(moments.total, 1, 100 * tolerance::kGoldenF64);
  EXPECT_NEAR(moments.mean, 0.3, 100 * tolerance::kGoldenF64);
  EXPECT_NEAR(moments.variance, 0.25, 100 * tolerance::kGoldenF64);
  expect_sample_moments(graph, 0.3, 0.3, 0.25);
}

TEST(Gaussian, FixedSigmaHasNoParameters) {
  EXPECT_EQ(one_value_graph("gaussian", "0.5").parameters().size(), 0u);
}

/// -1/2 sum (log 2 pi v + (x - m)^2 / v).
double log_prob_by_hand(const std::vector<double>& x, double mean,
                        const std::vector<double>& variance) {
  double sum = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    const double v = variance[i % variance.size()];
    sum -= 0.5 * (1.8378770664093454836 + std::log(v) + (x[i] - mean) * (x[i] - mean) / v);
  }
  return sum;
}

TEST(Gaussian, LearnedSigmasHaveTheirValueByHand) {
  const std::vector<double> x = {0.1, 0.9, -0.4};
  for (const std::string sigma : {"learned", "per_dimension"}) {
    GraphBuilder g;
    const Likelihood p = all_likelihoods()
                             .find("gaussian")
                             .make(g, {.num_values = 3, .min_sigma = {0.1}}, with_sigma(sigma));
    g.output("log_prob", p.log_prob(g, g.input("params", {3}), g.input("x", {3})));
    const Graph graph = std::move(g).finish();
    const std::vector<double> log_sigma =
        sigma == "learned" ? std::vector<double>{-0.7} : std::vector<double>{-0.7, 0.1, -1.5};
    std::vector<double> variance;
    for (double s : log_sigma) variance.push_back(std::pow(sigma_value(s, 0.1), 2));
    const ReferenceRun run = run_reference(
        graph, 1, {{"params", {0.2, 0.2, 0.2}}, {"x", x}, {"likelihood/log_sigma", log_sigma}});
    EXPECT_NEAR(run.output("log_prob").data[0], log_prob_by_hand(x, 0.2, variance),
                tolerance::kGoldenF64)
        << sigma;
  }
}

TEST(Gaussian, LearnedSigmaStartsAtTheData) {
  GraphBuilder g;
  all_likelihoods()
      .find("gaussian")
      .make(g, {.num_values = 3, .initial_sigma = 0.3, .min_sigma = {0.05}}, with_sigma("learned"));
  const Node& parameter = g.node(g.parameters()[0]);
  EXPECT_EQ(parameter.name, "likelihood/log_sigma");
  EXPECT_NEAR(sigma_value(parameter.initializer.value, 0.05), 0.3, tolerance::kGoldenF64);
}

TEST(Gaussian, SigmaStopsAtQuantisation) {
  const double bound = rounding_errors(pixel_spec()).at(0);
  EXPECT_NEAR(bound, 1 / 255.0 / std::sqrt(12.0), tolerance::kGoldenF64);
  EXPECT_GE(sigma_value(-50, bound), bound);
  // Perfect reconstruction: however far log_sigma falls, the density stays bounded.
  GraphBuilder g;
  const Likelihood p = all_likelihoods()
                           .find("gaussian")
                           .make(g, {.num_values = 1, .min_sigma = {bound}}, with_sigma("learned"));
  Value x = g.input("x", {1});
  g.output("log_prob", p.log_prob(g, x, x));
  const Graph graph = std::move(g).finish();
  const ReferenceRun run = run_reference(graph, 1, {{"x", {0.5}}, {"likelihood/log_sigma", {-50}}});
  EXPECT_LE(run.output("log_prob").data[0], -0.5 * std::log(2 * std::acos(-1.0)) - std::log(bound));
}

TEST(Gaussian, EveryColumnHasItsOwnFloor) {
  // A rare column of 0 and 1 lifted the floor of all others, because there was only one.
  DataSpec table = {.kind = DataKind::kTable, .item_shape = {3}};
  table.fields = {{.standard_deviation = 5, .step = 1, .integer = true},
                  {.standard_deviation = 0.03, .step = 1, .integer = true},
                  {.standard_deviation = 2}};
  table.scaling = {.kind = "standardize", .shift = {0, 0, 0}, .scale = {1 / 5.0, 1 / 0.03, 0.5}};
  const std::vector<double> floors = rounding_errors(table);
  EXPECT_NEAR(floors[0], 1 / std::sqrt(12.0) / 5, tolerance::kGoldenF64);
  EXPECT_NEAR(floors[1], 1, tolerance::kGoldenF64);  // never more than the column's deviation
  EXPECT_EQ(floors[2], 0);
  const std::vector<double> x = {0.1, 0.9, -0.4};
  for (const std::string sigma : {"learned", "per_dimension"}) {
    GraphBuilder g;
    const Likelihood p = all_likelihoods()
                             .find("gaussian")
                             .make(g, {.num_values = 3, .min_sigma = floors}, with_sigma(sigma));
    g.output("log_prob", p.log_prob(g, g.input("params", {3}), g.input("x", {3})));
    const Graph graph = std::move(g).finish();
    const std::vector<double> log_sigma =
        sigma == "learned" ? std::vector<double>{-0.7} : std::vector<double>{-0.7, 0.1, -1.5};
    std::vector<double> variance;
    for (size_t i = 0; i < 3; ++i) {
      variance.push_back(std::pow(sigma_value(log_sigma[i % log_sigma.size()], floors[i]), 2));
    }
    const ReferenceRun run = run_reference(
        graph, 1, {{"params", {0.2, 0.2, 0.2}}, {"x", x}, {"likelihood/log_sigma", log_sigma}});
    EXPECT_NEAR(run.output("log_prob").data[0], log_prob_by_hand(x, 0.2, variance), 1e-6) << sigma;
  }
}

TEST(Gaussian, RefusesASigmaThatIsNone) {
  GraphBuilder g;
  for (const std::string sigma : {"0", "-1", "wide", "nan"}) {
    EXPECT_THROW(all_likelihoods().find("gaussian").make(g, {}, with_sigma(sigma)), Error) << sigma;
    EXPECT_THROW(check_sigma(sigma), Error) << sigma;
  }
}

TEST(Likelihood, ExtremeInputsAreFinite) {
  for (const std::string& name : all_likelihoods().names()) {
    const Graph graph = one_value_graph(name);
    for (double param : {-1e4, 1e4}) {
      const ReferenceRun run = run_at(graph, param, {0, 1});
      for (const char* output : {"log_prob", "mean", "sample"}) {
        for (double v : run.output(output).data) EXPECT_TRUE(std::isfinite(v)) << name << output;
      }
    }
  }
}

TEST(Likelihood, SumsOverValuesForEveryDraw) {
  for (const std::string& name : all_likelihoods().names()) {
    GraphBuilder g;
    const Likelihood p =
        all_likelihoods().find(name).make(g, {.num_values = 3}, with_sigma("learned"));
    Value x = g.input("x", {3});
    Value draws = g.input("params", {2, 3 * p.params_per_value});
    g.output("draws", p.log_prob(g, draws, x));
    g.output("first",
             p.log_prob(g,
                        g.reshape({{"shape", Shape{3}}},
                                  g.slice({{"axis", -2}, {"begin", 0}, {"end", 1}}, draws)),
                        x));
    const Graph graph = std::move(g).finish();
    const ReferenceRun run = run_reference(graph, 4, drawn_leaves(graph, 4));
    ASSERT_EQ(run.output("draws").type.shape, (Shape{2}));
    for (size_t r = 0; r < 4; ++r) {
      EXPECT_NEAR(run.output("draws").data[2 * r], run.output("first").data[r],
                  tolerance::kGoldenF64);
    }
  }
}

TEST(Likelihood, SaysWhatItIsOnTheData) {
  DataSpec binary = real_spec(0, 1);
  binary.fields[0].binary = true;
  const DataSpec pixels = pixel_spec();
  EXPECT_EQ(all_likelihoods().find("bernoulli").measure(binary), Measure::kMass);
  EXPECT_EQ(all_likelihoods().find("bernoulli").measure(pixels), Measure::kScore);
  // Masks of 0 and 255 are a mass once they are 0 and 1, and only then.
  DataSpec mask = pixels;
  mask.fields[0].binary = true;
  EXPECT_EQ(all_likelihoods().find("bernoulli").measure(mask), Measure::kMass);
  mask.scaling.scale = {1.0 / 300};
  EXPECT_EQ(all_likelihoods().find("bernoulli").measure(mask), Measure::kScore);
  EXPECT_EQ(all_likelihoods().find("continuous_bernoulli").measure(pixels), Measure::kDensity);
  EXPECT_EQ(all_likelihoods().find("gaussian").measure(pixels), Measure::kDensity);
}

TEST(Likelihood, ValuesOutsideTheSupportNameTheRemedy) {
  const DataSpec wide = real_spec(-0.5, 3);
  for (const std::string name : {"bernoulli", "continuous_bernoulli"}) {
    EXPECT_TRUE(accepts(all_likelihoods().find(name), pixel_spec()));
    EXPECT_FALSE(accepts(all_likelihoods().find(name), wide));
    try {
      all_likelihoods().find(name).check_range(wide);
      FAIL() << "accepted";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kValueRange);
      EXPECT_NE(std::string(error.what()).find("-0.5 to 3"), std::string::npos) << error.what();
      EXPECT_NE(error.hint().find("--likelihood gaussian"), std::string::npos);
    }
  }
  EXPECT_TRUE(accepts(all_likelihoods().find("gaussian"), wide));
}

TEST(Likelihood, DefaultSigmaIsTheSpreadOfTheScaledValues) {
  EXPECT_NEAR(default_sigma(pixel_spec()), 90 / 255.0, tolerance::kGoldenF64);
  EXPECT_EQ(default_sigma(real_spec(0, 1)), 0.5);
  EXPECT_EQ(rounding_errors(real_spec(0, 1)), (std::vector<double>{0}));
}

TEST(Likelihood, SuggestsTheNearestName) {
  try {
    all_likelihoods().find("bernouli");
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_NE(error.hint().find("bernoulli"), std::string::npos);
  }
}

}  // namespace
}  // namespace isthmus
