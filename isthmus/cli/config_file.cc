// SPDX-License-Identifier: Apache-2.0
// TOML files, through toml++ and only here: a flat list of keys with the place where each stands.
#include <toml++/toml.h>

#include <algorithm>

#include "isthmus/base/fs.h"
#include "isthmus/base/text.h"
#include "isthmus/cli/settings.h"

namespace isthmus {
namespace {

constexpr uint64_t kMaxConfigBytes = uint64_t{1} << 20;

ErrorWhere place(const std::string& path, const toml::source_region& source, std::string key = {}) {
  return {.file = path,
          .line = source.begin.line,
          .column = source.begin.column,
          .key = std::move(key)};
}

/// The text that the option's parser reads; nullopt for types that no option has.
std::optional<std::string> scalar_text(const toml::node& node) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* flag = node.as_boolean()) return flag->get() ? "true" : "false";
  if (const auto* whole = node.as_integer()) return std::to_string(whole->get());
  if (const auto* real = node.as_floating_point()) return print_value(real->get());
  return std::nullopt;
}

std::optional<std::string> value_text(const toml::node& node) {
  const toml::array* array = node.as_array();
  if (array == nullptr) return scalar_text(node);
  std::vector<std::string> parts;
  for (const toml::node& element : *array) {
    const std::optional<std::string> part = scalar_text(element);
    if (!part) return std::nullopt;
    parts.push_back(*part);
  }
  return print_value(parts);
}

void flatten(const std::string& path, const toml::table& table, const std::string& prefix,
             std::vector<ConfigEntry>& out) {
  for (const auto& [name, node] : table) {
    const std::string key = prefix + std::string(name.str());
    if (const toml::table* inner = node.as_table()) {
      flatten(path, *inner, key + ".", out);
      continue;
    }
    const std::optional<std::string> text = value_text(node);
    if (!text) {
      throw Error(ErrorCode::kConfigValue, key + " has a type that no option takes",
                  "use a string, a number, true or false, or a list of them",
                  place(path, node.source(), key));
    }
    out.push_back({.key = key,
                   .value = *text,
                   .is_text = node.is_string(),
                   .line = node.source().begin.line,
                   .column = node.source().begin.column});
  }
}

/// The length of the token that starts a text: a quoted string or up to a delimiter.
size_t token_length(std::string_view text) {
  if (text.empty()) return 1;
  const char quote = text[0];
  if (quote == '"' || quote == '\'') {
    const size_t end = text.find(quote, 1);
    return end == std::string_view::npos ? text.size() : end + 1;
  }
  if (quote == '[') {
    const size_t end = text.find(']');
    return end == std::string_view::npos ? text.size() : end + 1;
  }
  const size_t end = text.find_first_of(" \t,#]=\r");
  return end == 0 ? 1 : std::min(end, text.size());
}

/// The end of the comment or string that starts at `begin`: behind its closing mark, or where its
/// line (multi-line: the text) ends without one.
size_t quoted_end(std::string_view text, size_t begin) {
  const char mark = text[begin];
  if (mark == '#') return std::min(text.find('\n', begin), text.size());
  const std::string three(3, mark);
  const bool multi_line = text.substr(begin).starts_with(three);
  const std::string_view closing = multi_line ? std::string_view(three) : text.substr(begin, 1);
  size_t i = begin + closing.size();
  while (i < text.size() && !text.substr(i).starts_with(closing)) {
    if (text[i] == '\n' && !multi_line) return i;
    i += mark == '"' && text[i] == '\\' ? 2 : 1;
  }
  return std::min(i + closing.size(), text.size());
}

/// TOML has other characters than those of ASCII in comments and strings only. toml++ 3.3 meets
/// them elsewhere with undefined behaviour, so that they are refused before it reads the text.
void check_ascii(std::string_view text, const std::string& path) {
  const std::string_view byte_order_mark = "\xef\xbb\xbf";
  size_t i = text.starts_with(byte_order_mark) ? byte_order_mark.size() : 0;
  while (i < text.size()) {
    if (text[i] == '#' || text[i] == '"' || text[i] == '\'') {
      i = quoted_end(text, i);
    } else if (static_cast<unsigned char>(text[i]) < 0x80) {
      ++i;
    } else {
      const std::string_view before = text.substr(0, i);
      const size_t line_begin = before.rfind('\n') + 1;  // 0 if there is none
      throw Error(ErrorCode::kConfigSyntax, "a character outside of ASCII stands outside of quotes",
                  "texts and keys with such characters stand in quotes",
                  {.file = path,
                   .line = std::count(before.begin(), before.end(), '\n') + 1,
                   .column = static_cast<int64_t>(i - line_begin) + 1});
    }
  }
}

}  // namespace

std::vector<ConfigEntry> parse_config(std::string_view text, const std::string& path) {
  check_ascii(text, path);
  std::vector<ConfigEntry> entries;
  try {
    flatten(path, toml::parse(text, path), "", entries);
  } catch (const toml::parse_error& error) {
    throw Error(ErrorCode::kConfigSyntax, escape_for_terminal(error.description()),
                "a line is key = value, with texts in quotes", place(path, error.source()));
  }
  return entries;
}

std::vector<ConfigEntry> read_config(const std::string& path) {
  const Bytes bytes = posix_fs().read_file(path, kMaxConfigBytes);
  return parse_config({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, path);
}

std::string config_excerpt(const Error& error) {
  const int number = static_cast<int>(error.code());
  const ErrorWhere& where = error.where();
  if (number / 100 != 21 || !where.line || !where.column) return {};
  const Bytes bytes = posix_fs().read_file(where.file, kMaxConfigBytes);
  const std::string_view all(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const std::vector<std::string> lines = split(all, '\n');
  const auto index = static_cast<size_t>(*where.line - 1);
  if (index >= lines.size()) return {};
  const std::string& line = lines[index];
  const auto column = std::min(static_cast<size_t>(*where.column - 1), line.size());
  const std::string number_text = std::to_string(*where.line);
  return "  " + number_text + " | " + escape_for_terminal(line) + "\n  " +
         std::string(number_text.size(), ' ') + " | " + std::string(column, ' ') +
         std::string(token_length(std::string_view(line).substr(column)), '^') + " " + error.hint();
}

}  // namespace isthmus
