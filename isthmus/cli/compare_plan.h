// SPDX-License-Identifier: Apache-2.0
// What a comparison will do, found out before it does any of it: a fault of the last model should
// not show when the others have been trained.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "isthmus/cli/command_io.h"
#include "isthmus/train/trainer.h"

namespace isthmus {

/// One model of a comparison, with options of its own.
struct ModelChoice {
  std::string label;  // its name in tables, and of its folder
  std::string model;
  std::vector<std::pair<std::string, std::string>> settings = {};
};

struct PlannedModel {
  std::string name;               // the label
  TrainRequest request;           // a new run, or the interrupted one to go on with
  std::string run;                // its folder
  std::optional<double> seconds;  // of the finished run that is there already
};

struct ComparePlan {
  const TrainOptions& train;
  const std::vector<ModelChoice>& models;
  const std::string& folder;
  const Dataset& data;
  const Dataset* test = nullptr;  // null: the items held out
};

/// All models of `plan`, in order. Errors: E2003 for no model, one that is not there, or one twice;
/// E2005 for options that none of them has or that a comparison decides; E2006 where a folder holds
/// another run; and what train says to a model's options and data.
std::vector<PlannedModel> plan_models(CommandIo& io, const ComparePlan& plan);

}  // namespace isthmus
