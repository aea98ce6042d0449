// SPDX-License-Identifier: Apache-2.0
// JPEG images from bytes, by libjpeg-turbo. Its markers are walked by own code first, so that size,
// kind, number of scans and completeness are known before a decoder sees the file.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "isthmus/base/fs.h"
#include "isthmus/base/limits.h"
#include "isthmus/tensor/tensor.h"

namespace isthmus {

struct JpegHeader {
  int64_t height = 0, width = 0;  // as stored
  bool colour = false;
  int orientation = 1;  // 1 to 8, of EXIF
  /// Height and width change places when the image is turned upright.
  bool lies() const { return orientation > 4; }
};

bool looks_like_jpeg(std::span<const std::byte> head);
/// Of the beginning of a file; nullopt if it ends before the first scan. Errors: E3305 damaged, or
/// of a kind that is not read (CMYK, 12 bits, lossless); E3004 more pixels than
/// limits.image_pixels.
std::optional<JpegHeader> read_jpeg_header(std::span<const std::byte> bytes, const Limits& limits);

struct JpegImage {
  Tensor pixels;          // u8 (H, W) or (H, W, 3), upright
  bool turned = false;    // by its EXIF orientation
  bool doubtful = false;  // the decoder mended something
};
/// Errors: as above, and E3305 for a truncated file, E3004 for too many scans.
JpegImage decode_jpeg(std::span<const std::byte> bytes, const Limits& limits);

}  // namespace isthmus
