// SPDX-License-Identifier: Apache-2.0
// What a run needs at most, known before it begins: a run that would be killed at its first epoch
// is refused instead.
#pragma once

#include <cstdint>

#include "isthmus/train/run_setup.h"

namespace isthmus {

/// Bytes of the process: data, program, and either the state with its copies, the values of a step
/// and those of a picture, or what a fit works in and the values of an evaluation or a picture.
uint64_t memory_estimate(const RunSetup& setup);

/// Error E5201 when the estimate is above the limit; with the largest batch that would fit, and the
/// options of the chosen definitions that could be lower.
void require_memory(const RunSetup& setup);

}  // namespace isthmus
