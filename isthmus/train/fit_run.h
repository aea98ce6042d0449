// SPDX-License-Identifier: Apache-2.0
// The other way to train: models whose definition has a closed form are fitted to the training
// items and measured, without steps, checkpoints or a course.
#pragma once

#include <optional>

#include "isthmus/model_file/model.h"
#include "isthmus/train/run_setup.h"

namespace isthmus {

struct FittedRun {
  Model model;
  Terms train;               // of the training items
  std::optional<Terms> val;  // of those that validate
  int64_t active_units = -1;
  FitReport report;
};

/// Nothing when the observer asked to stop: it is asked whenever the fit reads rows
/// or runs a batch. Same items,
/// same bits. Errors: those of the definition's fit.
std::optional<FittedRun> fit_run(const RunSetup& setup, TrainObserver& observer);

}  // namespace isthmus
