// SPDX-License-Identifier: Apache-2.0
// The parser of the command line. Every word is used or refused: nothing is ignored.
#include "isthmus/cli/arguments.h"

#include <algorithm>

#include "isthmus/base/text.h"

namespace isthmus {
namespace {

constexpr std::string_view kSetKey = "cli.set";

bool is_option_word(const std::string& word) {
  if (word.size() < 2 || word[0] != '-') return false;
  const bool number = (word[1] >= '0' && word[1] <= '9') || word[1] == '.';
  return !number;
}

/// '-' and '_' are the same behind the leading dashes.
std::string canonical(std::string_view flag) {
  std::string out(flag);
  for (size_t i = 2; i < out.size(); ++i) {
    if (out[i] == '_') out[i] = '-';
  }
  return out;
}

struct Match {
  const BoundOption* option = nullptr;
  bool negated = false;
};

Match match_flag(const std::string& flag, const std::vector<BoundOption>& options) {
  for (const BoundOption& o : options) {
    if (!o.flag.empty() && (flag == o.flag || flag == o.alias)) return {&o, false};
  }
  if (!flag.starts_with("--no-")) return {};
  const std::string positive = "--" + flag.substr(5);
  for (const BoundOption& o : options) {
    if (o.type == "flag" && (positive == o.flag || positive == o.alias)) return {&o, true};
  }
  return {};
}

[[noreturn]] void fail_unknown(const std::string& flag, const std::vector<BoundOption>& options,
                               const std::string& otherwise) {
  std::vector<std::string> known = {"--help", "--help-all", "--version"};
  for (const BoundOption& o : options) {
    if (o.flag.starts_with("--")) known.push_back(o.flag);
    if (o.alias.starts_with("--")) known.push_back(o.alias);
  }
  const std::string near = nearest_word(flag, known);
  throw Error(ErrorCode::kUnknownOption, "unknown option " + escape_for_terminal(flag),
              near.empty() ? otherwise : "did you mean " + near + "?");
}

/// Splits "--key=value".
struct Word {
  std::string flag;
  std::string value;
  bool has_value = false;
};
Word take_apart(const std::string& word) {
  const size_t equals = word.find('=');
  if (equals == std::string::npos) return {canonical(word), "", false};
  return {canonical(word.substr(0, equals)), word.substr(equals + 1), true};
}

Request special_request(const std::string& flag) {
  if (flag == "-h") return Request::kHelp;
  if (flag == "--help" || flag == "--help-all") return Request::kHelpAll;
  if (flag == "-V" || flag == "--version") return Request::kShowVersion;
  return Request::kRun;
}

/// The setting of an option; `i` moves on when the next word is its value.
Setting setting_of(const Match& match, const Word& word, std::span<const std::string> words,
                   size_t& i, const std::vector<BoundOption>& options) {
  const BoundOption& option = *match.option;
  if (match.negated) {
    if (word.has_value) throw Error(ErrorCode::kBadValue, word.flag + " takes no value");
    return {option.key, "false", word.flag};
  }
  if (word.has_value) return {option.key, word.value, word.flag};
  if (option.type == "flag") return {option.key, "true", word.flag};
  const bool at_end = i + 1 >= words.size();
  const bool next_is_option =
      !at_end && is_option_word(words[i + 1]) &&
      (match_flag(take_apart(words[i + 1]).flag, options).option != nullptr ||
       special_request(words[i + 1]) != Request::kRun || words[i + 1] == "--");
  if (at_end || next_is_option) {
    throw Error(ErrorCode::kMissingArgument, word.flag + " needs a value",
                word.flag + " " + (option.metavar.empty() ? "VALUE" : option.metavar) + "   " +
                    option.help);
  }
  return {option.key, words[++i], word.flag};
}

/// --set key=value stands for the option of that key.
void expand_set(Setting& setting, const std::vector<BoundOption>& options) {
  if (setting.key != kSetKey) return;
  const size_t equals = setting.value.find('=');
  if (equals == std::string::npos || equals == 0) {
    throw Error(ErrorCode::kBadValue, "--set \"" + setting.value + "\" is not KEY=VALUE",
                "for example --set limits.header_bytes=8MiB");
  }
  std::string key = setting.value.substr(0, equals);
  std::replace(key.begin(), key.end(), '-', '_');
  find_option(options, key);
  setting = {key, setting.value.substr(equals + 1), "--set " + key};
}

}  // namespace

ParsedArguments parse_arguments(std::span<const std::string> words,
                                const std::vector<BoundOption>& options,
                                const std::string& command) {
  ParsedArguments parsed;
  bool options_ended = false;
  for (size_t i = 0; i < words.size(); ++i) {
    if (options_ended || !is_option_word(words[i])) {
      parsed.positionals.push_back(words[i]);
      continue;
    }
    if (words[i] == "--") {
      options_ended = true;
      continue;
    }
    const Word word = take_apart(words[i]);
    const Request request = special_request(word.flag);
    if (request != Request::kRun) {
      parsed.request = request;
      continue;
    }
    const Match match = match_flag(word.flag, options);
    if (match.option == nullptr) {
      fail_unknown(word.flag, options, "isthmus " + command + " -h lists them");
    }
    Setting setting = setting_of(match, word, words, i, options);
    expand_set(setting, options);
    parsed.settings.push_back(std::move(setting));
  }
  return parsed;
}

CommandSplit split_command(std::span<const std::string> words,
                           const std::vector<BoundOption>& global) {
  CommandSplit split;
  for (size_t i = 0; i < words.size(); ++i) {
    if (!split.command.empty()) {
      split.words.push_back(words[i]);
      continue;
    }
    if (!is_option_word(words[i])) {
      split.command = words[i];
      continue;
    }
    split.words.push_back(words[i]);
    const Word word = take_apart(words[i]);
    if (word.has_value || special_request(word.flag) != Request::kRun) continue;
    const Match match = match_flag(word.flag, global);
    if (match.option == nullptr) {
      fail_unknown(word.flag, global, "options of a command stand behind it");
    }
    const bool takes_value = match.option->type != "flag" && !match.negated;
    if (takes_value && i + 1 < words.size()) split.words.push_back(words[++i]);
  }
  return split;
}

std::string flags_text(const BoundOption& option) {
  return option.alias.empty() ? option.flag : option.flag + ", " + option.alias;
}

}  // namespace isthmus
