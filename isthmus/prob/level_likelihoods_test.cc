// SPDX-License-Identifier: Apache-2.0
// discretized_logistic and categorical: masses on the levels of the data. Golden values: 50 digits
// of the formulas by mpmath.
#include <gtest/gtest.h>

#include <numeric>

#include "isthmus/prob/levels.h"
#include "isthmus/testing/likelihood_cases.h"

namespace isthmus {
namespace {

std::vector<double> values_of(const Levels& levels) {
  std::vector<double> values;
  for (int64_t k = 0; k < levels.count; ++k) {
    values.push_back(level_value(levels, static_cast<double>(k)));
  }
  return values;
}

/// Four whole numbers from 0.
const LikelihoodSetup kFour{.levels = {{.low = 0, .step = 1, .count = 4}}};

FieldSpec whole(double low, double high) {
  return {.name = "w", .min = low, .max = high, .step = 1, .decimals = 0, .integer = true};
}
DataSpec table_of(std::vector<FieldSpec> fields) {
  DataSpec data = {.kind = DataKind::kTable, .item_shape = {static_cast<int64_t>(fields.size())}};
  data.fields = std::move(fields);
  return data;
}

TEST(DiscretizedLogistic, EqualsItsGoldenValues) {
  const Graph graph = one_value_graph("discretized_logistic", kFour);
  const auto at = [&](double x, double m, double log_s) {
    return log_probs(graph, {m, log_s}, {x})[0];
  };
  EXPECT_NEAR(at(0, 0.4, -0.3), -0.62793016155174089, tolerance::kGoldenF64);
  EXPECT_NEAR(at(1, 0.4, -0.3), -1.2672395810112649, tolerance::kGoldenF64);
  EXPECT_NEAR(at(3, 2.5, 1), -0.69314718055994531, tolerance::kGoldenF64);
  EXPECT_NEAR(at(2, -7, -1.5), -38.105735877718634, 40 * tolerance::kGoldenF64);
}

TEST(DiscretizedLogistic, SumsToOneForAllWidths) {
  for (const Levels levels : {Levels{0, 1.0 / 255, 256}, Levels{-1.5, 0.3, 11}, Levels{3, 2, 2}}) {
    const Graph graph = one_value_graph("discretized_logistic", {.levels = {levels}});
    for (double middle : {-20.0, -0.1, 0.5, 3.0, 40.0}) {
      for (double log_s : {-12.0, -3.0, 0.0, 4.0, 12.0}) {
        const DensityMoments m = mass_moments(graph, {middle, log_s}, values_of(levels));
        EXPECT_NEAR(m.total, 1, 100 * tolerance::kGoldenF64) << middle << " " << log_s;
        EXPECT_NEAR(run_at(graph, {middle, log_s}, {0}).output("mean").data[0], m.mean,
                    100 * tolerance::kGoldenF64 * std::max(1.0, std::fabs(m.mean)))
            << middle << " " << log_s;
      }
    }
  }
}

TEST(DiscretizedLogistic, ColumnsMayDifferInTheirLevels) {
  const std::vector<Levels> levels = {{0, 1, 2}, {-1, 0.25, 9}};
  const std::vector<double> params = {0.6, 1.1, -0.5, 0.2}, x = {1, 0.25};
  const Graph both = one_value_graph("discretized_logistic", {.num_values = 2, .levels = levels});
  LeafValues leaves = drawn_leaves(both, 1);
  leaves["params"] = params;
  leaves["x"] = x;
  const ReferenceRun run = run_reference(both, 1, leaves);
  double sum = 0;
  for (size_t j = 0; j < 2; ++j) {
    const Graph one = one_value_graph("discretized_logistic", {.levels = {levels[j]}});
    const ReferenceRun single = run_at(one, {params[j], params[2 + j]}, {x[j]});
    sum += single.output("log_prob").data[0];
    EXPECT_NEAR(run.output("mean").data[j], single.output("mean").data[0], tolerance::kGoldenF64);
  }
  EXPECT_NEAR(run.output("log_prob").data[0], sum, tolerance::kGoldenF64);
}

TEST(DiscretizedLogistic, ASingleLevelIsCertain) {
  const Graph graph = one_value_graph("discretized_logistic", {.levels = {{2, 1, 1}}});
  EXPECT_EQ(log_probs(graph, {-5, 1}, {2})[0], 0);
  EXPECT_EQ(run_at(graph, {-5, 1}, {2}).output("mean").data[0], 2);
}

TEST(DiscretizedLogistic, TheMeanOfVeryManyLevelsIsWithinHalfALevel) {
  const Levels fine{0, 1e-3, 300001};
  const Graph graph = one_value_graph("discretized_logistic", {.levels = {fine}});
  for (double middle : {-5.0, 0.2, 100.0, 299.99, 400.0}) {
    for (double log_s : {-9.0, -2.0, 3.0}) {
      const double s = std::exp(log_s);
      double mean = 0;  // from P(X > border), far from the middle 0 or 1
      for (int64_t k = 1; k < fine.count; ++k) {
        const double z = (middle - level_value(fine, static_cast<double>(k) - 0.5)) / s;
        mean += fine.step / (1 + std::exp(-std::clamp(z, -700.0, 700.0)));
      }
      EXPECT_NEAR(run_at(graph, {middle, log_s}, {0}).output("mean").data[0], mean, fine.step / 2);
    }
  }
}

TEST(DiscretizedLogistic, DrawsAreLevelsWithTheMomentsOfTheMass) {
  const Levels levels{-1, 0.5, 9};
  const Graph graph = one_value_graph("discretized_logistic", {.levels = {levels}});
  for (const std::vector<double>& params : {std::vector<double>{0.3, -1.0}, {2.9, 0.5}}) {
    const DensityMoments m = mass_moments(graph, params, values_of(levels));
    expect_sample_moments(graph, params, m.mean, m.variance);
    for (double v : run_at(graph, params, std::vector<double>(500, 0)).output("sample").data) {
      const double index = (v - levels.low) / levels.step;
      EXPECT_EQ(index, std::round(index));
      EXPECT_TRUE(index >= 0 && index <= 8) << v;
    }
  }
}

TEST(DiscretizedLogistic, IsMostProbableAtTheLevelNearestToTheMiddle) {
  const Levels levels{0, 0.25, 9};
  const Graph graph = one_value_graph("discretized_logistic", {.levels = {levels}});
  for (double middle : {-3.0, 0.6, 1.1, 7.0}) {
    const std::vector<double> all = log_probs(graph, {middle, -2}, values_of(levels));
    const auto best = std::max_element(all.begin(), all.end()) - all.begin();
    EXPECT_EQ(static_cast<double>(best), std::clamp(std::round(middle / 0.25), 0.0, 8.0));
  }
}

const std::vector<double> kLogits = {0.3, -1.2, 2.5, -30};

TEST(Categorical, EqualsItsGoldenValues) {
  const Graph graph = one_value_graph("categorical", {.levels = {{0, 1, 3}}});
  const std::vector<double> all = log_probs(graph, {0.3, -1.2, 2.5}, {0, 1, 2});
  EXPECT_NEAR(all[0], -2.3270965828004858, tolerance::kGoldenF64);
  EXPECT_NEAR(all[1], -3.8270965828004858, tolerance::kGoldenF64);
  EXPECT_NEAR(all[2], -0.12709658280048584, tolerance::kGoldenF64);
}

TEST(Categorical, SumsToOneAndHasItsMomentsAndDraws) {
  const Levels levels{-2, 0.5, 4};
  const Graph graph = one_value_graph("categorical", {.levels = {levels}});
  for (const std::vector<double>& logits :
       {kLogits, std::vector<double>{0, 0, 0, 0}, std::vector<double>{5, 1, -5, 1}}) {
    const DensityMoments m = mass_moments(graph, logits, values_of(levels));
    EXPECT_NEAR(m.total, 1, tolerance::kGoldenF64);
    EXPECT_NEAR(run_at(graph, logits, {0}).output("mean").data[0], m.mean,
                10 * tolerance::kGoldenF64);
    expect_sample_moments(graph, logits, m.mean, m.variance);
  }
}

TEST(Categorical, DrawsOfEachLevelAreAsFrequentAsItsProbability) {
  constexpr size_t kDraws = 20000;
  const std::vector<double> logits = {0.3, -1.2, 1.1, 0};
  const Graph graph = one_value_graph("categorical", kFour);
  const ReferenceRun run = run_at(graph, logits, std::vector<double>(kDraws, 0));
  std::vector<double> counts(4);
  for (double v : run.output("sample").data) counts.at(static_cast<size_t>(v)) += 1;
  const std::vector<double> all = log_probs(graph, logits, {0, 1, 2, 3});
  for (size_t k = 0; k < 4; ++k) {
    const double p = std::exp(all[k]), n = static_cast<double>(kDraws);
    EXPECT_NEAR(counts[k] / n, p, 5 * std::sqrt(p * (1 - p) / n)) << k;
  }
}

TEST(Categorical, ColumnsMayDifferInTheirLevels) {
  // Columns of 2, 2, 5 and 3 levels: 12 outputs; each column is one of its own.
  const std::vector<Levels> levels = {{0, 1, 2}, {4, 2, 2}, {-1, 1, 5}, {0, 0.1, 3}};
  std::vector<double> params(12);
  for (size_t i = 0; i < params.size(); ++i) params[i] = std::sin(static_cast<double>(3 * i + 1));
  const std::vector<double> x = {1, 6, 2, 0.1};
  const Graph all = one_value_graph("categorical", {.num_values = 4, .levels = levels});
  LeafValues leaves = drawn_leaves(all, 1);
  leaves["params"] = params;
  leaves["x"] = x;
  const ReferenceRun run = run_reference(all, 1, leaves);
  double sum = 0;
  size_t at = 0;
  for (size_t j = 0; j < levels.size(); ++j) {
    const auto count = static_cast<size_t>(levels[j].count);
    const Graph one = one_value_graph("categorical", {.levels = {levels[j]}});
    const std::vector<double> own(params.begin() + static_cast<ptrdiff_t>(at),
                                  params.begin() + static_cast<ptrdiff_t>(at + count));
    const ReferenceRun single = run_at(one, own, {x[j]});
    sum += single.output("log_prob").data[0];
    EXPECT_NEAR(run.output("mean").data[j], single.output("mean").data[0], tolerance::kGoldenF64);
    at += count;
  }
  EXPECT_NEAR(run.output("log_prob").data[0], sum, 10 * tolerance::kGoldenF64);
}

TEST(LevelLikelihoods, GradientsEqualDifferences) {
  const std::vector<Levels> levels = {{0, 1, 3}, {-1, 0.5, 4}};
  const LikelihoodSetup setup{.num_values = 2, .levels = levels};
  const std::vector<double> x = {0, 0.5, 2, -1, 1, 0};
  expect_output_gradients("discretized_logistic", setup, {0.4, -0.2, -0.7, 0.9}, x);
  expect_output_gradients("categorical", setup, {0.4, -0.2, -0.7, 0.9, 2, -1, 0.3}, x);
}

TEST(LevelLikelihoods, ValuesBeyondTheEndsCountAsTheNearestLevel) {
  for (const std::string name : {"discretized_logistic", "categorical"}) {
    const Graph graph = one_value_graph(name, kFour);
    const std::vector<double> params =
        name == "categorical" ? std::vector<double>{1, 2, 3, 0.5} : std::vector<double>{1.2, 0.1};
    const std::vector<double> all = log_probs(graph, params, {-9, 0, 3, 50});
    EXPECT_EQ(all[0], all[1]) << name;
    EXPECT_EQ(all[2], all[3]) << name;
  }
}

TEST(Levels, AreThoseOfTheStoredNumbers) {
  DataSpec data = table_of({whole(3, 9),
                            {.min = 0.5, .max = 2.5, .step = 0.2, .decimals = 1},
                            {.min = 0, .max = 255, .binary = true, .integer = true},
                            {.min = 0.1234567, .max = 7}});
  data.scaling = {.kind = "standardize", .shift = {6, 1.5, 0, 0}, .scale = {0.5, 2, 1.0 / 255, 1}};
  const std::vector<Levels> levels = levels_of(data);
  EXPECT_EQ(levels[0], (Levels{-1.5, 0.5, 7}));
  EXPECT_EQ(levels[1].count, 21);
  EXPECT_NEAR(levels[1].step, 0.2, 1e-15);
  EXPECT_EQ(levels[2].count, 2);
  EXPECT_NEAR(levels[2].step, 1, 1e-15);
  EXPECT_EQ(levels[3].count, 0);  // reals: the least distance of two is no grid
}

TEST(Levels, OfImagesDoNotDependOnTheBrightestPixel) {
  DataSpec image = {.kind = DataKind::kImage, .item_shape = {4, 4}, .dtype = Dtype::kU8};
  image.fields = {whole(10, 200)};
  image.scaling = {.kind = "unit", .shift = {0}, .scale = {1.0 / 255}};
  EXPECT_EQ(levels_of(image)[0], (Levels{0, 1.0 / 255, 256}));
}

TEST(Levels, RefusalsNameTheColumns) {
  FieldSpec real{.name = "price", .min = 0.25, .max = 7};
  for (const std::string name : {"discretized_logistic", "categorical"}) {
    const LikelihoodDef& def = all_likelihoods().find(name);
    EXPECT_TRUE(accepts(def, table_of({whole(0, 9)})));
    try {
      def.check_range(table_of({whole(0, 9), real}));
      FAIL() << "accepted";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kValueRange);
      EXPECT_NE(error.message().find("\"price\" (0.25 to 7)"), std::string::npos)
          << error.message();
    }
  }
  EXPECT_FALSE(accepts(all_likelihoods().find("categorical"), table_of({whole(0, 5000)})));
  EXPECT_TRUE(accepts(all_likelihoods().find("discretized_logistic"), table_of({whole(0, 5000)})));
}

TEST(Levels, OtherDataAreHeldToTheLevelsOfTraining) {
  const DataSpec trained = table_of({whole(0, 10)});
  EXPECT_EQ(level_support(trained, table_of({whole(2, 7)})).excess, 0);
  EXPECT_NEAR(level_support(trained, table_of({whole(0, 11)})).excess, 0.1, 1e-12);
  FieldSpec half = whole(0, 10);
  half.integer = false;
  half.decimals = 1;
  EXPECT_TRUE(std::isinf(level_support(trained, table_of({half})).excess));
  const DataSpec mask = table_of({{.min = 0, .max = 255, .binary = true, .integer = true}});
  EXPECT_EQ(level_support(mask, mask).excess, 0);
  EXPECT_TRUE(std::isinf(level_support(mask, table_of({whole(0, 255)})).excess));
}

}  // namespace
}  // namespace isthmus
