// SPDX-License-Identifier: Apache-2.0
// The JSON of a run: its result and record, and the lines of its progress and metrics.
#pragma once

#include <vector>

#include "isthmus/base/json.h"
#include "isthmus/train/trainer.h"

namespace isthmus {

Json choices_json(const std::vector<Choice>& choices);

Json train_json(const TrainResult& result);

/// One line of isthmus.progress/1 (with eta_seconds) or isthmus.metrics/1.
Json progress_json(const Progress& progress);
Json event_json(const TrainEvent& event, int64_t epoch);
/// Two lines of isthmus.metrics/1: kind "epoch", and "validation" when there is one.
std::vector<Json> metrics_json(const EpochRecord& record);

}  // namespace isthmus
