// SPDX-License-Identifier: Apache-2.0
// From what a user typed to paths: file, folder, glob or known set, with its split.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "isthmus/data/known_sets.h"

namespace isthmus {

struct DataLocation {
  enum class Kind { kFiles, kFolder, kKnownSet };
  Kind kind = Kind::kFiles;
  std::vector<std::string> paths;  // files, or one folder
  const KnownSet* set = nullptr;
  std::string name;   // the argument without its split
  std::string split;  // "train", "test", or "" when the argument has none
};

/// Errors: E3001 nothing there (with the nearest known name), E2003 a split of a file.
DataLocation locate(std::string_view argument);
/// Existing paths that match, sorted bytewise; * ? and [...] match inside one path component, and
/// hidden names only when the pattern starts with a dot.
std::vector<std::string> expand_glob(const std::string& pattern);

}  // namespace isthmus
