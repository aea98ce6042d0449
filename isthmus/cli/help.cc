// SPDX-License-Identifier: Apache-2.0
// Renders help from definitions. Defaults are always shown, and no option is listed by hand.
#include "isthmus/cli/help.h"

#include <algorithm>

#include "isthmus/base/text.h"
#include "isthmus/base/version.h"
#include "isthmus/build_info.h"
#include "isthmus/cli/arguments.h"

namespace isthmus {
namespace {

constexpr size_t kWidth = 80;
constexpr size_t kFlagColumn = 26;

std::string placeholder(const BoundOption& option) {
  if (option.type == "flag") return "";
  if (!option.metavar.empty()) return " " + option.metavar;
  if (option.type == "integer" || option.type == "number") return " N";
  if (option.type == "list") return " A,B";
  if (!option.words.empty()) return " WORD";
  return " TEXT";
}

std::string default_of(const BoundOption& option) {
  if (option.type == "flag") return option.default_text == "true" ? "on" : "off";
  return option.default_text.empty() ? "none" : option.default_text;
}

std::string first_sentence(const std::string& text) {
  const size_t end = std::min(text.find("; "), text.find(": "));
  if (end == std::string::npos) return text;
  return text.substr(0, end) + ".";
}

/// In the short help one flag is enough: the short one with its word, else the shorter word.
std::string shown_flags(const BoundOption& option, bool all) {
  const bool has_short = !option.flag.starts_with("--");
  if (all || has_short || option.alias.empty()) return flags_text(option);
  return option.alias.size() < option.flag.size() ? option.alias : option.flag;
}

std::string option_lines(const BoundOption& option, bool all) {
  std::string head = "  ";
  if (option.flag.empty()) {
    head += "--set " + option.key + "=";
  } else {
    if (option.flag.starts_with("--")) head += "    ";
    head += shown_flags(option, all) + placeholder(option);
  }
  std::string text = all ? option.help : first_sentence(option.help);
  // Words worth a glance; long lists are for --help.
  if (!option.words.empty() && (all || join(option.words, " ").size() < 40)) {
    text += " One of " + join(option.words, ", ") + ".";
  }
  if (all && !option.owners.empty()) text += " Of " + option.owners + ".";
  if (all && option.words.empty() && !option.bounds.empty()) text += " " + option.bounds + ".";
  text += " (" + default_of(option) + ")";
  const std::string body = wrap(text, kWidth, kFlagColumn);
  if (head.size() + 2 > kFlagColumn) return head + "\n" + body;
  return pad_right(head, kFlagColumn) + body.substr(kFlagColumn);
}

bool is_shown(const CommandDef& def, const BoundOption& option, bool all) {
  if (all) return true;
  if (option.flag.empty() || option.level == OptionLevel::kRare) return false;
  if (def.common.empty() || option.key.starts_with("cli.")) return true;
  return std::find(def.common.begin(), def.common.end(), option.key) != def.common.end();
}

std::string option_section(const CommandDef& def, const std::vector<BoundOption>& options,
                           bool all) {
  std::string text;
  std::string section;
  for (const BoundOption& option : options) {
    if (!is_shown(def, option, all)) continue;
    const std::string head = option.key.substr(0, option.key.find('.'));
    if (all && head != section) text += "\n" + head + "\n";
    section = head;
    text += option_lines(option, all);
  }
  return text;
}

}  // namespace

std::string wrap(std::string_view text, size_t width, size_t indent) {
  std::string out;
  std::string line(indent, ' ');
  bool empty = true;
  for (const std::string& word : split(text, ' ')) {
    if (word.empty()) continue;
    if (!empty && line.size() + 1 + word.size() > width) {
      out += line + "\n";
      line.assign(indent, ' ');
      empty = true;
    }
    line += (empty ? "" : " ") + word;
    empty = false;
  }
  return out + line + "\n";
}

std::string version_line() {
  return "isthmus " + std::string(kVersion) + " (" + build_info::kCompiler + ", " +
         build_info::kBuildType + ")\n";
}

std::string overview() {
  return "isthmus " + std::string(kVersion) +
         ": generative autoencoders on your own data\n"
         "usage    isthmus COMMAND [ARGUMENTS] [OPTIONS]\n"
         "\n"
         "start    demo   train DATA   eval MODEL DATA   compare DATA\n"
         "use      sample   reconstruct   interpolate   encode   decode   denoise\n"
         "         inpaint   superresolve   (each with MODEL, most with DATA)\n"
         "look     inspect PATH   report RUN   datasets   doctor   bench   config   help\n"
         "\n"
         "first    isthmus demo\n"
         "next     isthmus train photos/ -o runs/mine\n"
         "\n"
         "isthmus COMMAND -h shows options with their defaults; isthmus help the topics\n";
}

std::string usage_line(const CommandDef& def) {
  std::string text = "isthmus " + std::string(def.name);
  for (std::string_view argument : def.arguments) text += " " + std::string(argument);
  return text + " [OPTIONS]";
}

std::string command_help(const CommandDef& def, const std::vector<BoundOption>& options, bool all) {
  std::string text = wrap(def.summary, kWidth, 0);
  text += "usage    " + usage_line(def) + "\n";
  for (std::string_view example : def.examples) text += "example  " + std::string(example) + "\n";
  if (!def.note.empty()) text += wrap(def.note, kWidth, 0);
  if (!all) text += "\n";
  text += option_section(def, options, all);
  if (!all) {
    text += "\nDefaults stand in brackets; isthmus " + std::string(def.name) +
            " --help shows all options.\n";
  }
  return text;
}

std::string help_of_everything(const std::vector<BoundOption>& global) {
  std::string text = overview() + "\n";
  for (const CommandDef& def : all_commands()) {
    text += "  " + pad_right(def.name, 14) + std::string(def.summary) + "\n";
  }
  CommandDef none;
  return text + "\nOptions of every command, before or behind it:\n" +
         option_section(none, global, true);
}

}  // namespace isthmus
