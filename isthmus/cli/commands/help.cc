// SPDX-License-Identifier: Apache-2.0
// isthmus help [TOPIC|COMMAND|E3104].
#include "isthmus/cli/help.h"

#include "isthmus/base/text.h"
#include "isthmus/base/warning_info.h"
#include "isthmus/verbs/json_results.h"

namespace isthmus {
namespace {

std::string list_of_topics() {
  std::string text = "isthmus help TOPIC, isthmus help COMMAND, isthmus help E3104\n\n";
  for (const HelpTopic& topic : help_topics()) {
    text += "  " + pad_right(topic.name, 14) + std::string(topic.summary) + "\n";
  }
  return text;
}

std::string error_text(const ErrorInfo& info) {
  return error_label(info.code) + " " + std::string(info.name) + " (exit status " +
         std::to_string(exit_status(info.code)) + ")\n" + wrap(info.summary, 80, 2) +
         wrap("what to do: " + std::string(info.remedy), 80, 2);
}

std::string warning_text(const WarningInfo& info) {
  return warning_label(info) + " " + std::string(info.name) + " (a warning: the work goes on)\n" +
         wrap(info.summary, 80, 2) + wrap("what to do: " + std::string(info.remedy), 80, 2);
}

[[noreturn]] void fail_unknown(const std::string& word) {
  std::vector<std::string> known;
  for (const HelpTopic& topic : help_topics()) known.emplace_back(topic.name);
  for (const CommandDef& def : all_commands()) known.emplace_back(def.name);
  const std::string near = nearest_word(word, known);
  throw Error(ErrorCode::kBadValue, "there is no help on \"" + word + "\"",
              near.empty() ? "isthmus help lists the topics" : "did you mean " + near + "?");
}

std::string text_on(const std::string& word) {
  for (const HelpTopic& topic : help_topics()) {
    if (topic.name == word) return topic.text();
  }
  if (const CommandDef* def = find_command(word)) {
    return command_help(*def, def->make()->options(), false);
  }
  if (const ErrorInfo* info = find_error_info(word)) return error_text(*info);
  if (const WarningInfo* info = find_warning_info(word)) return warning_text(*info);
  fail_unknown(word);
}

int run_help(CommandIo& io, const NoOptions&) {
  const bool list = io.arguments.empty();
  const std::string text = list ? list_of_topics() : text_on(io.arguments[0]);
  if (!io.console.json()) io.console.write_out(text);
  io.print_json(result_object("isthmus.help/1")
                    .set("topic", list ? Json() : Json(io.arguments[0]))
                    .set("text", text));
  return 0;
}

}  // namespace

CommandDef commands::help() {
  return {.name = "help",
          .summary = "Explains a topic, a command, an error or warning number.",
          .arguments = {"[TOPIC]"},
          .examples = {"isthmus help formats", "isthmus help E3104"},
          .make = command_with(run_help)};
}

}  // namespace isthmus
