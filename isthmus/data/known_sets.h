// SPDX-License-Identifier: Apache-2.0
// Data sets that are known by name. Nothing is downloaded: a set is found in a folder of the search
// path, and otherwise the error says how to install it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "isthmus/base/fs.h"
#include "isthmus/tensor/tensor.h"

namespace isthmus {

struct KnownSplit {
  std::string_view name;    // "train"
  std::string_view images;  // file without .gz
  int64_t num_items = 0;
};
struct KnownSet {
  std::string_view name;     // "fashion-mnist"
  std::string_view summary;  // "10 classes of clothing, 28x28 grey"
  std::string_view package;  // Debian package, or ""
  std::string_view licence;
  std::string_view install;  // what to do when it is missing
  Shape item_shape;
  std::vector<KnownSplit> splits;
  std::vector<std::string> class_names;
};

const std::vector<KnownSet>& known_sets();
/// '-' equals '_'; nullptr if there is none.
const KnownSet* find_known_set(std::string_view name);
/// The first folder of the path that holds the set: <path>/<name>, or <path> itself; nullopt if it
/// is not installed.
std::optional<std::string> folder_of(Fs& fs, const KnownSet& set,
                                     const std::vector<std::string>& search_path);
/// The path of a split's image file in a folder; E3008 with the install line when it is missing.
std::string images_of(Fs& fs, const KnownSet& set, std::string_view split,
                      const std::vector<std::string>& search_path);

}  // namespace isthmus
