// SPDX-License-Identifier: Apache-2.0
// poisson and negative_binomial. Golden values: 50 digits of the formulas by mpmath, and
// scipy.stats.
#include <gtest/gtest.h>

#include "isthmus/prob/counts.h"
#include "isthmus/testing/likelihood_cases.h"

namespace isthmus {
namespace {

std::vector<double> counts_up_to(int64_t last) {
  std::vector<double> counts;
  for (int64_t k = 0; k <= last; ++k) counts.push_back(static_cast<double>(k));
  return counts;
}

DataSpec counts_table(FieldSpec field) {
  return {.kind = DataKind::kTable, .item_shape = {1}, .fields = {std::move(field)}};
}

struct Golden {
  double x;
  std::vector<double> params;
  double log_prob;
};

void expect_golden(const std::string& name, const std::vector<Golden>& values) {
  const Graph graph = one_value_graph(name);
  for (const Golden& v : values) {
    EXPECT_TRUE(tolerance::within(log_probs(graph, v.params, {v.x})[0], v.log_prob,
                                  100 * tolerance::kGoldenF64))
        << name << " at " << v.x << ": " << log_probs(graph, v.params, {v.x})[0];
  }
}

TEST(Poisson, EqualsItsGoldenValues) {
  expect_golden("poisson", {{0, {-1.3}, -0.2725317930340126},
                            {3, {0.8}, -1.6173003977205226},
                            {120, {4.5}, -7.8295192817999946}});
}

TEST(Poisson, SumsToOneAndHasItsMomentsAndDraws) {
  const Graph graph = one_value_graph("poisson");
  for (double log_rate : {-3.0, 0.4, 3.5}) {
    const double rate = std::exp(log_rate);
    const DensityMoments m = mass_moments(graph, {log_rate}, counts_up_to(300));
    EXPECT_NEAR(m.total, 1, 100 * tolerance::kGoldenF64);
    EXPECT_NEAR(m.mean, rate, 100 * tolerance::kGoldenF64 * rate);
    EXPECT_NEAR(m.variance, rate, 1000 * tolerance::kGoldenF64 * rate);
    EXPECT_NEAR(run_at(graph, {log_rate}, {0}).output("mean").data[0], rate,
                tolerance::kGoldenF64 * rate);
    EXPECT_NEAR(run_at(graph, {log_rate}, {0}).output("variance").data[0], m.variance,
                1000 * tolerance::kGoldenF64 * rate);
    expect_sample_moments(graph, {log_rate}, rate, rate);
  }
}

TEST(Poisson, IsMostProbableAtTheWholePartOfTheRate) {
  const Graph graph = one_value_graph("poisson");
  for (double rate : {0.4, 1.5, 7.9}) {
    const std::vector<double> all = log_probs(graph, {std::log(rate)}, counts_up_to(40));
    EXPECT_EQ(std::max_element(all.begin(), all.end()) - all.begin(),
              static_cast<ptrdiff_t>(std::floor(rate)));
  }
}

TEST(NegativeBinomial, EqualsItsGoldenValues) {
  expect_golden("negative_binomial", {{0, {-1.3, 0.2}, -0.24600673325821482},
                                      {3, {0.8, -1.1}, -2.854337565495783},
                                      {120, {4.5, 1.7}, -5.1303961316437075},
                                      {40, {3.5, 9}, -3.435641945518256}});
}

TEST(NegativeBinomial, SumsToOneAndHasItsMoments) {
  const Graph graph = one_value_graph("negative_binomial");
  for (const std::vector<double>& params :
       {std::vector<double>{0.4, 1.2}, {2.0, 0.0}, {2.5, 3.0}}) {
    const double mean = std::exp(params[0]), variance = mean + mean * mean / std::exp(params[1]);
    const DensityMoments m = mass_moments(graph, params, counts_up_to(2000));
    EXPECT_NEAR(m.total, 1, 100 * tolerance::kGoldenF64);
    EXPECT_NEAR(m.mean, mean, 100 * tolerance::kGoldenF64 * mean);
    EXPECT_NEAR(m.variance, variance, 1000 * tolerance::kGoldenF64 * variance);
    EXPECT_NEAR(run_at(graph, params, {0}).output("mean").data[0], mean,
                tolerance::kGoldenF64 * mean);
    EXPECT_NEAR(run_at(graph, params, {0}).output("variance").data[0], m.variance,
                1000 * tolerance::kGoldenF64 * variance);
    expect_sample_moments(graph, params, mean, variance, 3000);
  }
}

TEST(NegativeBinomial, IsMostProbableWhereTheFormulaSays) {
  const Graph graph = one_value_graph("negative_binomial");
  for (const std::vector<double>& params :
       {std::vector<double>{1.0, -0.5}, {2.0, 0.7}, {3.0, 2.0}}) {
    const double mean = std::exp(params[0]), inverse = std::exp(params[1]);
    const double mode = inverse > 1 ? std::floor(mean * (inverse - 1) / inverse) : 0;
    const std::vector<double> all = log_probs(graph, params, counts_up_to(200));
    EXPECT_EQ(static_cast<double>(std::max_element(all.begin(), all.end()) - all.begin()), mode);
  }
}

TEST(NegativeBinomial, OfLittleDispersionIsPoisson) {
  const std::vector<double> counts = counts_up_to(60);
  const std::vector<double> a =
      log_probs(one_value_graph("negative_binomial"), {2.5, 1e4}, counts);  // R = exp 15
  const std::vector<double> b = log_probs(one_value_graph("poisson"), {2.5}, counts);
  for (size_t i = 0; i < counts.size(); ++i) EXPECT_NEAR(a[i], b[i], 1e-3) << i;
}

TEST(CountLikelihoods, GradientsEqualDifferences) {
  const std::vector<double> x = {0, 3, 40, 7};
  expect_output_gradients("poisson", {.num_values = 2}, {0.4, 1.7}, x);
  expect_output_gradients("negative_binomial", {.num_values = 2}, {0.4, 1.7, -0.3, 2.1}, x);
}

TEST(CountLikelihoods, RefuseWhatIsNoCountWithPlaceAndValues) {
  const FieldSpec sales{.name = "sales", .min = 0, .max = 900, .integer = true};
  const FieldSpec weight{.name = "weight", .min = 0.5, .max = 9};
  const FieldSpec change{.name = "change", .min = -3, .max = 9, .integer = true};
  for (const std::string name : {"poisson", "negative_binomial"}) {
    const LikelihoodDef& def = all_likelihoods().find(name);
    EXPECT_TRUE(accepts(def, counts_table(sales)));
    EXPECT_FALSE(accepts(def, counts_table(change)));
    try {
      def.check_range(counts_table(weight));
      FAIL() << "accepted";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kValueRange);
      EXPECT_NE(error.message().find("\"weight\" (0.5 to 9, not whole)"), std::string::npos)
          << error.message();
    }
    DataSpec scaled = counts_table(sales);
    scaled.scaling = {.kind = "standardize", .shift = {30}, .scale = {0.1}};
    try {
      def.check_range(scaled);
      FAIL() << "accepted";
    } catch (const Error& error) {
      EXPECT_NE(error.hint().find("--scale none"), std::string::npos);
    }
    EXPECT_EQ(def.support(counts_table(sales), counts_table(sales)).excess, 0);
    EXPECT_TRUE(std::isinf(def.support(counts_table(sales), counts_table(weight)).excess));
  }
}

/// Noise on counts may lead below zero, where log(1 + x) ends at -1.
TEST(CountView, IsTheLogarithmAndZeroBelowZero) {
  GraphBuilder g;
  g.output("view", count_view(g, g.input("x", {4})));
  const Graph graph = std::move(g).finish();
  EXPECT_EQ(run_reference(graph, 1, {{"x", {0, 5, -0.5, -3}}}).output("view").data,
            (std::vector<double>{0, std::log1p(5.0), 0, 0}));
}

}  // namespace
}  // namespace isthmus
