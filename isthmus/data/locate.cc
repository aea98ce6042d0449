// SPDX-License-Identifier: Apache-2.0
// What DATA means: the rules of precedence between known names, paths and globs. Opens nothing.
#include "isthmus/data/locate.h"

#include <fnmatch.h>

#include <algorithm>

#include "isthmus/base/error.h"
#include "isthmus/base/options.h"
#include "isthmus/base/text.h"

namespace isthmus {
namespace {

bool is_pattern(std::string_view text) { return text.find_first_of("*?[") != text.npos; }

void expand_from(Fs& fs, const std::string& folder, std::span<const std::string> components,
                 std::vector<std::string>& out) {
  const std::string& head = components.front();
  const bool last = components.size() == 1;
  std::vector<std::string> names = {head};
  if (is_pattern(head)) {
    const auto info = fs.stat(folder.empty() ? "." : folder);
    if (!info || !info->is_folder) return;
    names = fs.list_folder(folder.empty() ? "." : folder);
    std::erase_if(names, [&](const std::string& name) {
      return fnmatch(head.c_str(), name.c_str(), FNM_PERIOD) != 0;
    });
  }
  for (const std::string& name : names) {
    const std::string path = folder.empty() ? name : join_path(folder, name);
    if (!last) {
      expand_from(fs, path, components.subspan(1), out);
    } else if (fs.stat(path)) {
      out.push_back(path);
    }
  }
}

/// Cuts "@train" or "@test" off; "" if there is none.
std::string cut_split(std::string& name) {
  for (const std::string_view split : {"train", "test"}) {
    const std::string suffix = std::string("@").append(split);
    if (name.size() > suffix.size() && name.ends_with(suffix)) {
      name.resize(name.size() - suffix.size());
      return std::string(split);
    }
  }
  return {};
}

/// Fills in kind and paths; false if nothing has this name.
bool locate_named(Fs& fs, DataLocation& location) {
  location.set = find_known_set(location.name);
  if (location.set) {
    location.kind = DataLocation::Kind::kKnownSet;
    return true;
  }
  if (const auto info = fs.stat(location.name)) {
    location.kind = info->is_folder ? DataLocation::Kind::kFolder : DataLocation::Kind::kFiles;
    location.paths = {location.name};
    return true;
  }
  if (is_pattern(location.name)) location.paths = expand_glob(fs, location.name);
  return !location.paths.empty();
}

[[noreturn]] void fail_missing(const std::string& name) {
  std::vector<std::string> known;
  for (const KnownSet& set : known_sets()) known.emplace_back(set.name);
  const std::string near = nearest_word(name, known);
  throw Error(ErrorCode::kFileMissing,
              is_pattern(name) ? "no file matches this pattern"
                               : "no such file or folder, and no known data set",
              near.empty() ? "check the path; known data sets: " + join(known, ", ")
                           : "did you mean " + near + "?",
              {.file = name});
}

}  // namespace

std::vector<std::string> expand_glob(Fs& fs, const std::string& pattern) {
  std::vector<std::string> components = split(pattern, '/');
  const bool absolute = !components.empty() && components.front().empty();
  std::erase_if(components, [](const std::string& part) { return part.empty(); });
  std::vector<std::string> out;
  if (!components.empty()) expand_from(fs, absolute ? "/" : "", components, out);
  std::sort(out.begin(), out.end());
  return out;
}

FileAndKey split_key(Fs& fs, const std::string& argument) {
  const size_t at = argument.rfind("::");
  if (at == std::string::npos || at == 0 || fs.stat(argument)) return {argument, ""};
  return {argument.substr(0, at), argument.substr(at + 2)};
}

DataLocation locate(Fs& fs, std::string_view argument) {
  DataLocation location;
  const FileAndKey parts = split_key(fs, std::string(argument));
  location.name = parts.path;
  location.key = parts.key;
  if (locate_named(fs, location)) {
    if (location.key.empty() || location.kind == DataLocation::Kind::kFiles) return location;
    throw Error(ErrorCode::kBadValue, "only files have keys", "leave out ::" + location.key,
                {.file = location.name});
  }
  location.name = std::string(argument);
  location.key.clear();
  location.split = cut_split(location.name);
  if (location.split.empty() || !locate_named(fs, location)) fail_missing(std::string(argument));
  if (location.kind == DataLocation::Kind::kFiles) {
    throw Error(ErrorCode::kBadValue,
                "only known data sets and folders have splits, this is a file",
                "leave out @" + location.split, {.file = location.name});
  }
  return location;
}

}  // namespace isthmus
