// SPDX-License-Identifier: Apache-2.0
// Help is made from the definitions of commands and options; at most 80 columns wide.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "isthmus/cli/command.h"

namespace isthmus {

std::string version_line();
/// What `isthmus` alone prints: 12 lines.
std::string overview();
/// "isthmus eval MODEL DATA [OPTIONS]"
std::string usage_line(const CommandDef& def);
/// `all`: every option, also rare ones.
std::string command_help(const CommandDef& def, const std::vector<BoundOption>& options, bool all);
/// Overview, global options, one line per command.
std::string help_of_everything(const std::vector<BoundOption>& global);

/// Texts of `isthmus help TOPIC`.
struct HelpTopic {
  std::string_view name;
  std::string_view summary;
  std::string (*text)();
};
const std::vector<HelpTopic>& help_topics();

/// Lines of at most `width` columns, each with this indentation.
std::string wrap(std::string_view text, size_t width, size_t indent);

}  // namespace isthmus
