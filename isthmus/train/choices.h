// SPDX-License-Identifier: Apache-2.0
// What was decided and why: every option that was left to `auto` becomes a value with its reason,
// printed before training, stored in the run folder and replayed on resume.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "isthmus/data/dataset.h"
#include "isthmus/train/options.h"

namespace isthmus {

/// origin: "built-in" "preset" "model" "config" "env" "flag" "auto".
struct Choice {
  std::string key;
  std::string value;
  std::string origin = "built-in";
  std::string reason;  // only where something was decided: "grey bytes"
};

/// Where the value of a key came from; keys that are absent are "built-in".
using OptionOrigins = std::map<std::string, std::string>;

struct ResolvedOptions {
  TrainOptions options;         // without a single `auto` that changes the result
  std::vector<Choice> choices;  // all options in order of declaration
  Scaling scaling;              // of the data, as `data.scale` says
};

/// Fills in the preset and everything automatic from what is known of the data. A pure function of
/// its arguments. Errors: E2202 and E2005 for options that exclude each other or have no effect,
/// E3404 for training data outside of the support of the likelihood.
/// `seen` is the spec with the facts of all items of the data, those that validate, too: see
/// choose_scaling().
ResolvedOptions resolve_options(const TrainOptions& options, const DataSpec& spec,
                                int64_t num_items, const OptionOrigins& origins,
                                const DataSpec& seen);
inline ResolvedOptions resolve_options(const TrainOptions& options, const DataSpec& spec,
                                       int64_t num_items, const OptionOrigins& origins) {
  return resolve_options(options, spec, num_items, origins, spec);
}

/// The options with the model's own values of those that the user has not set: for what is done
/// before the data are known.
TrainOptions with_model_defaults(const TrainOptions& options, const OptionOrigins& origins);

/// Sets options back to their defaults that the user set and the chosen model has no use for: for
/// several models that share a command line.
void drop_without_effect(TrainOptions& options, OptionOrigins& origins);

/// The stored choices of a run that is resumed, with the new values of harmless keys (epochs, time,
/// patience, threads, ...). Error E4403 for a key that would change what the run computes.
ResolvedOptions replay_options(const std::vector<Choice>& stored, const TrainOptions& requested,
                               const OptionOrigins& origins);
/// Digest over the keys that decide what a run computes.
std::string config_hash(const std::vector<Choice>& choices);

/// The choices worth a line on the screen: automatic, or set by the user.
std::vector<Choice> notable_choices(const std::vector<Choice>& choices);

}  // namespace isthmus
