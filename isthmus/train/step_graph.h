// SPDX-License-Identifier: Apache-2.0
// The graph of a training step as the options of a run say it, and that of a run folder.
#pragma once

#include "isthmus/exec/executor.h"
#include "isthmus/train/resume.h"

namespace isthmus {

struct StepGraph {
  Graph graph;
  double beta = 1;  // of the model's training, once warm-up is over
};

/// Objectives, update and running means of a model that is trained by steps.
StepGraph step_graph_of(const ModelSetup& model, const TrainOptions& options);

/// The step that a run would go on with from a checkpoint, and how it would be compiled.
struct StoredStep {
  Graph graph;
  CompileOptions options;
};
StoredStep stored_step(const ResumePoint& point);

Precision precision_of(const TrainLoopOptions& options);

}  // namespace isthmus
