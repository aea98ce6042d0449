// SPDX-License-Identifier: Apache-2.0
// All that is settled before the first step: data, resolved options, model, graphs, plan of the
// run.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "isthmus/base/clock.h"
#include "isthmus/base/fs.h"
#include "isthmus/train/resume.h"
#include "isthmus/train/resume_changes.h"
#include "isthmus/train/run_folder.h"
#include "isthmus/train/train_data.h"
#include "isthmus/train/trainer.h"

namespace isthmus {

/// A parameter of the model, and which of the step's states is kept as it: itself, or its running
/// mean. What a step has beside (a critic) is in checkpoints only.
struct KeptParameter {
  std::string name, state;
};

struct RunSetup {
  TrainData data;
  std::vector<std::string> data_arguments;
  ResolvedOptions resolved;
  ModelSetup model;
  std::optional<ResumePoint> resume;
  ChangesSinceCheckpoint since_checkpoint;  // of a resumed run
  std::optional<RunFolder> folder;  // reopened on resume; made by start_folder for a new run
  Graph step_graph;  // of a fitted model: the evaluation graph, which has all parameters
  std::vector<KeptParameter> kept;
  double beta = 1;  // of the model's training, once warm-up is over
  Abilities has;    // of the model
  Device* device = nullptr;
  std::unique_ptr<Device> owned_device;
  Fs* fs = nullptr;
  Clock* clock = nullptr;
  std::string command;
  Json libraries;

  Precision precision = Precision::kF32;
  int64_t batch_size = 0, steps_per_epoch = 0, max_epochs = 0;  // 0 without steps
  int64_t patience = 0;                                         // 0: none
  bool open_end = false;                                        // epochs auto
  std::optional<Condition> target;
  uint64_t memory_estimate = 0, memory_limit = 0;

  /// Whether the model is fitted without steps.
  bool fitted() const { return static_cast<bool>(all_models().find(model.model.name).fit); }
  const TrainOptions& options() const { return resolved.options; }
  std::string config_hash() const { return isthmus::config_hash(resolved.choices); }
};

/// Opens data and device, resolves options (or replays those of the run that is resumed), builds
/// the training graph, estimates memory. Nothing is written, but the folder of a resumed run is
/// locked.
RunSetup prepare_run(const TrainRequest& request, TrainObserver& observer);

TrainSummary summarize(const RunSetup& setup);

/// "vae 784-128-(20,20)-20-128-784, relu, bernoulli on grey values"
std::string describe_model(const ModelSetup& setup);

}  // namespace isthmus
