// SPDX-License-Identifier: Apache-2.0
// run_cli(): finds the command, reads its options from all sources, calls it, and turns every
// exception into the documented text, object and exit status. Commands do the work.
#include "isthmus/cli/run_cli.h"

#include <algorithm>
#include <new>

#include "isthmus/base/env.h"
#include "isthmus/base/log.h"
#include "isthmus/base/text.h"
#include "isthmus/cli/arguments.h"
#include "isthmus/cli/command.h"
#include "isthmus/cli/help.h"
#include "isthmus/cli/program.h"
#include "isthmus/cli/settings.h"
#include "isthmus/cli/work_progress.h"
#include "isthmus/verbs/json_results.h"

namespace isthmus {
namespace {

/// Warnings of the library come out of the console while this lives.
class LogToConsole {
 public:
  explicit LogToConsole(Console& console)
      : old_(set_log_sink([&console](const LogEvent& event) {
          if (event.level == LogLevel::kWarning || event.level == LogLevel::kError) {
            console.warning(event.code, event.text, event.hint);
          } else if (console.verbose()) {
            console.info("note", event.text);
          }
        })) {}
  ~LogToConsole() { set_log_sink(std::move(old_)); }
  LogToConsole(const LogToConsole&) = delete;
  LogToConsole& operator=(const LogToConsole&) = delete;

