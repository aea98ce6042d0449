// SPDX-License-Identifier: Apache-2.0
// A command: reads options, calls a verb of train, writes. One file commands/<name>.cc defines
// `CommandDef commands::<name>()`; help, flags, configuration keys and environment names come from
// the fields of its options.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "isthmus/base/options.h"
#include "isthmus/cli/command_io.h"

namespace isthmus {

/// The options of one call and what to do with them.
class BoundCommand {
 public:
  virtual ~BoundCommand() = default;
  virtual std::vector<BoundOption> options() = 0;
  virtual int run(CommandIo& io) = 0;
};

struct CommandDef {
  std::string_view name = {};
  std::string_view summary = {};                 // one line of the list
  std::vector<std::string_view> arguments = {};  // "MODEL", "DATA...", "[TOPIC]"
  std::vector<std::string_view> examples = {};   // command lines
  std::string_view note = {};                    // a sentence or two below the usage
  std::vector<std::string_view> common = {};     // keys that -h shows; empty: all common ones
  std::function<std::unique_ptr<BoundCommand>()> make = {};
};

template <class O>
class CommandWith final : public BoundCommand {
 public:
  CommandWith(int (*function)(CommandIo&, const O&), std::string prefix, std::string without)
      : run_(function), prefix_(std::move(prefix)), without_(std::move(without)) {}
  std::vector<BoundOption> options() override {
    std::vector<BoundOption> bound = bind_options(values_, prefix_);
    std::erase_if(bound, [this](const BoundOption& option) { return option.key == without_; });
    return bound;
  }
  int run(CommandIo& io) override { return run_(io, values_); }

 private:
  O values_;
  int (*run_)(CommandIo&, const O&);
  std::string prefix_, without_;
};

/// `prefix` goes in front of the keys: "demo."; the option `without` is left out, because another
/// one of the command means the same.
template <class O>
auto command_with(int (*run)(CommandIo&, const O&), std::string prefix = "",
                  std::string without = "") {
  return [run, prefix, without]() -> std::unique_ptr<BoundCommand> {
    return std::make_unique<CommandWith<O>>(run, prefix, without);
  };
}

/// For commands without options of their own.
struct NoOptions {
  static constexpr auto fields() { return std::tuple<>{}; }
};

namespace commands {
#define ISTHMUS_ENTRY(name) CommandDef name();
#include "isthmus/builtin_commands.inc"
#undef ISTHMUS_ENTRY
}  // namespace commands

/// All commands in the order of the list in CMakeLists.txt.
const std::vector<CommandDef>& all_commands();
/// nullptr if there is none of that name ('-' equals '_').
const CommandDef* find_command(std::string_view name);

/// Limits are set by key only: their last words would be flags that nobody expects.
void hide_limits(std::vector<BoundOption>& options);
std::vector<BoundOption> global_options(EdgeOptions& edge, UseOptions& use);

/// One instance of every command, so that keys of all of them can be checked.
class KnownOptions {
 public:
  KnownOptions();
  const std::vector<BoundOption>& options() const { return options_; }

 private:
  EdgeOptions edge_;
  UseOptions use_;
  std::vector<std::unique_ptr<BoundCommand>> commands_;
  std::vector<BoundOption> options_;
};

}  // namespace isthmus
