// SPDX-License-Identifier: Apache-2.0
// From what a user typed to paths: file, folder, glob or known set, with its split.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "isthmus/base/fs.h"
#include "isthmus/data/known_sets.h"

namespace isthmus {

struct DataLocation {
  enum class Kind { kFiles, kFolder, kKnownSet };
  Kind kind = Kind::kFiles;
  std::vector<std::string> paths;  // files, or one folder
  const KnownSet* set = nullptr;
  std::string name;   // the argument without its split and key
  std::string key;    // of an array: "x" of "file.npz::x"
  std::string split;  // "train", "test", or "" when the argument has none
};

struct FileAndKey {
  std::string path, key;
};
/// Cuts "::key" off, unless the whole is the name of a file.
FileAndKey split_key(Fs& fs, const std::string& argument);

/// Errors: E3001 nothing there (with the nearest known name), E2003 a split of a file, a key of a
/// folder.
DataLocation locate(Fs& fs, std::string_view argument);
/// Existing paths that match, sorted bytewise; * ? and [...] match inside one path component, and
/// hidden names only when the pattern starts with a dot.
std::vector<std::string> expand_glob(Fs& fs, const std::string& pattern);

}  // namespace isthmus
