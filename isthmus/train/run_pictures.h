// SPDX-License-Identifier: Apache-2.0
// The pictures of a run: samples.png and reconstructions.png, after some epochs and at the end.
#pragma once

#include <cstdint>
#include <string>

#include "isthmus/train/run_setup.h"
#include "isthmus/verbs/session.h"

namespace isthmus {

/// Of a session inside a run: no plan is higher than a batch, for which memory was asked. 0, of a
/// run without steps: as high as anywhere.
MemoryBudget budget_of_run(int64_t batch_size);

/// Writes what the model can draw, the names behind `prefix`. The graphs of one picture are gone
/// before those of the next are there.
void write_run_pictures(const Model& model, const RunSetup& setup, RunFolder& folder,
                        const std::string& prefix);

/// What that takes at most beside the model, with batches of this size; 0 without pictures.
uint64_t bytes_of_run_pictures(const RunSetup& setup, int64_t batch_size);

}  // namespace isthmus
