// SPDX-License-Identifier: Apache-2.0
// The list of commands, as CMakeLists.txt names them.
#include "isthmus/base/text.h"
#include "isthmus/cli/command.h"

namespace isthmus {

const std::vector<CommandDef>& all_commands() {
  static const std::vector<CommandDef> list = {
#define ISTHMUS_ENTRY(name) commands::name(),
#include "isthmus/builtin_commands.inc"
#undef ISTHMUS_ENTRY
  };
  return list;
}

const CommandDef* find_command(std::string_view name) {
  for (const CommandDef& def : all_commands()) {
    if (def.name == name) return &def;
  }
  return nullptr;
}

}  // namespace isthmus
