// SPDX-License-Identifier: Apache-2.0
// Makes commands from the facts of a finished run. Each has the data and those options of the run
// that decide how the data are read; nothing here runs one.
#include "isthmus/cli/next_commands.h"

#include <algorithm>

#include "isthmus/base/text.h"

namespace isthmus {
namespace {

std::string program_of(const CommandIo& io) { return quote_for_shell(io.console.program()); }

/// A name that is free in the current folder: "more.csv", "more-2.csv", ...
std::string free_name(Fs& fs, const std::string& stem, const std::string& extension) {
  std::string name = stem + extension;
  for (int number = 2; fs.stat(name); ++number) {
    name = stem + "-" + std::to_string(number) + extension;
  }
  return name;
}

/// How items of these data are written: pictures only where there are some.
std::string extension_of(const TrainSummary& summary) {
  if (summary.pictures) return ".png";
  return summary.kind == DataKind::kTable ? ".csv" : ".npy";
}

std::string flag_text(const BoundOption& option, const std::string& value) {
  if (option.type == "flag") return option.flag;
  if (option.flag.empty()) return "--set " + quote_for_shell(option.key + "=" + value);
  if (value.starts_with('-')) return quote_for_shell(option.flag + "=" + value);
  return option.flag + " " + quote_for_shell(value);
}

/// Options that decide how the data are read, as far as they differ from what is built in. How many
/// items trained is no matter of another command.
std::string reading_options(const TrainResult& result) {
  DataOptions data;
  Limits limits;
  std::vector<BoundOption> known = bind_options(data, "data.");
  for (BoundOption& option : bind_options(limits, "limits.")) {
    option.flag.clear();  // by key only
    known.push_back(std::move(option));
  }
  std::string text;
  for (const BoundOption& option : known) {
    if (option.key == "data.limit") continue;
    for (const Choice& choice : result.choices) {
      if (choice.key != option.key || choice.value == option.default_text) continue;
      if (choice.origin != "auto") text += " " + flag_text(option, choice.value);
    }
  }
  return text;
}

/// False for what can be read once only.
bool can_be_read_again(Fs& fs, const std::vector<std::string>& data) {
  return !data.empty() && std::all_of(data.begin(), data.end(), [&](const std::string& path) {
    const auto info = fs.stat(path);
    return !info || info->is_regular || info->is_folder;
  });
}

}  // namespace

std::string resume_command(const CommandIo& io, const TrainResult& result) {
  return program_of(io) + " train --resume " + quote_path_for_shell(result.run);
}

std::vector<std::string> next_commands(const CommandIo& io, const TrainResult& result) {
  const std::string program = program_of(io), run = quote_path_for_shell(result.run);
  const std::string extension = extension_of(result.summary);
  const Terms terms = result.train.value_or(Terms{});
  const bool posterior = !std::isnan(terms.kl),
             measured = !std::isnan(terms.score()) || result.summary.abilities.classifies;
  const bool again = can_be_read_again(io.fs(), result.data);
  std::string data;
  for (const std::string& path : result.data) data += " " + quote_path_for_shell(path);
  data += reading_options(result);
  std::vector<std::string> commands;
  const Abilities& has = result.summary.abilities;
  if (posterior || (has.samples && !has.codes)) {
    commands.push_back(program + " sample " + run + " -n 100 -o " +
                       free_name(io.fs(), "more", extension));
  } else if (again && has.codes) {
    commands.push_back(program + " reconstruct " + run + data + " -o " +
                       free_name(io.fs(), "reconstructions", extension));
  }
  if (again) {
    if (measured) {
      commands.push_back(program + " eval " + run + data + (posterior ? " --iwae 1000" : ""));
    }
    if (has.encodes) {
      commands.push_back(program + " encode " + run + data + " -o " +
                         free_name(io.fs(), "codes", ".csv"));
    }
    if (result.stop_reason != "early_stop" && !result.checkpoint_path.empty()) {
      commands.push_back(resume_command(io, result) + " --epochs " +
                         std::to_string(2 * std::max<int64_t>(1, result.epochs)));
    }
  }
  return commands;
}

}  // namespace isthmus
