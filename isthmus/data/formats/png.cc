// SPDX-License-Identifier: Apache-2.0
// One PNG file as a data set of one image. Folders, which are the usual case, share the decoder
// (png.cc) and are read in image_folder.cc.
#include "isthmus/data/png.h"

#include "isthmus/data/formats.h"

namespace isthmus {

namespace formats {
FormatDef png() {
  return {.name = "png",
          .summary = "folder of PNG images, subfolders = labels: photos/",
          .extensions = {"png"},
          .sniff = looks_like_png,
          .parse = parse_image};
}
}  // namespace formats

}  // namespace isthmus
