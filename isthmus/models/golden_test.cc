// SPDX-License-Identifier: Apache-2.0
// Terms, all gradients and ten Adam steps of each model in double precision against PyTorch
// (tests/golden/models.json, written by make_golden.py with PyTorch's own distributions and
// optimizer). tests/conformance/model_golden_test.cc does the same on a device.
#include <gtest/gtest.h>

#include <set>

#include "isthmus/base/rng_key.h"
#include "isthmus/models/model.h"
#include "isthmus/optim/optimizer.h"
#include "isthmus/prob/likelihood.h"
#include "isthmus/testing/golden_models.h"

namespace isthmus {
namespace {

constexpr Golden kGolden{tolerance::kGoldenF64};

void check_terms_and_gradients(const GoldenCase& c) {
  GraphBuilder g;
  output_gradients(g, build_training(g, golden_setup(c)).objectives.front().value);
  const Graph graph = std::move(g).finish();
  const ReferenceRun run = run_reference(graph, c.batch(), golden_leaves(c));
  for (const char* term : {"reconstruction", "kl"}) {
    if (const Json* value = c.values->find(term)) {
      kGolden.expect(run.output("term/" + std::string(term)).data, {value->as_double()}, term);
    }
  }
  const Json::Object& gradients = c.values->at("gradients").as_object();
  EXPECT_EQ(graph.parameters().size(), gradients.size());
  for (const auto& [name, gradient] : gradients) {
    kGolden.expect(run.output("gradient/" + name).data, numbers(gradient), name);
  }
}

void check_ten_adam_steps(const GoldenCase& c) {
  GraphBuilder g;
  add_update(g, build_training(g, golden_setup(c)).objectives, {.name = "adam"});
  const Graph graph = std::move(g).finish();
  LeafValues leaves = golden_leaves(c);
  std::vector<double> objectives;
  for (int step = 1; step <= kGoldenSteps; ++step) {
    leaves["step"] = {static_cast<double>(step)};
    leaves["posterior"] = golden_noise(c, step);
    const ReferenceRun run = run_reference(graph, c.batch(), leaves);
    objectives.push_back(run.output("objective").data[0]);
    for (const Assignment& a : graph.assignments()) {
      const std::string& name = graph.nodes()[a.state].name;
      leaves[name] = run.assigned(name).data;
    }
  }
  kGolden.expect(objectives, numbers(c.values->at("objectives")), "objectives");
  for (const auto& [name, weights] : c.values->at("weights_after").as_object()) {
    kGolden.expect(leaves[name], numbers(weights), name);
  }
}

// Products of models and likelihoods are the double reference's job; each estimator and number of
// draws, and each way to set sigma, is here at least once. Other models have fixtures or closed
// forms beside them.
TEST(Golden, TheFixtureHoldsEveryEstimatorAndSigma) {
  const Json fixture = read_golden("models.json");
  std::set<std::string> held;
  for (const GoldenCase& c : golden_cases(fixture)) {
    held.insert(c.word("estimator") + " " + std::to_string(c.samples()));
    held.insert(c.word("sigma"));
    EXPECT_EQ(all_models().find(c.word("model")).name, c.word("model"));
    EXPECT_EQ(all_likelihoods().find(c.word("likelihood")).name, c.word("likelihood"));
  }
  for (const std::string& estimator : estimator_words()) {
    EXPECT_TRUE(held.count(estimator + " 1") == 1 && held.count(estimator + " 3") == 1);
  }
  for (const char* sigma : {"0.5", "learned", "per_dimension"}) EXPECT_EQ(held.count(sigma), 1u);
}

TEST(Golden, TheNoiseIsOurOwn) {
  const Json fixture = read_golden("models.json");
  const auto seed = static_cast<uint64_t>(fixture.at("noise_seed").as_int());
  const RngKey key = RngKey::from(seed, "noise/posterior");
  const std::vector<double> noise = numbers(fixture.at("noise"));
  const int64_t batch = fixture.at("batch").as_int();
  std::vector<float> item(noise.size() / static_cast<size_t>(kGoldenSteps * batch));
  std::vector<double> drawn;
  for (int64_t i = 0; i < kGoldenSteps * batch; ++i) {
    fill_normal(key, static_cast<uint64_t>(i % batch), static_cast<uint32_t>(1 + i / batch), 0,
                item.data(), static_cast<int64_t>(item.size()));
    drawn.insert(drawn.end(), item.begin(), item.end());
  }
  Golden{tolerance::kElementwiseF32}.expect(drawn, noise, "noise");
}

TEST(Golden, TermsAndGradientsEqualPyTorch) {
  const Json fixture = read_golden("models.json");
  for (const GoldenCase& c : golden_cases(fixture)) {
    SCOPED_TRACE(c.title());
    check_terms_and_gradients(c);
  }
}

TEST(Golden, TenAdamStepsEqualPyTorch) {
  const Json fixture = read_golden("models.json");
  for (const GoldenCase& c : golden_cases(fixture)) {
    SCOPED_TRACE(c.title());
    check_ten_adam_steps(c);
  }
}

}  // namespace
}  // namespace isthmus
