// SPDX-License-Identifier: Apache-2.0
// What a command gets beside its options: positional arguments, common options, the console, and
// the writers of output files.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "isthmus/base/clock.h"
#include "isthmus/base/fs.h"
#include "isthmus/cli/console.h"
#include "isthmus/cli/edge_options.h"
#include "isthmus/data/dataset.h"
#include "isthmus/runtime/open_device.h"
#include "isthmus/train/choices.h"
#include "isthmus/verbs/evaluate.h"

namespace isthmus {

class CommandIo {
 public:
  CommandIo(Fs& fs, Console& the_console, EdgeOptions& the_edge, UseOptions& the_use)
      : console(the_console),
        edge(the_edge),
        use(the_use),
        fs_(fs),
        started_(monotonic_clock().seconds()) {}

  Console& console;
  EdgeOptions& edge;
  UseOptions& use;
  std::vector<std::string> arguments;  // positional
  OptionOrigins origins;               // of options that were set
  std::string command_line;            // for run.json

  Fs& fs() const { return fs_; }
  const Limits& limits() const { return use.limits; }
  std::unique_ptr<Device> open_device() const;
  VerbSettings verb_settings() const { return {.seed = use.run.seed}; }
  double seconds() const { return monotonic_clock().seconds() - started_; }

  /// Error E5201 when `bytes` are over --memory, or 80 % of what the process may use: the check of
  /// every command, before the memory is taken. `what`: "the samples".
  void require_memory(CheckedU64 bytes, std::string_view what, std::string_view hint) const;
  /// What a session may take beside `held` bytes of data and results: the same limit.
  MemoryBudget memory_beside(uint64_t held) const {
    return {.limit = memory_limit(use.machine), .held = kProgramBytes + held};
  }
  /// For "-o -": results for people leave stdout. Error E2005 together with --json.
  void take_stdout() const;
  /// Writes a file, whole or not at all, or stdout for "-"; remembers it for `wrote`.
  void write(const std::string& path, std::span<const std::byte> bytes, const Json& wrote) {
    write(path, bytes, wrote, fs());
  }
  void write(const std::string& path, std::span<const std::byte> bytes, const Json& wrote,
             Fs& where);
  /// A file that is already there; `text` is for people.
  void note_written(const std::string& text, const Json& wrote);

  /// The `wrote` line of what was written so far, and what may be run next.
  void print_wrote(std::string_view next);
  /// Completes the object (warnings, seconds, wrote when something was written) and prints it if
  /// --json asks for it.
  void print_json(Json result);

 private:
  Fs& fs_;
  double started_;
  Json wrote_ = Json::array();
  std::vector<std::string> wrote_texts_;
};

}  // namespace isthmus
