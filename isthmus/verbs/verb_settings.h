// SPDX-License-Identifier: Apache-2.0
// How a verb computes; none of it changes what an item's result means.
#pragma once

#include <cstdint>
#include <string_view>

#include "isthmus/exec/executor.h"

namespace isthmus {

struct VerbSettings {
  uint64_t seed = 0;
  std::string_view noise = "eval";  // purpose of the draws: validation has its own
  int64_t batch_size = 0;           // 0: chosen from the size of an item
  Precision precision = Precision::kF32;
};

}  // namespace isthmus
