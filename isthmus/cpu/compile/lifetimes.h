// SPDX-License-Identifier: Apache-2.0
// Parts of the fourth pass: the memory of a thread, shared by what is never there at once.
#pragma once

#include "isthmus/cpu/compile/memory.h"

namespace isthmus {

/// Offsets for the values of blocks and passes: first fit by lifetime over the groups of a stage.
/// What a run of several passes hands on exists for its whole block from the run's first group to
/// the last of the run that reads it; what stays in the run has the items of one pass.
void place_lifetimes(const Uses& uses, const Forms& forms, const Groups& groups,
                     MemoryLayout& layout);

/// bf16 operands of products, by run.
void place_casts(const Uses& uses, const Forms& forms, const Groups& groups, StepMemory& memory);

}  // namespace isthmus
