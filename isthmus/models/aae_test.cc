// SPDX-License-Identifier: Apache-2.0
// The two objectives of the adversarial autoencoder: what each moves, and that its gradients are
// those of its value.
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "isthmus/models/inference.h"
#include "isthmus/optim/optimizer.h"
#include "isthmus/testing/small_model.h"

namespace isthmus {
namespace {

ModelSetup small_aae() { return small_model("aae", {{"model.critic_hidden", "3,2"}}); }

std::string network_of(const std::string& parameter) {
  return parameter.substr(0, parameter.find('/'));
}

/// Outputs "objective" and "gradient/<name>" of an objective, for all parameters.
struct OneObjective {
  Graph graph;
  std::vector<std::string> moved;
};
OneObjective objective_graph(const std::string& name) {
  const ModelSetup setup = small_aae();
  GraphBuilder g;
  const ModelBuild b = start_build(g, setup, Mode::kTraining);
  const Parts parts = make_parts(b);
  const Training training = parts.training(given_data(b));
  OneObjective result;
  for (const Objective& objective : training.objectives) {
    if (objective.name != name) continue;
    g.output("objective", objective.value);
    for (Value p : objective.parameters) result.moved.push_back(g.node(p).name);
    output_gradients(g, objective.value);
  }
  result.graph = std::move(g).finish();
  return result;
}

/// What one step of descent assigns to each parameter.
std::map<std::string, std::vector<double>> after_a_step(const ModelSetup& setup,
                                                        const LeafValues& leaves) {
  GraphBuilder g;
  const Training training = build_training(g, setup);
  add_update(g, training.objectives, {.name = "sgd"});
  const Graph graph = std::move(g).finish();
  LeafValues all = leaves;
  all["learning_rate"] = {0.1};
  const ReferenceRun run = run_reference(graph, 3, all);
  std::map<std::string, std::vector<double>> after;
  for (uint32_t p : graph.parameters()) {
    const std::string& name = graph.nodes()[p].name;
    after[name] = run.assigned(name).data;
  }
  return after;
}

TEST(Aae, CriticLossHasNoEncoderGradient) {
  const LeafValues leaves = drawn_leaves(training_graph(small_aae()), 3);
  const auto with = after_a_step(small_aae(), leaves);
  const auto without = after_a_step(
      small_model("aae", {{"model.critic_hidden", "3,2"}, {"model.adversarial_weight", "0"}}),
      leaves);
  const auto plain = after_a_step(small_model("ae"), leaves);
  double critics = 0, pulled = 0;
  for (const auto& [name, values] : without) {
    if (network_of(name) == "critic") {
      for (size_t i = 0; i < values.size(); ++i)
        critics += std::fabs(values[i] - leaves.at(name)[i]);
      continue;
    }
    for (size_t i = 0; i < values.size(); ++i) {
      EXPECT_NEAR(values[i], plain.at(name)[i], 1e-14) << name;
      pulled += std::fabs(values[i] - with.at(name)[i]);
    }
  }
  EXPECT_GT(critics, 1e-3);
  EXPECT_GT(pulled, 1e-3);
}

TEST(Aae, EachObjectiveMovesItsOwnNetworks) {
  const std::map<std::string, std::set<std::string>> expected = {{"", {"encoder", "decoder"}},
                                                                 {"critic", {"critic"}}};
  for (const auto& [name, networks] : expected) {
    std::set<std::string> moved;
    for (const std::string& parameter : objective_graph(name).moved) {
      moved.insert(network_of(parameter));
    }
    EXPECT_EQ(moved, networks) << name;
  }
}

TEST(Aae, GradientsOfWhatMovesEqualDifferences) {
  for (const char* name : {"", "critic"}) {
    const OneObjective one = objective_graph(name);
    const LeafValues leaves = drawn_leaves(one.graph, 3);
    const ReferenceRun run = run_reference(one.graph, 3, leaves);
    for (const std::string& parameter : one.moved) {
      const std::vector<double>& gradient = run.output("gradient/" + parameter).data;
      for (size_t i = 0; i < gradient.size(); ++i) {
        LeafValues moved = leaves;
        moved[parameter][i] += 1e-5;
        const double above = output_of(run_reference(one.graph, 3, moved), "objective");
        moved[parameter][i] -= 2e-5;
        const double below = output_of(run_reference(one.graph, 3, moved), "objective");
        EXPECT_TRUE(
            tolerance::within(gradient[i], (above - below) / 2e-5, tolerance::kGradientF64, 1))
            << name << ": " << parameter << "[" << i << "]";
      }
    }
  }
}

/// A critic that always answers 0 is wrong by log 2 on either side.
TEST(Aae, TermsAreTheCrossEntropiesOfTheCritic) {
  const Graph graph = training_graph(small_aae());
  LeafValues leaves = drawn_leaves(graph, 3);
  for (auto& [name, values] : leaves) {
    if (network_of(name) == "critic") std::fill(values.begin(), values.end(), 0.0);
  }
  const ReferenceRun run = run_reference(graph, 3, leaves);
  EXPECT_NEAR(output_of(run, "term/critic"), 2 * std::log(2.0), 1e-12);
  EXPECT_NEAR(output_of(run, "term/adversarial"), std::log(2.0), 1e-12);
}

double softplus(double t) { return std::log1p(std::exp(t)); }
double softplus_inverse(double y) { return std::log(std::expm1(y)); }

/// The critic's logit at the draw of the prior, from the terms of one item.
double logit_of_draw(const Graph& graph, const LeafValues& leaves) {
  const ReferenceRun run = run_reference(graph, 1, leaves);
  const double of_code = -softplus_inverse(output_of(run, "term/adversarial"));
  return -softplus_inverse(output_of(run, "term/critic") - softplus(of_code));
}

TEST(Aae, CriticSlopeIsThatOfDifferencesAtDrawsOfThePrior) {
  const Graph graph = training_graph(small_aae());
  const LeafValues leaves = drawn_leaves(graph, 1);
  double expected = 0;
  for (size_t j = 0; j < 2; ++j) {
    LeafValues above = leaves, below = leaves;
    above.at("prior")[j] += 1e-5;
    below.at("prior")[j] -= 1e-5;
    expected += std::pow((logit_of_draw(graph, above) - logit_of_draw(graph, below)) / 2e-5, 2);
  }
  EXPECT_GT(expected, 1e-4);
  EXPECT_NEAR(output_of(run_reference(graph, 1, leaves), "term/critic_slope"), expected,
              1e-6 * expected);
}

TEST(Aae, ObjectivesWeighTheirTerms) {  // of items of four values
  const Graph graph = training_graph(
      small_model("aae", {{"model.critic_hidden", "3"}, {"model.adversarial_weight", "7"}}));
  const ReferenceRun run = run_reference(graph, 3, drawn_leaves(graph, 3));
  EXPECT_NEAR(output_of(run, "objective"),
              output_of(run, "term/reconstruction") + 7 * 2 * output_of(run, "term/adversarial"),
              1e-12);
  EXPECT_NEAR(output_of(run, "objective/critic"),
              output_of(run, "term/critic") + 2.5 * output_of(run, "term/critic_slope"), 1e-12);
}

TEST(Aae, TheModelHasNoCriticAndCanBeSampled) {
  const ModelSetup setup = small_aae();
  for (uint32_t index : evaluation_graph(setup).parameters()) {
    EXPECT_NE(network_of(evaluation_graph(setup).nodes()[index].name), "critic");
  }
  const Abilities has = abilities_of(setup);
  EXPECT_TRUE(has.samples);
  EXPECT_FALSE(has.elbo);
}

}  // namespace
}  // namespace isthmus
