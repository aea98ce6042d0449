// SPDX-License-Identifier: Apache-2.0
// What a run saves and when: periodic checkpoints, the best model, the last state. Training hands
// over a copy and goes on; a background thread makes bytes and files.
#pragma once

#include <optional>
#include <string>

#include "isthmus/checkpoint/checkpoint_writer.h"
#include "isthmus/train/run_setup.h"
#include "isthmus/train/state_copy.h"

namespace isthmus {

class RunSaver {
 public:
  RunSaver(const RunSetup& setup, RunFolder& folder, TrainObserver& observer);

  /// Is a periodic checkpoint due at this time?
  bool due(double now) const { return now >= next_; }
  /// A checkpoint that is skipped while another is being written; due again after the interval.
  void save_periodic(StateRecord record, NamedTensors tensors, double now);
  /// A checkpoint that is never skipped.
  void save(StateRecord record, NamedTensors tensors);
  /// Checkpoint of this step, then model.safetensors with its weights.
  void save_with_model(StateRecord record, NamedTensors tensors, const Terms& terms);
  /// model.safetensors alone, from the same tensors.
  void save_model(const StateRecord& record, const NamedTensors& tensors, const Terms& terms);

  /// Tells the observer what has become durable.
  void announce();
  /// Waits for everything; throws the first error.
  void finish();

  bool has_model() const { return has_model_; }
  int64_t last_step() const { return announced_step_; }

 private:
  Model model_of(const StateRecord& record, const NamedTensors& tensors, const Terms& terms) const;
  CheckpointJob job(StateRecord record, NamedTensors tensors, std::optional<Model> model);
  const RunSetup& setup_;
  RunFolder& folder_;
  TrainObserver& observer_;
  RunIdentity identity_;
  CheckpointWriter writer_;
  double interval_, next_;
  bool has_model_ = false;
  int64_t announced_step_ = 0;
};

}  // namespace isthmus
