// SPDX-License-Identifier: Apache-2.0
// Graphs that use a trained model. None holds an objective or an update; each is finished. Noise
// depends on (seed, purpose, item, epoch) alone: the epoch of a run serves as number of the draw,
// so more draws are more runs. Models without a posterior give their code as "posterior_mean".
#pragma once

#include "isthmus/graph/graph.h"
#include "isthmus/models/model.h"

namespace isthmus {

/// What the graph also draws: of encoded items from the posterior, of decoded ones from the
/// likelihood (the streams have those names).
enum class Draw : uint8_t { kNone, kPosterior, kLikelihood };

/// Input "x" (item shape). Outputs per item, those that the model's rules give: "reconstruction"
/// (B; of a density without a latent -log p), "posterior_mean" (B, Z), with posterior and prior
/// "kl" (B) and where it factorises "kl_per_dim" (B, Z), in closed form where there is one whatever
/// the estimator of training, and "log_prob" (B) of an exact density; "loss" (B) where the model
/// has one; of what only classifies "log_class" (B, K). One draw of stream "posterior". Holds all
/// parameters.
Graph evaluation_graph(const ModelSetup& setup);

/// Input "x". Outputs: "posterior_mean", "log_var" of a normal posterior, and "sample" if asked
/// for; (B, Z) each.
Graph encode_graph(const ModelSetup& setup, Draw draw);

/// Input "z" (Z), and "context" where there are conditions. Outputs: "mean" (B, D), and "sample"
/// (B, D) if asked for.
Graph decode_graph(const ModelSetup& setup, Draw draw);

/// Input "x", what the sweep before has drawn. Output "x" (B, D): what this one draws, see
/// Parts::draw; stream "draw". Scalar "temperature". Only for models that draw without a latent.
Graph draw_graph(const ModelSetup& setup);

/// Input "x". Output "log_class" (B, K): log probabilities of the classes. Only for models that
/// classify.
Graph classify_graph(const ModelSetup& setup);

/// Output "z" (B, Z): draws of a prior other than N(0, I), stream "prior". Scalar "temperature":
/// factor of the noise of a component. Only for models with such a prior.
Graph prior_graph(const ModelSetup& setup);

/// Input "x". Encodes to the mean and decodes it, without noise but that of "sample". Outputs:
/// "posterior_mean" (B, Z), "mean" (B, D), "sample" (B, D) if asked for.
Graph reconstruct_graph(const ModelSetup& setup, Draw draw);

/// Noise of given items whose kind and strength are known. kNormal: standard deviation on the
/// model's scale; kFlips: probability with which each value 0 or 1 is the other one.
enum class NoiseKind : uint8_t { kNormal, kFlips };
struct KnownNoise {
  NoiseKind kind = NoiseKind::kNormal;
  double level = 0;
};

/// Input "x", noisy items. Outputs: "log_w" (B), the log weight log p(x|z) + log p(z) - log q(z|x)
/// of one draw of stream "posterior" with the noise folded into the likelihood, and "mean" (B, D),
/// the clean item expected there. With self-normalised weights the means of many runs tend
/// to the posterior mean of the decoder's mean given x. Error E2202 for a model without a
/// posterior, or a likelihood that cannot hold this noise.
Graph denoise_graph(const ModelSetup& setup, const KnownNoise& noise);

/// Input "x". Output "noisy" (B, D): x as a corruption of that name leaves it, with noise of stream
/// "corruption". `own` holds the level, if it is not the definition's default. Errors E2003.
Graph corruption_graph(const ModelSetup& setup, std::string_view corruption, const OwnOptions& own);

/// Input "x". Output "log_w" (B, K): log weights of K fresh draws per run; the logs of several runs
/// are joined outside, in double. Error E2202 for a model without a posterior.
Graph importance_graph(const ModelSetup& setup, int64_t num_samples);

}  // namespace isthmus
