// SPDX-License-Identifier: Apache-2.0
// What a run tells while it works. The command line draws a bar from it, a test records it.
// All callbacks come from the training thread between two steps; an exception ends the run.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "isthmus/exec/executor.h"
#include "isthmus/model_file/terms.h"
#include "isthmus/models/parts.h"
#include "isthmus/models/summary.h"
#include "isthmus/tensor/data_spec.h"
#include "isthmus/train/choices.h"

namespace isthmus {

/// Known before the first step.
struct TrainSummary {
  std::string data;        // "fashion-mnist"
  std::string data_split;  // "train" or ""
  std::string data_note;   // "Debian package dataset-fashion-mnist"
  std::string item;        // "28x28 grey"
  Shape item_shape;
  DataKind kind = DataKind::kArray;
  bool pictures = false;  // whether items can be shown
  std::string dtype;      // "u8"
  int64_t num_train = 0, num_val = 0;
  std::string model;       // "vae 784-128-(20,20)-20-128-784, relu, bernoulli on grey values"
  std::string model_name;  // "vae"
  std::string arch;        // "mlp", "conv"; "none": no networks
  std::string likelihood;
  int64_t latent_dim = 0;
  Abilities abilities;
  bool normalized = true;       // false: a score, not a likelihood
  std::string density_of;       // whose density the elbo is: density_of()
  double log_scale = kUnknown;  // elbo + log_scale: in the units of the data
  std::string val_source;
  std::vector<LayerRow> layers;
  int64_t parameters = 0;
  DeviceInfo device;
  Precision precision = Precision::kF32;
  int64_t batch_size = 0;
  uint64_t memory_bytes = 0;  // estimate of the process: executors, data, copies of the state
  uint64_t memory_limit_bytes = 0;
  int64_t steps_per_epoch = 0;
  int64_t max_epochs = 0;
  int64_t resumed_from_step = -1;  // -1: a new run
  std::string resumed_with;        // "arithmetic unchanged, threads 2 -> 1 (the same bits)"
  std::string run;                 // folder; empty in a dry run
};

/// At most ten times a second.
struct Progress {
  int64_t step = 0;   // steps done since the start of the run
  int64_t epoch = 0;  // the epoch being trained, from 1
  int64_t max_epochs = 0;
  double epoch_share = 0;  // of the epoch's items, 0 .. 1
  double share = 0;        // of the whole run as planned, 0 .. 1
  Terms terms;             // mean over the items of this epoch so far
  double learning_rate = 0;
  double kl_weight = 1;         // of the warm-up
  double beta = kUnknown;       // effective weight of kl in the objective
  double grad_norm = kUnknown;  // where clipping computes it
  double items_per_second = 0;
  double elapsed_seconds = 0;
  double eta_seconds = kUnknown;
  /// Where early stopping ends the run: the best score of a validation so far (unknown before the
  /// first), validations since then and how many of them end it, seconds until it can end.
  double best_score = kUnknown;
  int64_t without_gain = 0, patience = 0;
  double earliest_end_seconds = kUnknown;
};

/// After each epoch.
struct EpochRecord {
  int64_t epoch = 0;  // from 1
  int64_t step = 0;
  Terms train;                // mean over the items of the epoch, while the weights moved
  Terms val;                  // unknown without validation data
  int64_t active_units = -1;  // -1: unknown
  double learning_rate = 0;
  double kl_weight = 1;         // at the end of the epoch
  double beta = kUnknown;       // effective weight of kl in the objective
  double grad_norm = kUnknown;  // at the last step, where clipping computes it
  double items_per_second = 0;
  double elapsed_seconds = 0;
  bool best = false;
};

/// kind: "resumed" "checkpoint" "rollback" "warning" "stopping" "picture" "info".
struct TrainEvent {
  std::string kind;
  std::string code;  // "W6002" for warnings with a number
  std::string text;
  std::string hint;
  int64_t step = 0;
};

enum class StopRequest : uint8_t { kNone, kSave, kStop };  // kSave: write a checkpoint, go on

class TrainObserver {
 public:
  virtual ~TrainObserver() = default;
  virtual void on_choices(const std::vector<Choice>&) {}
  virtual void on_summary(const TrainSummary&) {}
  virtual void on_progress(const Progress&) {}
  virtual void on_epoch(const EpochRecord&) {}
  virtual void on_event(const TrainEvent&) {}
  /// Asked after each step: a signal handler's flag, a callback of a binding. kSave is taken back
  /// by the observer once it was returned.
  virtual StopRequest stop_requested() { return StopRequest::kNone; }
};

}  // namespace isthmus
