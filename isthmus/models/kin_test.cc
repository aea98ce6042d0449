// SPDX-License-Identifier: Apache-2.0
// Objectives of the next of kin against their papers' formulas: what is a weight times which term,
// and at which scale.
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "isthmus/models/inference.h"
#include "isthmus/testing/small_model.h"

namespace isthmus {
namespace {

constexpr double kHalfLog2Pi = 0.91893853320467274;

struct Drawn {
  Graph graph;
  LeafValues leaves;
  ReferenceRun run() const { return run_reference(graph, rows, leaves); }
  int64_t rows = 4;
};

Drawn drawn_run(const ModelSetup& setup, int64_t rows = 4) {
  Drawn r{training_graph(setup), {}, rows};
  r.leaves = drawn_leaves(r.graph, rows);
  return r;
}

/// Half the summed squared error per item: the reconstruction of a gaussian with sigma 1 without
/// its constant.
double half_squared_error(const ReferenceRun& run, double num_values) {
  return output_of(run, "term/reconstruction") - num_values * kHalfLog2Pi;
}

TEST(WaeMmd, OfficialLossUpToOneFactor) {
  const Drawn r = drawn_run(small_model("wae_mmd"));
  const ReferenceRun run = r.run();
  const double sse = 2 * half_squared_error(run, 4), mmd = output_of(run, "term/mmd");
  EXPECT_GT(std::fabs(mmd), 1e-3);
  const double official = 0.05 * sse + 10 * mmd;  // tolstikhin/wae
  EXPECT_NEAR(output_of(run, "objective") - 4 * kHalfLog2Pi, 10 * official, 1e-9);
}

/// Outputs of an item of the official loss: mean over pixels of the squared error, over latents of
/// z^2, and the sum of squared weights, with b 1e-4 and l 1e-7.
TEST(RaeL2, OfficialLossUpToOneFactor) {
  ModelSetup setup = small_model("rae_l2", {{"model.decoder_penalty", "5.12e-5"}});
  setup.data.item_shape = {1024};
  setup.model.latent_dim = "16";
  const Drawn r = drawn_run(setup);
  const ReferenceRun run = r.run();
  const double sse = 2 * half_squared_error(run, 1024);
  const double mean_z2 = 2 * output_of(run, "term/code_norm") / 16;
  const double official = sse / 1024 + 1e-4 * mean_z2 + 1e-7 * output_of(run, "term/decoder_norm");
  const double ours = output_of(run, "objective") - 1024 * kHalfLog2Pi;
  EXPECT_NEAR(ours, 512 * official, 1e-9 * ours);
}

TEST(RaeL2, DecoderNormIsThatOfItsWeights) {
  const Drawn r = drawn_run(small_model("rae_l2"));
  double sum = 0;
  for (const auto& [name, values] : r.leaves) {
    if (!name.starts_with("decoder/") || !name.ends_with("/weight")) continue;
    for (double v : values) sum += v * v;
  }
  EXPECT_NEAR(output_of(r.run(), "term/decoder_norm"), sum, 1e-12);
}

/// All items alike, and v running through sqrt(D) times the unit vectors: the mean of |J' v|^2 is
/// |J|_F^2, which differences of the decoder give, too.
TEST(RaeGp, PenaltyIsDecoderJacobianNorm) {
  const ModelSetup setup = small_model("rae_gp");
  Drawn r = drawn_run(setup);
  r.leaves["jacobian"].assign(16, 0.0);
  for (size_t i = 0; i < 4; ++i) {
    r.leaves["jacobian"][5 * i] = 2;
    for (size_t row = 1; row < 4; ++row) r.leaves["x"][4 * row + i] = r.leaves["x"][i];
  }
  const Graph encoder = encode_graph(setup, Draw::kNone);
  const std::vector<double> z = run_reference(encoder, 4, r.leaves).output("posterior_mean").data;
  const Graph decoder = decode_graph(setup, Draw::kNone);
  double norm = 0;
  for (size_t j = 0; j < 2; ++j) {
    LeafValues above = r.leaves, below = r.leaves;
    above["z"] = below["z"] = {z[0], z[1]};
    above["z"][j] += 1e-5;
    below["z"][j] -= 1e-5;
    const auto up = run_reference(decoder, 1, above).output("mean").data;
    const auto down = run_reference(decoder, 1, below).output("mean").data;
    for (size_t d = 0; d < 4; ++d) norm += std::pow((up[d] - down[d]) / 2e-5, 2);
  }
  EXPECT_GT(norm, 0.01);
  EXPECT_NEAR(output_of(r.run(), "term/jacobian_norm"), norm, 1e-6 * norm);
}

/// All items alike, and v running through sqrt(Z) times the unit vectors: the mean of |v' J|^2 is
/// |J|_F^2, which differences of the encoder give, too.
TEST(ContractiveAe, PenaltyIsEncoderJacobianNorm) {
  const ModelSetup setup = small_model("contractive_ae");
  Drawn r = drawn_run(setup, 2);
  r.leaves["jacobian"] = {std::numbers::sqrt2, 0, 0, std::numbers::sqrt2};
  std::copy_n(r.leaves["x"].begin(), 4, r.leaves["x"].begin() + 4);
  const Graph encoder = encode_graph(setup, Draw::kNone);
  double norm = 0;
  for (size_t d = 0; d < 4; ++d) {
    LeafValues above = r.leaves, below = r.leaves;
    above["x"].resize(4);
    below["x"].resize(4);
    above["x"][d] += 1e-5;
    below["x"][d] -= 1e-5;
    const auto up = run_reference(encoder, 1, above).output("posterior_mean").data;
    const auto down = run_reference(encoder, 1, below).output("posterior_mean").data;
    for (size_t j = 0; j < 2; ++j) norm += std::pow((up[j] - down[j]) / 2e-5, 2);
  }
  EXPECT_GT(norm, 0.01);
  const ReferenceRun run = r.run();
  EXPECT_NEAR(output_of(run, "term/contraction"), norm, 1e-6 * norm);
  EXPECT_NEAR(output_of(run, "objective"),
              output_of(run, "term/reconstruction") + 0.1 * output_of(run, "term/contraction") +
                  0.01 * output_of(run, "term/decoder_norm"),
              1e-12);
}

TEST(Rae, CannotBeSampledBeforeASamplerIsFitted) {
  for (const char* name : {"rae_l2", "rae_gp"}) {
    EXPECT_FALSE(abilities_of(small_model(name)).samples) << name;
    EXPECT_TRUE(abilities_of(small_model(name)).codes) << name;
  }
}

TEST(InfoVae, RejectsNegativeDivergenceWeight) {
  for (const char* lambda : {"1", "0.5", "-3"}) {
    try {
      training_graph(small_model("info_vae", {{"model.lambda", lambda}}));
      FAIL() << lambda;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kBadValue);
      EXPECT_EQ(error.where().key, "model.lambda");
    }
  }
  training_graph(small_model("info_vae", {{"model.lambda", "0.5"}, {"model.alpha", "0.75"}}));
}

TEST(InfoVae, ObjectiveIsThatOfThePaper) {
  const Drawn r =
      drawn_run(small_model("info_vae", {{"model.alpha", "0.25"}, {"model.lambda", "20"}}));
  const ReferenceRun run = r.run();
  const double expected = output_of(run, "term/reconstruction") + 0.75 * output_of(run, "term/kl") +
                          19.25 * output_of(run, "term/mmd");
  EXPECT_NEAR(output_of(run, "objective"), expected, 1e-10);
}

ModelSetup annealed(double capacity) {
  return small_model("annealed_vae", {{"objective.capacity", print_value(capacity)},
                                      {"objective.capacity_steps", "10"}});
}

TEST(AnnealedVae, ZeroCapacityStillPenalisesKl) {
  const Drawn r = drawn_run(annealed(0));
  const ReferenceRun run = r.run();
  const double kl = output_of(run, "term/kl");
  EXPECT_GT(kl, 0.01);
  EXPECT_NEAR(output_of(run, "objective"), output_of(run, "term/reconstruction") + 1000 * kl, 1e-8);
}

TEST(AnnealedVae, UsesAbsoluteValueOfTheMean) {
  const Drawn zero = drawn_run(annealed(0));
  const double kl = output_of(zero.run(), "term/kl");
  Drawn r = drawn_run(annealed(kl));
  r.leaves["step"] = {10};
  const ReferenceRun run = r.run();
  // The mean is at the capacity, the items are on both sides of it.
  EXPECT_NEAR(output_of(run, "objective"), output_of(run, "term/reconstruction"), 1e-8);
  const Graph evaluation = evaluation_graph(annealed(kl));
  const std::vector<double> kls = run_reference(evaluation, 4, r.leaves).output("kl").data;
  double apart = 0;
  for (double item : kls) apart += std::fabs(item - kl) / 4;
  EXPECT_GT(apart, 1e-3);
}

TEST(AnnealedVae, CapacityRisesOverItsSteps) {
  for (const auto& [step, share] : {std::pair{5.0, 0.5}, {10.0, 1.0}, {500.0, 1.0}}) {
    Drawn r = drawn_run(annealed(40));
    r.leaves["step"] = {step};
    const ReferenceRun run = r.run();
    const double distance = std::fabs(output_of(run, "term/kl") - 40 * share);
    EXPECT_NEAR(output_of(run, "objective"),
                output_of(run, "term/reconstruction") + 1000 * distance, 1e-7);
  }
}

TEST(GaussianOptimal, GradientsEqualDifferences) {
  GraphBuilder g;
  const ModelSetup setup = small_model("vae", {{"model.sigma", "optimal"}});
  output_gradients(g, build_training(g, setup).objectives.front().value);
  const Graph graph = std::move(g).finish();
  expect_gradients_equal_differences(graph, 3, drawn_leaves(graph, 3));
}

}  // namespace
}  // namespace isthmus
