// SPDX-License-Identifier: Apache-2.0
// The cases of tests/golden/models.json as setups and leaf values. Not part of the product.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "isthmus/models/model.h"
#include "isthmus/testing/golden_fixture.h"
#include "isthmus/testing/leaf_values.h"

namespace isthmus {

inline constexpr int kGoldenSteps = 10;

struct GoldenCase {
  const Json* fixture;
  const Json* values;  // one of fixture["cases"]

  std::string word(const char* key) const { return values->at(key).as_string(); }
  int64_t samples() const { return values->at("samples").as_int(); }
  int64_t batch() const { return fixture->at("batch").as_int(); }
  bool has_posterior() const { return values->find("kl") != nullptr; }
  std::string title() const {
    return word("model") + " " + word("likelihood") + " " + word("sigma") + " " +
           word("estimator") + " " + std::to_string(samples());
  }
  const Json::Object& first_weights() const {
    return fixture->at("first_weights").at(word("weights")).as_object();
  }
};

inline std::vector<GoldenCase> golden_cases(const Json& fixture) {
  std::vector<GoldenCase> cases;
  for (const Json& c : fixture.at("cases").as_array()) cases.push_back({&fixture, &c});
  return cases;
}

inline Scaling golden_scaling() { return {.kind = "unit", .shift = {0}, .scale = {1.0 / 255}}; }

inline ModelSetup golden_setup(const GoldenCase& c) {
  const Json& fixture = *c.fixture;
  ModelSetup setup{
      .model = {.name = c.word("model"),
                .latent_dim = std::to_string(fixture.at("latent").as_int()),
                .likelihood = c.word("likelihood")},
      .own = {.texts = {{"model.hidden", std::to_string(fixture.at("hidden").as_int())},
                        {"model.sigma", c.word("sigma")},
                        {"objective.estimator", c.word("estimator")},
                        {"objective.samples", std::to_string(c.samples())}}},
      .data = {.item_shape = {fixture.at("values").as_int()},
               .dtype = Dtype::kU8,
               .fields = {{.min = 0, .max = 255, .integer = true}},
               .scaling = golden_scaling(),
               .rounding = {fixture.at("min_sigma").as_double()}},
      .initial_sigma = fixture.at("initial_sigma").as_double()};
  if (const Json* beta = c.values->find("beta")) {
    setup.own.texts["model.beta"] = print_value(beta->as_double());
  }
  return setup;
}

/// The first draws of each item in one step (from 1).
inline std::vector<double> golden_noise(const GoldenCase& c, int step) {
  const std::vector<double> all = numbers(c.fixture->at("noise"));
  const auto batch = static_cast<size_t>(c.batch());
  const size_t per_item = all.size() / (kGoldenSteps * batch);
  const auto wanted = static_cast<size_t>(c.fixture->at("latent").as_int() * c.samples());
  std::vector<double> noise;
  for (size_t item = 0; item < batch; ++item) {
    const size_t first = (static_cast<size_t>(step - 1) * batch + item) * per_item;
    for (size_t i = 0; i < wanted; ++i) noise.push_back(all[first + i]);
  }
  return noise;
}

/// All leaves of the first step but "step".
inline LeafValues golden_leaves(const GoldenCase& c) {
  LeafValues leaves = {{"x", numbers(c.fixture->at("x"))},
                       {"kl_weight", {c.values->at("kl_weight").as_double()}},
                       {"learning_rate", {c.fixture->at("learning_rate").as_double()}},
                       {"posterior", golden_noise(c, 1)}};
  for (const auto& [name, values] : c.first_weights()) leaves[name] = numbers(values);
  return leaves;
}

}  // namespace isthmus
