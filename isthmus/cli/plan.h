// SPDX-License-Identifier: Apache-2.0
// doctor --plan: the program that a model runs as.
#pragma once

#include <string>

#include "isthmus/cli/command_io.h"

namespace isthmus {

/// `path` is a model file or a run folder. A run folder with a checkpoint shows the training step
/// that the run would go on with; else it is the evaluation graph.
void print_program_of(CommandIo& io, const std::string& path);

}  // namespace isthmus