 private:
  LogSink old_;
};

/// The command's own options, then the global ones that it does not bring itself.
std::vector<BoundOption> options_of(BoundCommand& command, const std::vector<BoundOption>& global) {
  std::vector<BoundOption> options = command.options();
  hide_limits(options);
  const size_t own = options.size();
  for (const BoundOption& option : global) {
    const bool there = std::any_of(options.begin(), options.begin() + static_cast<int64_t>(own),
                                   [&](const auto& o) { return o.key == option.key; });
    if (!there) options.push_back(option);
  }
  return options;
}

void require_arguments(const CommandDef& def, const std::vector<std::string>& given) {
  size_t least = 0, most = 0;
  for (std::string_view argument : def.arguments) {
    if (!argument.starts_with("[")) ++least;
    most = argument.find("...") != std::string_view::npos ? SIZE_MAX : most + 1;
    if (most == SIZE_MAX) break;
  }
  if (given.size() < least) {
    std::string missing(def.arguments[given.size()]);
    if (missing.ends_with("...")) missing.resize(missing.size() - 3);
    throw Error(ErrorCode::kMissingArgument, std::string(def.name) + " needs " + missing,
                usage_line(def));
  }
  if (given.size() > most) {
    throw Error(ErrorCode::kBadValue,
                "unexpected argument \"" + given[most] + "\" of " + std::string(def.name),
                usage_line(def));
  }
}

std::string config_path(const std::vector<Setting>& settings, const EdgeOptions& edge) {
  std::string path = edge.config;
  for (const Setting& setting : settings) {
    if (setting.key == "cli.config") path = setting.value;
  }
  return path;
}

const CommandDef& require_command(const std::string& name) {
  if (const CommandDef* def = find_command(name)) return *def;
  std::vector<std::string> names;
  for (const CommandDef& def : all_commands()) names.emplace_back(def.name);
  const std::string near = nearest_word(name, names);
  throw Error(ErrorCode::kUnknownCommand, "unknown command " + escape_for_terminal(name),
              near.empty() ? "" : "did you mean " + near + "?");
}

int without_command(Console& console, const std::vector<std::string>& words,
                    const std::vector<BoundOption>& global) {
  const ParsedArguments parsed = parse_arguments(words, global);
  console.write_out(parsed.request == Request::kShowVersion ? version_line()
                    : parsed.request == Request::kHelpAll   ? help_of_everything(global)
                                                            : overview());
  return 0;
}

int run_words(Fs& fs, Console& console, const std::vector<std::string>& words) {
  EdgeOptions edge;
  UseOptions use;
  const std::vector<BoundOption> global = global_options(edge, use);
  const CommandSplit split = split_command(words, global);
  if (split.command.empty()) return without_command(console, split.words, global);
  const CommandDef& def = require_command(split.command);
  const std::unique_ptr<BoundCommand> command = def.make();
  const std::vector<BoundOption> options = options_of(*command, global);
  const ParsedArguments parsed = parse_arguments(split.words, options, split.command);
  if (parsed.request != Request::kRun) {
    console.write_out(parsed.request == Request::kShowVersion
                          ? version_line()
                          : command_help(def, options, parsed.request == Request::kHelpAll));
    return 0;
  }
  CommandIo io(fs, console, edge, use);
  KnownOptions known;
  apply_settings(fs, options, known.options(), config_path(parsed.settings, edge), parsed.settings,
                 io.origins);
  use.limits.memory_bytes = memory_limit(use.machine);
  console.configure(edge);
  require_arguments(def, parsed.positionals);
  io.arguments = parsed.positionals;
  io.command_line = command_line_text(console.program(), words);
  return command->run(io);
}

/// A value that is no truth value is an error of its own, later.
void set_if_valid(bool& flag, const std::string& value) {
  try {
    parse_value("cli.json", value, Bounds{}, flag);
  } catch (const Error&) {
    flag = true;
  }
}

/// What is plainly there: an error in the words themselves is an object and coloured, too.
EdgeOptions early_options(const std::vector<std::string>& words) {
  constexpr std::string_view kJson = "--json=", kSetJson = "cli.json=";
  EdgeOptions edge;
  if (const auto value = env_value(env_name("cli.json"))) set_if_valid(edge.json, *value);
  for (size_t i = 0; i < words.size(); ++i) {
    if (words[i] == "--json") edge.json = true;
    if (words[i].starts_with(kJson)) set_if_valid(edge.json, words[i].substr(kJson.size()));
    if (words[i].starts_with(kSetJson)) set_if_valid(edge.json, words[i].substr(kSetJson.size()));
    for (const std::string& color : color_words()) {
      const bool apart = words[i] == "--color" && i + 1 < words.size() && words[i + 1] == color;
      if (apart || words[i] == "--color=" + color) edge.color = color;
    }
  }
  return edge;
}

Json text_or_null(const std::string& text) { return text.empty() ? Json() : Json(text); }
Json number_or_null(const std::optional<int64_t>& number) {
  return number ? Json(*number) : Json();
}

/// The lines of a file that an error points to are only a help: the error comes first.
std::string excerpt_of(Fs& fs, const Error& error) {
  try {
    return config_excerpt(fs, error);
  } catch (const Error&) {
    return {};
  }
}

void print_error_json(Console& console, const Error& error, double seconds) {
  if (!console.json()) return;
  try {
    console.write_out(error_json(error, console, seconds).dump() + "\n");
  } catch (const Error&) {
    // stdout is the thing that failed
  }
}

int report_error(Fs& fs, Console& console, const Error& error, double seconds) {
  // `| head` is no fault: the status says that not all was written, and nothing else does.
  if (error.code() == ErrorCode::kPipeClosed) return exit_status(error.code());
  console.error(error, excerpt_of(fs, error));
  print_error_json(console, error, seconds);
  return exit_status(error.code());
}

int report_bug(Console& console, const std::string& text, double seconds) {
  console.error_text(text);
  console.error_text(
      "  This is a bug in isthmus. Please report the lines above, the command and "
      "the output of\n  isthmus doctor --json.");
  const Error error(ErrorCode::kInternal, text);
  print_error_json(console, error, seconds);
  return exit_status(ErrorCode::kInternal);
}

int run_and_report(Fs& fs, Console& console, const std::vector<std::string>& words) {
  const double started = monotonic_clock().seconds();
  const auto seconds = [&] { return monotonic_clock().seconds() - started; };
  try {
    console.configure(early_options(words));
    return run_words(fs, console, words);
  } catch (const Error& error) {
    return report_error(fs, console, error, seconds());
  } catch (const InternalError& error) {
    return report_bug(console, error.what(), seconds());
  } catch (const std::bad_alloc&) {
    const Error error(ErrorCode::kOutOfMemory, "the system gave no more memory",
                      "use a smaller batch or fewer items, or give the process more memory");
    return report_error(fs, console, error, seconds());
  } catch (const std::exception& error) {
    return report_bug(console, std::string("unexpected exception: ") + error.what(), seconds());
  }
}

}  // namespace

Json error_json(const Error& error, const Console& console, double seconds) {
  const ErrorWhere& w = error.where();
  return result_object("isthmus.error/1")
      .set("seconds", seconds)
      .set("warnings", console.warnings_json())
      .set("code", error_label(error.code()))
      .set("name", error_info(error.code()).name)
      .set("exit", exit_status(error.code()))
      .set("message", error.message())
      .set("where", Json::object()
                        .set("file", text_or_null(escape_for_terminal(w.file)))
                        .set("line", number_or_null(w.line))
                        .set("column", number_or_null(w.column))
                        .set("offset", number_or_null(w.offset))
                        .set("row", number_or_null(w.row))
                        .set("field", text_or_null(escape_for_terminal(w.field)))
                        .set("key", text_or_null(escape_for_terminal(w.key))))
      .set("hint", error.hint());
}

int run_cli(const std::vector<std::string>& words, Terminal terminal, Fs& fs) {
  Console console(std::move(terminal), fs);
  try {
    const LogToConsole log(console);
    const WorkProgress work(console);
    return run_and_report(fs, console, words);
  } catch (const std::bad_alloc&) {
    console.say_out_of_memory();  // even the report of an error needs some
    return exit_status(ErrorCode::kOutOfMemory);
  }
}

}  // namespace isthmus
