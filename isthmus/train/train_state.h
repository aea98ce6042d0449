// SPDX-License-Identifier: Apache-2.0
// Everything that decides how a run goes on, beside the tensors: a checkpoint is one step's state,
// and resuming uses all of it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "isthmus/base/json.h"
#include "isthmus/model_file/terms.h"
#include "isthmus/models/parts.h"
#include "isthmus/train/early_stopping.h"

namespace isthmus {

inline constexpr int64_t kMaxHalvings = 3;  // of the learning rate, then E6001

/// Sums of the running epoch, weighted by items, so that its mean is the same whenever it is
/// resumed.
struct EpochSums {
  double objective = 0;
  std::vector<std::pair<std::string, double>> terms;  // by name, in the model's order
  int64_t items = 0;
  /// Batch means of a step with so many items; `names` are the same in every step.
  void add(double objective_mean, std::span<const std::string> names, std::span<const double> means,
           int64_t rows);
  double sum_of(std::string_view name) const;  // 0 for a name that is not there
  /// Means per item; elbo where the model has one.
  Terms means(const Abilities& has) const;
  bool operator==(const EpochSums&) const = default;
};

struct TrainState {
  int64_t step = 0;      // steps done
  int64_t epoch = 1;     // the epoch being trained, from 1
  int64_t position = 0;  // items of this epoch done
  int64_t halvings = 0;  // of the learning rate, after divergence
  int64_t rollbacks = 0;
  EpochSums sums;
  Terms last_train;  // of the last complete epoch
  int64_t active_units = -1;
  double elapsed_seconds = 0;  // training time so far; for display only
  int64_t trained_items = 0;
  double trained_seconds = 0;    // time of the steps alone
  double grad_norm = kUnknown;   // of the last step, where clipping computes it
  double first_loss = kUnknown;  // reconstruction + kl of the run's first step: what is absurd
};

/// The `isthmus.state` text of a checkpoint.
struct StateRecord {
  TrainState state;
  /// Where a step that fails goes back to, when that is not `state` itself: it must not depend on
  /// when checkpoints were written. Its tensors stand in the checkpoint, too.
  std::optional<TrainState> rewind;
  Json early_stopping;
  uint64_t metrics_bytes = 0;
  std::string data_fingerprint;
  std::string config_hash;
  std::string arithmetic;
};
Json state_json(const StateRecord& record);
/// Error E4103 for anything that is not such a record, E4411 naming a number that no run can have.
StateRecord state_from_json(const Json& json);

/// What is known of a run beside its state.
struct RunBounds {
  int64_t num_items = 0;   // of training
  int64_t batch_size = 1;  // as the option says
  int64_t latent_dim = 0;
  bool data_changed = false;  // since the state was saved
};
/// Error E4411 naming a number that this run cannot have.
void require_state_fits(const StateRecord& record, const RunBounds& run);

}  // namespace isthmus
