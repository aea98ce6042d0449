// SPDX-License-Identifier: Apache-2.0
// Checkpoints of a run: the model's configuration, the options with their origins, the state, and
// all tensors (parameters and optimizer). What a resume needs, and nothing about the machine.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "isthmus/base/fs.h"
#include "isthmus/model_file/model.h"
#include "isthmus/train/choices.h"
#include "isthmus/train/observer.h"
#include "isthmus/train/train_state.h"

namespace isthmus {

/// What does not change during a run but must be known to continue it.
struct RunIdentity {
  std::vector<std::string> data;  // DATA arguments
  std::vector<Choice> choices;
};

/// The `isthmus.config` text of a checkpoint: that of the model, and the run.
std::string checkpoint_config(const Model& model, const RunIdentity& identity);
Bytes checkpoint_bytes(const Model& model, const RunIdentity& identity, const StateRecord& record,
                       const NamedTensors& tensors, const Limits& limits);

/// Stands before the names of the tensors of StateRecord::rewind.
inline constexpr std::string_view kRewindPrefix = "rewind/";

struct ResumePoint {
  int64_t step = 0;
  Model model;  // parameters of that step
  RunIdentity identity;
  StateRecord record;
  NamedTensors tensors;
  NamedTensors rewind;  // of record.rewind, under the same names; else empty
};

/// The newest checkpoint of a run folder that passes all checks; those passed over are told to the
/// observer. Errors: E4401 none usable, E4411 of another step than its name says, E43xx, E5xxx.
ResumePoint load_resume_point(Fs& fs, const std::string& run, const Limits& limits,
                              TrainObserver& observer);

}  // namespace isthmus
