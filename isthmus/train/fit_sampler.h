// SPDX-License-Identifier: Apache-2.0
// Densities of the codes of a finished model: what samples are drawn from where the prior is none,
// or does not cover the codes. A sampler is a model of the codes like any other, trained by
// train(), and goes into the file of the model that it belongs to.
//
//   Session session(load_model("runs/fm", posix_fs(), limits), *device);
//   SamplerFits fits = fit_samplers(session, data, {.samplers = {"gmm"}}, observer);
//   write_model(*fits.best, ...);
//
// It is fitted to draws of q(z|x), where there is a posterior: the decoder was trained on these,
// and their means lack its variance. Sources: Dai & Wipf 2019, arXiv:1903.05789; Ghosh et al. 2020,
// arXiv:1903.12436.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "isthmus/metrics/two_sample.h"
#include "isthmus/train/trainer.h"
#include "isthmus/verbs/session.h"

namespace isthmus {

struct SamplerDef {
  std::string_view name, summary, help;
  /// Options of the training of the model of codes, model.name first.
  std::vector<std::pair<std::string_view, std::string>> settings;
};
/// For codes of this size. The names do not depend on it.
std::vector<SamplerDef> all_samplers(int64_t latent_dim = 1);
std::vector<std::string> sampler_words();  // auto, then the samplers

struct SamplerRequest {
  std::vector<std::string> samplers;  // by name; empty: all
  uint64_t seed = 0;
  std::string folder;  // for the runs while they are trained, or <folder>-2, ... where it is taken;
                       // removed at the end
  MachineOptions machine = {};
  Limits limits = {};
};

/// One row of the ranking.
struct SamplerFit {
  std::string name;
  /// Of a classifier between held-out codes and draws: 0.5 where they cannot be told apart.
  TwoSample test;
  double log_prob = kUnknown;  // of held-out codes in their own units, where the density is exact
  double seconds = kUnknown;   // of fitting; unknown of the prior, which is there already
};

struct SamplerFits {
  std::vector<SamplerFit> ranked;  // the one that is hardest to tell from the codes first
  std::optional<Model> best;       // the model with its sampler; nothing when it was stopped
  std::string sampler;             // which one that is
  int64_t num_fitted = 0, num_held_out = 0;  // items
};

/// Fits the samplers to nine tenths of the items and ranks them, and the prior, on the rest. Among
/// samplers that the test cannot tell apart (two standard errors) the one that comes first in
/// all_samplers() is kept. Errors: E2202 for a model without codes, E2003 for a sampler that is
/// none, E3403 for fewer than ten times kLeastTestRows items, and those of training.
SamplerFits fit_samplers(Session& session, const Dataset& data, const SamplerRequest& request,
                         TrainObserver& observer);

}  // namespace isthmus
