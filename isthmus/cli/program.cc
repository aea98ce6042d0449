// SPDX-License-Identifier: Apache-2.0
// Texts of the library name commands as "isthmus COMMAND"; whoever called isthmus by a path would
// not find that. Here the name becomes the one that was typed.
#include "isthmus/cli/program.h"

#include "isthmus/base/text.h"
#include "isthmus/cli/command.h"

namespace isthmus {
namespace {

constexpr std::string_view kName = "isthmus";

bool is_word_end(std::string_view text, size_t at) {
  return at >= text.size() || std::string_view(" \n,;:)\"").find(text[at]) != text.npos;
}

/// Whether a name of a command stands at `at`.
bool names_command(std::string_view text, size_t at) {
  for (const CommandDef& def : all_commands()) {
    if (text.substr(at).starts_with(def.name) && is_word_end(text, at + def.name.size())) {
      return true;
    }
  }
  return false;
}

}  // namespace

std::string command_line_text(std::string_view program, const std::vector<std::string>& words) {
  std::string text = quote_for_shell(program);
  for (const std::string& word : words) text += " " + quote_for_shell(word);
  return text;
}

std::string commands_as_typed(std::string_view text, std::string_view program) {
  const std::string name = quote_for_shell(program);
  std::string out;
  size_t done = 0;
  for (size_t at = text.find(kName); at != text.npos; at = text.find(kName, at + 1)) {
    const size_t behind = at + kName.size();
    const bool word_begin = at == 0 || std::string_view(" \n(\"").find(text[at - 1]) != text.npos;
    if (!word_begin || behind >= text.size() || text[behind] != ' ') continue;
    if (!names_command(text, behind + 1)) continue;
    out += text.substr(done, at - done);
    out += name;
    done = behind;
  }
  return out + std::string(text.substr(done));
}

}  // namespace isthmus
