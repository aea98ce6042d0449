// SPDX-License-Identifier: Apache-2.0
// What may be run after a training run: whole commands that work when they are pasted.
#pragma once

#include <string>
#include <vector>

#include "isthmus/cli/command_io.h"
#include "isthmus/train/trainer.h"

namespace isthmus {

/// What is worth a line on the screen comes first: new items (or, of a model that has no prior,
/// reconstructions), then the model's worth, its codes, more training. Names of outputs are free
/// ones. Commands on data are left out where the data were a pipe.
std::vector<std::string> next_commands(const CommandIo& io, const TrainResult& result);

/// "isthmus train --resume RUN"
std::string resume_command(const CommandIo& io, const TrainResult& result);

}  // namespace isthmus
