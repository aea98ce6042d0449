// SPDX-License-Identifier: Apache-2.0
// The table of known data sets and where they are looked up. Reading them is the IDX reader's work.
#include "isthmus/data/known_sets.h"

#include <algorithm>

#include "isthmus/base/text.h"
#include "isthmus/data/idx_pair.h"

namespace isthmus {
namespace {

std::string canonical(std::string_view name) {
  std::string text(name);
  std::replace(text.begin(), text.end(), '_', '-');
  return text;
}

std::vector<KnownSplit> mnist_splits() {
  return {{"train", "train-images-idx3-ubyte", 60000}, {"test", "t10k-images-idx3-ubyte", 10000}};
}

}  // namespace

const std::vector<KnownSet>& known_sets() {
  static const std::vector<KnownSet> kSets = {
      {.name = "fashion-mnist",
       .summary = "70,000 articles of clothing in 10 classes, 28x28 grey",
       .package = "dataset-fashion-mnist",
       .licence = "MIT",
       .install = "apt install dataset-fashion-mnist",
       .item_shape = {28, 28},
       .splits = mnist_splits(),
       .class_names = {"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt",
                       "Sneaker", "Bag", "Ankle boot"}},
      {.name = "mnist",
       .summary = "70,000 handwritten digits, 28x28 grey",
       .package = "",
       .licence = "CC BY-SA 3.0",
       .install = "put its four IDX files into a folder and pass --search-path FOLDER",
       .item_shape = {28, 28},
       .splits = mnist_splits(),
       .class_names = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}}};
  return kSets;
}

const KnownSet* find_known_set(std::string_view name) {
  for (const KnownSet& set : known_sets()) {
    if (set.name == canonical(name)) return &set;
  }
  return nullptr;
}

std::optional<std::string> folder_of(Fs& fs, const KnownSet& set,
                                     const std::vector<std::string>& search_path) {
  for (const std::string& path : search_path) {
    for (const std::string& folder : {join_path(path, set.name), path}) {
      // The files of all sets have the same names: another set's folder must not pass for this one.
      const KnownSet* named = find_known_set(file_name(folder));
      if ((named == nullptr || named == &set) &&
          find_maybe_gz(fs, join_path(folder, set.splits.front().images)))
        return folder;
    }
  }
  return std::nullopt;
}

std::string images_of(Fs& fs, const KnownSet& set, std::string_view split,
                      const std::vector<std::string>& search_path) {
  const auto found = std::find_if(set.splits.begin(), set.splits.end(),
                                  [&](const KnownSplit& s) { return s.name == split; });
  if (found == set.splits.end()) {
    throw Error(ErrorCode::kBadValue, "data set " + std::string(set.name) + " has no split \"" +
                                          escape_for_terminal(split) + "\"");
  }
  const auto folder = folder_of(fs, set, search_path);
  const auto file = folder ? find_maybe_gz(fs, join_path(*folder, found->images)) : std::nullopt;
  if (file) return *file;
  throw Error(ErrorCode::kSetNotInstalled,
              "data set " + std::string(set.name) + " is not installed (looked in " +
                  join(search_path, ", ") + ")",
              std::string(set.install));
}

}  // namespace isthmus
