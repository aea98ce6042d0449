// SPDX-License-Identifier: Apache-2.0
// Likelihoods against integrals, moments of their draws and extreme inputs, in double.
#include <gtest/gtest.h>

#include <cmath>

#include "isthmus/prob/levels.h"
#include "isthmus/testing/likelihood_cases.h"

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

TEST(Bernoulli, SumsToOneAndHasItsMean) {
  const Graph graph = one_value_graph("bernoulli");
  for (double logit : {-3.0, 0.0, 0.4, 5.0}) {
    const ReferenceRun run = run_at(graph, {logit}, {0, 1});
    const std::vector<double>& log_prob = run.output("log_prob").data;
    EXPECT_NEAR(std::exp(log_prob[0]) + std::exp(log_prob[1]), 1, tolerance::kGoldenF64);
    const double p = 1 / (1 + std::exp(-logit));
    EXPECT_NEAR(std::exp(log_prob[1]), p, tolerance::kGoldenF64);
    EXPECT_NEAR(run.output("mean").data[0], p, tolerance::kGoldenF64);
    expect_sample_moments(graph, {logit}, p, p * (1 - p));
  }
}

TEST(ContinuousBernoulli, IntegratesToOneForAllLogits) {
  const Graph graph = one_value_graph("continuous_bernoulli");
  for (double logit : {-30.0, -2.0, -0.5, -0.499, -1e-3, 0.0, 1e-6, 0.3, 0.5, 4.0, 25.0}) {
    const DensityMoments moments = density_moments(graph, {logit}, 0, 1);
    EXPECT_NEAR(moments.total, 1, 100 * tolerance::kGoldenF64) << logit;
    EXPECT_NEAR(run_at(graph, {logit}, {0.5}).output("mean").data[0], moments.mean,
                100 * tolerance::kGoldenF64)
        << logit;
  }
}

TEST(ContinuousBernoulli, DrawsHaveTheMomentsOfTheDensity) {
  const Graph graph = one_value_graph("continuous_bernoulli");
  for (double logit : {-8.0, -1.0, -5e-4, 0.0, 5e-4, 2.0, 12.0}) {
    const DensityMoments moments = density_moments(graph, {logit}, 0, 1);
    expect_sample_moments(graph, {logit}, moments.mean, moments.variance);
  }
}

TEST(ContinuousBernoulli, DrawsStayInsideTheUnitIntervalAtAnyLogit) {
  const Graph graph = one_value_graph("continuous_bernoulli");
  for (double logit : {-1e4, 1e4, 1e-30}) {
    const ReferenceRun run = run_at(graph, {logit}, std::vector<double>(50, 0));
    for (double v : run.output("sample").data) {
      EXPECT_GE(v, 0);
      EXPECT_LE(v, 1);
    }
  }
}

TEST(Gaussian, FixedSigmaIntegratesToOneAndHasItsMoments) {
  const Graph graph = one_value_graph("gaussian", {}, "0.5");
  const DensityMoments moments = density_moments(graph, {0.3}, -6, 6);
  EXPECT_NEAR(moments.total, 1, 100 * tolerance::kGoldenF64);
  EXPECT_NEAR(moments.mean, 0.3, 100 * tolerance::kGoldenF64);
  EXPECT_NEAR(moments.variance, 0.25, 100 * tolerance::kGoldenF64);
  expect_sample_moments(graph, {0.3}, 0.3, 0.25);
}

/// With D bounds of sigma, too, and for several draws of one item.
TEST(Likelihood, LogProbIsTheSumOfThoseOfTheValues) {
  for (const std::string& name : all_likelihoods().names()) {
    for (const std::string sigma : {"learned", "per_dimension", "optimal", "0.3"}) {
      const LikelihoodSetup setup = {.num_values = 3, .min_sigma = {0.1, 0.2, 0.3}};
      GraphBuilder g;
      const Likelihood p = all_likelihoods().find(name).make(g, setup, with_sigma(sigma));
      const Value params = g.input("params", {2, p.num_params}), x = g.input("x", {3});
      g.output("log_prob", p.log_prob(g, params, x));
      g.output("sum", g.sum(p.log_probs(g, params, x)));
      const Graph graph = std::move(g).finish();
      LeafValues leaves = drawn_leaves(graph, 2);
      leaves["x"] = {0, 1, 1, 1, 0, 1};
      const ReferenceRun run = run_reference(graph, 2, leaves);
      ASSERT_EQ(run.output("sum").data.size(), 4u);
      for (size_t i = 0; i < 4; ++i) {
        const double expected = run.output("log_prob").data[i];
        EXPECT_NEAR(run.output("sum").data[i], expected, 1e-6 * std::fabs(expected)) << name;
      }
    }
  }
}

TEST(Gaussian, FixedSigmaHasNoParameters) {
  EXPECT_EQ(one_value_graph("gaussian", {}, "0.5").parameters().size(), 0u);
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
    GraphBuilder g;
    const int64_t num_params =
        all_likelihoods().find(name).make(g, {}, with_sigma("learned")).num_params;
    const Graph graph = one_value_graph(name);
    // Every corner of the outputs, each at -1e4, 0 or 1e4.
    for (int corner = 0; corner < std::pow(3, num_params); ++corner) {
      std::vector<double> params;
      for (int rest = corner, i = 0; i < num_params; ++i, rest /= 3) {
        params.push_back(1e4 * (rest % 3 - 1));
      }
      const ReferenceRun run = run_at(graph, params, {0, 1});
      for (const char* output : {"log_prob", "mean", "sample"}) {
        for (double v : run.output(output).data) EXPECT_TRUE(std::isfinite(v)) << name << output;
      }
    }
  }
}

TEST(Likelihood, DecoderOutputsStartWhereTheItemIsNotLookedAt) {
  DataSpec table = {.kind = DataKind::kTable, .item_shape = {2}};
  table.fields = {{.min = 0, .max = 9, .mean = 4, .standard_deviation = 1.5, .integer = true},
                  {.min = 0, .max = 40, .mean = 20, .standard_deviation = 6, .integer = true}};
  for (const std::string& name : all_likelihoods().names()) {
    const LikelihoodDef& def = all_likelihoods().find(name);
    if (def.support != nullptr && name.ends_with("bernoulli")) continue;  // of means in [0, 1]
    const std::vector<float> start = def.first_params(table);
    GraphBuilder g;
    const Likelihood p =
        def.make(g, {.num_values = 2, .levels = levels_of(table)}, with_sigma("1"));
    ASSERT_EQ(static_cast<int64_t>(start.size()), p.num_params) << name;
    g.output("mean", p.mean(g, g.input("params", {p.num_params})));
    const Graph graph = std::move(g).finish();
    const ReferenceRun run = run_reference(graph, 1, {{"params", {start.begin(), start.end()}}});
    // Levels end, which moves the mean a little.
    EXPECT_NEAR(run.output("mean").data[0], 4, 0.05) << name;
    EXPECT_NEAR(run.output("mean").data[1], 20, 0.05) << name;
  }
}

TEST(Likelihood, SumsOverValuesForEveryDraw) {
  for (const std::string& name : all_likelihoods().names()) {
    GraphBuilder g;
    const Likelihood p =
        all_likelihoods().find(name).make(g, {.num_values = 3}, with_sigma("learned"));
    Value x = g.input("x", {3});
    Value draws = g.input("params", {2, p.num_params});
    g.output("draws", p.log_prob(g, draws, x));
    g.output("first",
             p.log_prob(g,
                        g.reshape({{"shape", Shape{p.num_params}}},
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
