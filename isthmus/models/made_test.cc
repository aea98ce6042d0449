// SPDX-License-Identifier: Apache-2.0
// The autoregressive model by its sums, integrals and draws, in double.
#include <gtest/gtest.h>

#include <cmath>

#include "isthmus/base/rng_key.h"
#include "isthmus/models/inference.h"
#include "isthmus/testing/small_model.h"

namespace isthmus {
namespace {

/// `levels` whole values from 0 on for each value of an item.
ModelSetup setup_of(const std::string& likelihood, const std::vector<int64_t>& levels,
                    const std::string& hidden = "7,5") {
  ModelSetup setup{.model = {.name = "made", .likelihood = likelihood},
                   .own = {.texts = {{"model.hidden", hidden}, {"model.activation", "tanh"}}},
                   .data = {.item_shape = {static_cast<int64_t>(levels.size())}}};
  setup.data.kind = DataKind::kTable;
  for (const int64_t count : levels) {
    setup.data.fields.push_back({.min = 0,
                                 .max = static_cast<double>(count - 1),
                                 .mean = 0.5,
                                 .standard_deviation = 0.5,
                                 .binary = count == 2,
                                 .integer = true});
  }
  return setup;
}

/// All items, row by row.
std::vector<double> all_items(const std::vector<int64_t>& levels) {
  std::vector<std::vector<double>> items = {{}};
  for (const int64_t count : levels) {
    std::vector<std::vector<double>> longer;
    for (const auto& item : items) {
      for (int64_t v = 0; v < count; ++v) {
        longer.push_back(item);
        longer.back().push_back(static_cast<double>(v));
      }
    }
    items = std::move(longer);
  }
  std::vector<double> flat;
  for (const auto& item : items) flat.insert(flat.end(), item.begin(), item.end());
  return flat;
}

std::vector<double> log_probs(const ModelSetup& setup, const std::vector<double>& x) {
  const Graph graph = evaluation_graph(setup);
  const auto rows = static_cast<int64_t>(x.size()) / setup.data.num_values();
  LeafValues leaves = drawn_leaves(graph, rows);
  leaves["x"] = x;
  return run_reference(graph, rows, leaves).output("log_prob").data;
}

double mass_of(const ModelSetup& setup, const std::vector<int64_t>& levels) {
  double sum = 0;
  for (const double log_prob : log_probs(setup, all_items(levels))) sum += std::exp(log_prob);
  return sum;
}

TEST(Made, SumsToOneOverAllItemsWhateverTheWeights) {
  const std::vector<int64_t> binary(8, 2), mixed = {2, 4, 3, 3};
  for (const char* hidden : {"none", "3", "16", "7,5"}) {
    EXPECT_NEAR(mass_of(setup_of("bernoulli", binary, hidden), binary), 1, tolerance::kGoldenF64);
    EXPECT_NEAR(mass_of(setup_of("categorical", mixed, hidden), mixed), 1, tolerance::kGoldenF64);
  }
}

TEST(Made, DensitiesOfOneAndTwoRealValuesIntegrateToOne) {
  constexpr double kStep = 0.05, kEnd = 12;
  for (const size_t values : {size_t{1}, size_t{2}}) {
    ModelSetup setup = setup_of("gaussian", std::vector<int64_t>(values, 2));
    for (FieldSpec& field : setup.data.fields) field.integer = field.binary = false;
    std::vector<double> grid;
    for (double a = -kEnd; a < kEnd; a += kStep) {
      if (values == 1) grid.push_back(a);
      for (double b = -kEnd; values == 2 && b < kEnd; b += kStep) grid.insert(grid.end(), {a, b});
    }
    double sum = 0;
    for (const double log_prob : log_probs(setup, grid)) {
      sum += std::exp(log_prob) * std::pow(kStep, static_cast<double>(values));
    }
    EXPECT_NEAR(sum, 1, 1e-6) << values;
  }
}

/// Sweeps until nothing changes; how many there were.
int64_t sweep(const Graph& graph, int64_t rows, LeafValues& leaves) {
  for (int64_t sweeps = 1;; ++sweeps) {
    const std::vector<double> drawn = run_reference(graph, rows, leaves).output("x").data;
    if (drawn == leaves["x"]) return sweeps;
    leaves["x"] = drawn;
  }
}

TEST(Made, DrawsAsOftenAsItsProbabilitiesSay) {
  const std::vector<int64_t> levels(3, 2);
  const ModelSetup setup = setup_of("bernoulli", levels);
  const Graph graph = draw_graph(setup);
  constexpr int64_t kRows = 20000;
  LeafValues leaves = drawn_leaves(graph, kRows);
  leaves["x"].assign(3 * kRows, 0);
  std::vector<float> u(3 * kRows);
  fill_uniform(RngKey::from(1, "made"), 0, 0, 0, u.data(), 3 * kRows);
  leaves["likelihood"].assign(u.begin(), u.end());
  EXPECT_LE(sweep(graph, kRows, leaves), 4);
  std::vector<double> counts(8);
  for (size_t i = 0; i < kRows; ++i) {
    const double* x = leaves["x"].data() + 3 * i;
    ++counts[static_cast<size_t>(4 * x[0] + 2 * x[1] + x[2])];
  }
  const std::vector<double> log_prob = log_probs(setup, all_items(levels));
  for (size_t k = 0; k < counts.size(); ++k) {
    const double p = std::exp(log_prob[k]);
    EXPECT_NEAR(counts[k], kRows * p, 5 * std::sqrt(kRows * p * (1 - p))) << k;
  }
}

TEST(Made, DrawsOfRealValuesAreThoseOfTheirNoise) {
  ModelSetup setup = setup_of("gaussian", std::vector<int64_t>(5, 2));
  for (FieldSpec& field : setup.data.fields) field.integer = field.binary = false;
  const Graph graph = draw_graph(setup);
  LeafValues leaves = drawn_leaves(graph, 4);
  leaves["x"].assign(20, 0);
  EXPECT_LE(sweep(graph, 4, leaves), 6);
  // A draw of noise 0 is the mean of each conditional: nothing is more probable, value by value.
  leaves["likelihood"].assign(20, 0);
  leaves["x"].assign(20, 0);
  sweep(graph, 4, leaves);
  const std::vector<double> at = log_probs(setup, leaves["x"]);
  std::vector<double> beside = leaves["x"];
  for (size_t i = 4; i < beside.size(); i += 5) beside[i] += 0.01;  // the last value of each
  const std::vector<double> less = log_probs(setup, beside);
  for (size_t i = 0; i < at.size(); ++i) EXPECT_GT(at[i], less[i]);
}

TEST(Made, SeesRoundedValuesNoSharperThanTheirRounding) {
  ModelSetup setup = setup_of("gaussian", {9});
  setup.data.fields.front().step = 1;
  const Graph graph = evaluation_graph(setup);
  LeafValues leaves = drawn_leaves(graph, 1);
  leaves["x"] = {0};
  leaves["made/2/bias"] = {0, -30};  // mean and log width
  for (const char* layer : {"made/0/", "made/1/", "made/2/"}) {
    std::vector<double>& weight = leaves[std::string(layer) + "weight"];
    weight.assign(weight.size(), 0);
  }
  const double log_prob = run_reference(graph, 1, leaves).output("log_prob").data[0];
  EXPECT_NEAR(log_prob, -0.5 * std::log(2 * std::numbers::pi / 12), 1e-3);  // 1 / sqrt(12)
}

}  // namespace
}  // namespace isthmus
