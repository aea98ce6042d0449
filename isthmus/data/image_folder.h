// SPDX-License-Identifier: Apache-2.0
// Many PNG files as one data set.
#pragma once

#include <string>
#include <vector>

#include "isthmus/data/dataset.h"
#include "isthmus/data/formats.h"

namespace isthmus {

/// Image files with their class.
struct ImageList {
  std::vector<std::string> paths;
  std::vector<int32_t> labels = {};           // per path, or empty
  std::vector<std::string> class_names = {};  // of the subfolders, sorted
  int64_t num_others = 0;                     // files that are no PNG by name and were passed over
  int64_t num_links = 0;                      // symbolic links to folders, never entered
};
/// Files named *.png of a folder; if it has none, those of its subfolders, which are the classes.
/// One level deep, sorted bytewise, hidden names passed over.
ImageList list_images(const std::string& folder);
/// E3303 if the list is empty, saying what was found instead.
void require_images(const ImageList& images, const std::string& folder);

/// Reads all images: grey if all are grey, else colour. Headers are read first, so memory is taken
/// once and exactly. Unreadable images are skipped and listed in `bad` as far as options.max_bad
/// allows. Errors: E3302 sizes differ (naming two files), E3304 too many unreadable ones, E3004;
/// with options.strict the first unreadable image's own error.
ParsedData read_images(const ImageList& images, const DataOptions& options, const Limits& limits,
                       std::vector<BadFile>& bad);

}  // namespace isthmus
