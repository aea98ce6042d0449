// SPDX-License-Identifier: Apache-2.0
// Where the value of an option comes from: built-in < preset < configuration file < ISTHMUS_
// variables < flags and --set. Presets are applied later, by train, from the origins noted here.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "isthmus/base/fs.h"
#include "isthmus/base/options.h"
#include "isthmus/cli/arguments.h"
#include "isthmus/train/choices.h"

namespace isthmus {

/// One value of a TOML file as the text that an option reads.
struct ConfigEntry {
  std::string key;
  std::string value;
  bool is_text = false;  // a TOML string
  int64_t line = 0, column = 0;
};
/// `path` is for messages. Errors: E2101, E2103 with line and column.
std::vector<ConfigEntry> parse_config(std::string_view text, const std::string& path);
/// Also E3001, E3004.
std::vector<ConfigEntry> read_config(Fs& fs, const std::string& path);
/// The line of a file that an error points to, with carets below; empty if it points to none.
std::string config_excerpt(Fs& fs, const Error& error);

/// "ISTHMUS_MODEL_LATENT_DIM" from "model.latent_dim".
std::string env_name(const std::string& key);

/// Sets `options` from all sources. `known` are the options of all commands: keys of other commands
/// are checked, but change nothing. `config_path` "none": no file. Errors: E2101 to E2103, E2003.
void apply_settings(Fs& fs, const std::vector<BoundOption>& options,
                    const std::vector<BoundOption>& known, const std::string& config_path,
                    const std::vector<Setting>& settings, OptionOrigins& origins);

}  // namespace isthmus
