// SPDX-License-Identifier: Apache-2.0
// Applies the sources of options in their order and notes who set what.
#include "isthmus/cli/settings.h"

#include <algorithm>

#include "isthmus/base/env.h"

namespace isthmus {
namespace {

const BoundOption* option_of(const std::vector<BoundOption>& options, std::string_view key) {
  const auto found =
      std::find_if(options.begin(), options.end(), [&](const auto& o) { return o.key == key; });
  return found == options.end() ? nullptr : &*found;
}

std::vector<std::string> keys_of(const std::vector<BoundOption>& options) {
  std::vector<std::string> keys;
  for (const BoundOption& option : options) keys.push_back(option.key);
  return keys;
}

std::string suggestion(const std::string& word, const std::vector<std::string>& known) {
  const std::string near = nearest_word(word, known);
  return near.empty() ? "isthmus config init lists the keys" : "did you mean " + near + "?";
}

/// E2003 of an option's parser as the error of the place that gave the value.
[[noreturn]] void rethrow_as_config(const Error& error, const std::string& prefix,
                                    ErrorWhere where) {
  throw Error(ErrorCode::kConfigValue, prefix + error.message(), error.hint(), std::move(where));
}

/// A TOML string is no number and no truth value, however it reads.
void require_type(const BoundOption& option, const ConfigEntry& entry) {
  const bool wants_bare =
      option.type == "integer" || option.type == "number" || option.type == "flag";
  const bool automatic = entry.value == "auto" && option.default_text == "auto";
  if (!wants_bare || !entry.is_text || entry.value == "none" || automatic) return;
  Error mistyped(ErrorCode::kBadValue,
                 entry.key + " = \"" + entry.value + "\" is not " +
                     (option.type == "flag" ? "true or false" : "a number"),
                 "expected " + (option.type == "flag" ? "true or false" : "a " + option.type) +
                     (option.bounds.empty() ? "" : ", " + option.bounds));
  throw with_default(mistyped, option.default_text);
}

void apply_config(Fs& fs, const std::vector<BoundOption>& options,
                  const std::vector<BoundOption>& known, const std::string& path,
                  OptionOrigins& origins) {
  for (const ConfigEntry& entry : read_config(fs, path)) {
    const ErrorWhere where{
        .file = path, .line = entry.line, .column = entry.column, .key = entry.key};
    const BoundOption* any = option_of(known, entry.key);
    if (any == nullptr || entry.key.starts_with("cli.")) {
      throw Error(ErrorCode::kConfigKey, "unknown key " + escape_for_terminal(entry.key),
                  suggestion(entry.key, keys_of(known)), where);
    }
    if (entry.key == "run.resume" && entry.value != "none") {
      throw Error(ErrorCode::kConfigValue, "a configuration starts a new run, it resumes none",
                  "to go on with that run: isthmus train --resume " +
                      escape_for_terminal(entry.value) + "; else remove this line",
                  where);
    }
    try {
      require_type(*any, entry);
      any->set(entry.value);
      if (const BoundOption* own = option_of(options, entry.key)) {
        own->set(entry.value);
        origins[entry.key] = "config";
      }
    } catch (const Error& error) {
      rethrow_as_config(error, "", where);
    }
  }
}

void apply_environment(const std::vector<BoundOption>& options,
                       const std::vector<BoundOption>& known, OptionOrigins& origins) {
  const auto variables = isthmus_env_variables();
  if (variables.empty()) return;
  std::vector<std::string> names;
  for (const BoundOption& option : known) names.push_back(env_name(option.key));
  for (const auto& [name, value] : variables) {
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) {
      throw Error(ErrorCode::kConfigKey,
                  "unknown environment variable " + escape_for_terminal(name),
                  suggestion(name, names));
    }
    const BoundOption& any = known[static_cast<size_t>(found - names.begin())];
    try {
      any.set(value);
      if (const BoundOption* own = option_of(options, any.key)) {
        own->set(value);
        origins[any.key] = "env";
      }
    } catch (const Error& error) {
      rethrow_as_config(error, name + ": ", {.key = any.key});
    }
  }
}

/// "--epochs: ..." instead of the key, which the user did not type.
[[noreturn]] void rethrow_as_flag(const Error& error, const Setting& setting) {
  std::string message = error.message();
  const std::string start = setting.key + " = ";
  if (message.starts_with(start)) message = setting.shown + " " + message.substr(start.size());
  ErrorWhere where = error.where();
  where.key = setting.shown;
  throw Error(error.code(), std::move(message), error.hint(), std::move(where));
}

void apply_flags(const std::vector<BoundOption>& options, const std::vector<Setting>& settings,
                 OptionOrigins& origins) {
  std::vector<std::string> given;
  for (const Setting& setting : settings) {
    const BoundOption& option = find_option(options, setting.key);
    const bool again = std::find(given.begin(), given.end(), setting.key) != given.end();
    std::string value = setting.value;
    if (again && option.type == "list") value = option.get() + "," + value;
    try {
      option.set(value);
    } catch (const Error& error) {
      rethrow_as_flag(error, setting);
    }
    given.push_back(setting.key);
    origins[setting.key] = "flag";
  }
}

}  // namespace

std::string env_name(const std::string& key) {
  std::string name = "ISTHMUS_";
  for (char c : key) {
    name += c == '.' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return name;
}

void apply_settings(Fs& fs, const std::vector<BoundOption>& options,
                    const std::vector<BoundOption>& known, const std::string& config_path,
                    const std::vector<Setting>& settings, OptionOrigins& origins) {
  if (config_path != "none") apply_config(fs, options, known, config_path, origins);
  apply_environment(options, known, origins);
  apply_flags(options, settings, origins);
}

}  // namespace isthmus
