// SPDX-License-Identifier: Apache-2.0
// run.json: what happened in a run, on which machine, and how to do it again.
#pragma once

#include <string>

#include "isthmus/base/json.h"
#include "isthmus/train/trainer.h"

namespace isthmus {

/// isthmus.run/1: the fields of isthmus.train/1 (status "running" while it lasts) and `build`,
/// `written_at`, `reproduce`.
Json run_json(const TrainResult& result, const std::string& command);

}  // namespace isthmus
