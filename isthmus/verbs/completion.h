// SPDX-License-Identifier: Apache-2.0
// Draws of whole items of which a part is known, by chains of codes z. All arrays are (N, item
// shape), float32 on the scale that the model sees.
//
// The chains of an item start at draws of the prior and follow the density p(z) p(known|z)^share
// while share rises from 0 to 1 over the first three eighths of the steps. On the way those that
// lie where the rising evidence says they should not are replaced by copies of the others
// (resampling by weight, as in sequential Monte Carlo): a chain of its own could end in a place
// that it cannot leave. To the middle they settle; the second half counts. A step is a Hamiltonian
// move under p(z|known), whose coordinates are fitted to each item (latent_moves.h), and with known
// values one of the encoder (models/evidence.h). Both leave p(z|known) as it is, so that the chains
// have the exact conditional distribution of the model as their limit.
//
// The noise is a function of (seed, item, draw, step): neither batches nor threads change a draw.
// Sources: Mattei & Frellsen 2018, section 3.2; Neal 2001 and 2011; Del Moral et al. 2006.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "isthmus/models/evidence.h"
#include "isthmus/verbs/session.h"

namespace isthmus {

/// Bounds of what the key of the noise can tell apart.
inline constexpr int64_t kMostSteps = 100000, kMostDraws = 10000;

struct CompletionSettings {
  int64_t steps = 200;
  int64_t draws = 20;
  /// Takes every proposal of the encoder and makes no other moves (Rezende et al. 2014, appendix
  /// F): biased wherever the posterior is not exact.
  bool pseudo_gibbs = false;
  VerbSettings verb = {};
};

/// How well chains have mixed. Each is cut into halves of the steps that count: their means differ
/// the more, the less they have seen.
struct Mixing {
  double local = kUnknown, encoder = kUnknown;  // shares of proposals taken
  double r_hat = kUnknown;                      // median over items of the largest of their latents
  int64_t apart = 0;                            // items with a latent above kMostRHat
  double effective = kUnknown;  // independent draws of an item that its chains are worth
};
inline constexpr double kMostRHat = 1.2;
/// With fewer, a half of the steps that count has no two.
inline constexpr int64_t kLeastMixedSteps = 7;

struct Completion {
  Tensor mean;       // E[x|z], averaged over all chains
  Tensor deviation;  // standard deviation of x
  Tensor draws;      // (N * draws, item shape): item after item, the last x of each chain
  Mixing mixing;
};

/// What is known, by the names of the graphs' inputs ("context" among them), and `guess` (N, item
/// shape): items for the encoder to look for the mode at. Of a likelihood that is a score the draws
/// are its means: its noise is not that of the data. Errors: as evidence_graph() and
/// completion_graph().
using NamedInputs = std::vector<std::pair<std::string, Tensor>>;
Completion complete(Session& session, const Evidence& evidence, const NamedInputs& known,
                    const Tensor& guess, const CompletionSettings& settings,
                    std::string_view purpose);

}  // namespace isthmus
