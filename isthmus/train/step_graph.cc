// SPDX-License-Identifier: Apache-2.0
#include "isthmus/train/step_graph.h"

#include <algorithm>

#include "isthmus/optim/optimizer.h"
#include "isthmus/train/options.h"

namespace isthmus {

Precision precision_of(const TrainLoopOptions& options) {
  return options.precision == "bf16" ? Precision::kBF16 : Precision::kF32;
}

StepGraph step_graph_of(const ModelSetup& model, const TrainOptions& options) {
  GraphBuilder g;
  const Training training = build_training(g, model);
  add_update(g, training.objectives, options.optimizer, grad_norm_limit(options.loop.max_grad_norm),
             options.loop.ema);
  return {.graph = std::move(g).finish(), .beta = training.beta};
}

StoredStep stored_step(const ResumePoint& point) {
  const TrainOptions options = replay_options(point.identity.choices, {}, {}).options;
  const int64_t rows =
      parse_count("train.batch_size", options.loop.batch_size, 1, false).value_or(1);
  const int64_t num_items = std::max<int64_t>(1, point.model.provenance.num_items);
  return {
      .graph = step_graph_of(point.model.setup, options).graph,
      .options = {.max_rows = std::min(rows, num_items), .precision = precision_of(options.loop)}};
}

}  // namespace isthmus
