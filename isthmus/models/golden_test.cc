// SPDX-License-Identifier: Apache-2.0
// Terms, all gradients and ten Adam steps of each model against PyTorch (tests/golden/models.json,
// written by make_golden.py with PyTorch's own distributions and optimizer).
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <set>

#include "isthmus/base/json.h"
#include "isthmus/models/model.h"
#include "isthmus/optim/optimizer.h"
#include "isthmus/prob/likelihood.h"
#include "isthmus/testing/leaf_values.h"

namespace isthmus {
namespace {

Json read_fixture() {
  std::ifstream file(ISTHMUS_SOURCE_DIR "/tests/golden/models.json");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  return std::get<Json>(parse_json(text, {}));
}

std::vector<double> numbers(const Json& json) {
  std::vector<double> values;
  for (const Json& v : json.as_array()) values.push_back(v.as_double());
  return values;
}

ModelSetup setup_of(const Json& fixture, const Json& c) {
  ModelSetup setup{.model = {.name = c.at("model").as_string(),
                             .hidden = std::to_string(fixture.at("hidden").as_int()),
                             .latent_dim = std::to_string(fixture.at("latent").as_int()),
                             .likelihood = c.at("likelihood").as_string(),
                             .sigma = c.at("sigma").as_string()},
                   .objective = {.estimator = c.at("estimator").as_string(),
                                 .samples = c.at("samples").as_int()},
                   .data = {.item_shape = {fixture.at("values").as_int()},
                            .dtype = Dtype::kU8,
                            .fields = {{.min = 0, .max = 255, .integer = true}},
                            .scaling = {.kind = "unit", .shift = {0}, .scale = {1.0 / 255}}},
                   .initial_sigma = fixture.at("initial_sigma").as_double()};
  if (setup.model.name == "beta_vae") setup.model.beta = c.at("beta").as_double();
  return setup;
}

/// The first `samples` draws of each item.
std::vector<double> noise_of(const Json& fixture, int64_t samples) {
  const std::vector<double> all = numbers(fixture.at("noise"));
  const auto latent = static_cast<size_t>(fixture.at("latent").as_int());
  const size_t per_item = all.size() / static_cast<size_t>(fixture.at("batch").as_int());
  std::vector<double> noise;
  for (size_t begin = 0; begin < all.size(); begin += per_item) {
    const auto first = all.begin() + static_cast<ptrdiff_t>(begin);
    noise.insert(noise.end(), first,
                 first + static_cast<ptrdiff_t>(latent) * static_cast<ptrdiff_t>(samples));
  }
  return noise;
}

LeafValues leaves_of(const Json& fixture, const Json& c) {
  LeafValues leaves = {{"x", numbers(fixture.at("x"))},
                       {"kl_weight", {c.at("kl_weight").as_double()}},
                       {"learning_rate", {fixture.at("learning_rate").as_double()}},
                       {"posterior", noise_of(fixture, c.at("samples").as_int())}};
  for (const auto& [name, values] : c.at("weights").as_object()) leaves[name] = numbers(values);
  return leaves;
}

void expect_golden(const std::vector<double>& values, const std::vector<double>& expected,
                   const std::string& what) {
  ASSERT_EQ(values.size(), expected.size()) << what;
  for (size_t i = 0; i < values.size(); ++i) {
    EXPECT_TRUE(tolerance::within(values[i], expected[i], tolerance::kGoldenF64))
        << what << "[" << i << "] is " << values[i] << ", PyTorch says " << expected[i];
  }
}

void check_terms_and_gradients(const Json& fixture, const Json& c) {
  GraphBuilder g;
  output_gradients(g, build_training(g, setup_of(fixture, c)).objective);
  const Graph graph = std::move(g).finish();
  const ReferenceRun run =
      run_reference(graph, fixture.at("batch").as_int(), leaves_of(fixture, c));
  expect_golden(run.output("reconstruction").data, {c.at("reconstruction").as_double()}, "recon");
  if (const Json* kl = c.find("kl")) expect_golden(run.output("kl").data, {kl->as_double()}, "kl");
  EXPECT_EQ(graph.parameters().size(), c.at("gradients").as_object().size());
  for (const auto& [name, gradient] : c.at("gradients").as_object()) {
    expect_golden(run.output("gradient/" + name).data, numbers(gradient), name);
  }
}

void check_ten_adam_steps(const Json& fixture, const Json& c) {
  GraphBuilder g;
  add_update(g, build_training(g, setup_of(fixture, c)).objective, {.name = "adam"});
  const Graph graph = std::move(g).finish();
  LeafValues leaves = leaves_of(fixture, c);
  std::vector<double> objectives;
  for (int step = 1; step <= 10; ++step) {
    leaves["step"] = {static_cast<double>(step)};
    const ReferenceRun run = run_reference(graph, fixture.at("batch").as_int(), leaves);
    objectives.push_back(run.output("objective").data[0]);
    for (const Assignment& a : graph.assignments()) {
      const std::string& name = graph.nodes()[a.state].name;
      leaves[name] = run.assigned(name).data;
    }
  }
  expect_golden(objectives, numbers(c.at("objectives")), "objectives");
  for (const auto& [name, weights] : c.at("weights_after").as_object()) {
    expect_golden(leaves[name], numbers(weights), name);
  }
}

std::string title(const Json& c) {
  return c.at("model").as_string() + " " + c.at("likelihood").as_string() + " " +
         c.at("sigma").as_string() + " " + c.at("estimator").as_string();
}

TEST(Golden, TheFixtureHoldsEveryModelLikelihoodAndEstimator) {
  const Json fixture = read_fixture();
  std::set<std::string> held;
  for (const Json& c : fixture.at("cases").as_array()) {
    const std::string estimator =
        c.at("model").as_string() == "ae" ? "" : " " + c.at("estimator").as_string();
    held.insert(c.at("model").as_string() + " " + c.at("likelihood").as_string() + estimator);
  }
  for (const std::string& model : model_names()) {
    for (const std::string& likelihood : likelihood_names()) {
      for (const std::string& estimator : estimator_words()) {
        const std::string by = model == "ae" ? "" : " " + estimator;
        EXPECT_TRUE(held.count(model + " " + likelihood + by)) << model << likelihood << by;
      }
    }
  }
}

TEST(Golden, TermsAndGradientsEqualPyTorch) {
  const Json fixture = read_fixture();
  for (const Json& c : fixture.at("cases").as_array()) {
    SCOPED_TRACE(title(c));
    check_terms_and_gradients(fixture, c);
  }
}

TEST(Golden, TenAdamStepsEqualPyTorch) {
  const Json fixture = read_fixture();
  for (const Json& c : fixture.at("cases").as_array()) {
    SCOPED_TRACE(title(c));
    check_ten_adam_steps(fixture, c);
  }
}

}  // namespace
}  // namespace isthmus
