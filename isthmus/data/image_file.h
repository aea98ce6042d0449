// SPDX-License-Identifier: Apache-2.0
// One image file of any kind that is read: what its beginning says, and its pixels.
#pragma once

#include <string>
#include <string_view>

#include "isthmus/base/fs.h"
#include "isthmus/base/limits.h"
#include "isthmus/tensor/tensor.h"

namespace isthmus {

/// "png", "jpg", "jpeg": what is looked for in folders.
bool is_image_extension(std::string_view extension);
/// Images of kinds that are not read: they are missed when they are passed over.
bool is_foreign_image_extension(std::string_view extension);

struct ImageHeader {
  int64_t height = 0, width = 0;  // upright
  bool colour = false;
  bool deep = false;  // 16 bits a channel
};

struct DecodedImage {
  Tensor pixels;            // (H, W) or (H, W, 3), upright; u8, or f32 with the numbers of 16 bits
  bool over_white = false;  // not all of it was opaque
  bool turned = false;      // by its EXIF orientation
  bool doubtful = false;    // the decoder mended something
};

/// An open image file. Its size is compared with the pixels that it announces before it is read as
/// a whole: a sparse file of gigabytes is no picture.
class ImageFile {
 public:
  /// Errors: E3301, E3305, E3004; those of files.
  ImageFile(ReadFile& file, const Limits& limits);
  const ImageHeader& header() const { return header_; }
  /// Reads the rest; may be called once. Errors: as above.
  DecodedImage decode();

 private:
  bool read_header();
  ReadFile& file_;
  const Limits& limits_;
  Bytes bytes_;
  ImageHeader header_;
};

}  // namespace isthmus
