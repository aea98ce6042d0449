// SPDX-License-Identifier: Apache-2.0
// The list of commands, as CMakeLists.txt names them.
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

void hide_limits(std::vector<BoundOption>& options) {
  for (BoundOption& option : options) {
    if (option.key.starts_with("limits.")) option.flag.clear();
  }
}

std::vector<BoundOption> global_options(EdgeOptions& edge, UseOptions& use) {
  std::vector<BoundOption> options = bind_options(edge, "cli.");
  append_bound_options(use, "", options);
  hide_limits(options);
  return options;
}

KnownOptions::KnownOptions() : options_(global_options(edge_, use_)) {
  for (const CommandDef& def : all_commands()) {
    commands_.push_back(def.make());
    for (BoundOption& option : commands_.back()->options()) {
      options_.push_back(std::move(option));
    }
  }
}

}  // namespace isthmus
