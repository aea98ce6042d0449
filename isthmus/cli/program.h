// SPDX-License-Identifier: Apache-2.0
// How isthmus was called, so that printed commands work when they are pasted into the same shell.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace isthmus {

/// "isthmus train 'a b.csv'": a command line as a shell reads it.
std::string command_line_text(std::string_view program, const std::vector<std::string>& words);

/// `text` with "isthmus COMMAND" as it has to be typed here: "build/release/isthmus/cli/isthmus
/// COMMAND" when the program was called by that path.
std::string commands_as_typed(std::string_view text, std::string_view program);

}  // namespace isthmus
