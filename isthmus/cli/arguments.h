// SPDX-License-Identifier: Apache-2.0
// From the words of a command line to settings and positional arguments. Which options exist is
// given by BoundOptions; nothing is set here.
//
//   --key value, --key=value, aliases; --flag and --no-flag; -- ends the options.
//   Short options are only -o -n -v -q -h -V.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "isthmus/base/options.h"

namespace isthmus {

enum class Request { kRun, kHelp, kHelpAll, kShowVersion };

struct Setting {
  std::string key;
  std::string value;
  std::string shown;  // as typed: "--latent"
};

struct ParsedArguments {
  Request request = Request::kRun;
  std::vector<std::string> positionals;
  std::vector<Setting> settings;
};

/// `command` is for a hint. Errors: E2002 unknown option, E2003 a value for a flag, E2004 a value
/// is missing.
ParsedArguments parse_arguments(std::span<const std::string> words,
                                const std::vector<BoundOption>& options,
                                const std::string& command = "COMMAND");

struct CommandSplit {
  std::string command;             // empty when there is none
  std::vector<std::string> words;  // all others
};
/// Options before the command may only be those of `global`.
CommandSplit split_command(std::span<const std::string> words,
                           const std::vector<BoundOption>& global);

/// "-o, --out"
std::string flags_text(const BoundOption& option);

}  // namespace isthmus
