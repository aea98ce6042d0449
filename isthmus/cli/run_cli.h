// SPDX-License-Identifier: Apache-2.0
// The edge: a command line in, an exit status out. Exceptions end here.
#pragma once

#include <string>
#include <vector>

#include "isthmus/cli/console.h"

namespace isthmus {

/// Words without the program's name. Never throws.
int run_cli(const std::vector<std::string>& words, Terminal terminal, Fs& fs);

/// The object that --json prints for an error.
Json error_json(const Error& error, const Console& console, double seconds);

}  // namespace isthmus
