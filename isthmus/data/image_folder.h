// SPDX-License-Identifier: Apache-2.0
// Many image files as one data set.
#pragma once

#include <string>
#include <vector>

#include "isthmus/data/dataset.h"
#include "isthmus/data/formats.h"

namespace isthmus {

/// Image files with their class.
struct ImageList {
  std::vector<std::string> paths = {};
  std::vector<int32_t> labels = {};           // per path, or empty
  std::vector<std::string> class_names = {};  // of the subfolders, sorted
  // What was passed over:
  int64_t num_others = 0;   // files that are no image by name
  int64_t num_foreign = 0;  // images of kinds that are not read
  int64_t num_links = 0;    // symbolic links to folders, never entered
  int64_t num_special = 0;  // pipes, sockets, devices
  int64_t num_stray = 0;    // images beside class folders, or below a folder of images
};
/// Images of a folder and all folders below it, sorted bytewise, hidden names passed over. Images
/// in subfolders have the path of their folder as class; of images beside such folders and below
/// them, those are taken that are more (the classes if equally many), the others are counted.
ImageList list_images(Fs& fs, const std::string& folder);
/// E3303 if the list is empty, saying what was found instead.
void require_images(const ImageList& images, const std::string& folder);

/// Reads all images: grey if all are grey, else colour. Headers are read first, so memory is taken
/// once and exactly. Images of 16 bits keep their numbers, as floats, unless the model has 8. Sizes
/// and channels follow options; what was passed over, mended or converted is said. Unreadable
/// images are skipped and listed in `bad` as far as options.max_bad allows. Errors: E3302 sizes
/// differ (naming two files), E3304 too many unreadable ones, E3004; with options.strict the first
/// unreadable image's own error.
ParsedData read_images(Fs& fs, const ImageList& images, const DataOptions& options,
                       const Limits& limits, std::vector<BadFile>& bad);

}  // namespace isthmus
