// SPDX-License-Identifier: Apache-2.0
// One JPEG file as a data set of one image. Folders, which are the usual case, share the decoder
// (jpeg.cc) and are read in image_folder.cc.
#include "isthmus/data/jpeg.h"

#include "isthmus/data/formats.h"

namespace isthmus {

namespace formats {
FormatDef jpeg() {
  return {
      .name = "jpeg",
      .summary =
          "folder of JPEG images, alone or beside PNG; turned upright by EXIF; CMYK is not read",
      .extensions = {"jpg", "jpeg"},
      .sniff = looks_like_jpeg,
      .parse = parse_image};
}
}  // namespace formats

}  // namespace isthmus
