// SPDX-License-Identifier: Apache-2.0
// What a network is added to, and for what: dropout and corruption exist only while training.
#pragma once

#include "isthmus/graph/graph.h"

namespace isthmus {

enum class Mode : uint8_t { kTraining, kInference };

struct Build {
  GraphBuilder& g;
  Mode mode = Mode::kInference;
};

}  // namespace isthmus
