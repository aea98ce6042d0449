// SPDX-License-Identifier: Apache-2.0
// PNG images to and from bytes, by libspng.
//
// Decoding gives grey (H, W) or colour (H, W, 3): bytes, or the stored numbers 0..65535 of a file
// of 16 bits as floats. Palettes and grey of fewer bits are expanded to bytes; what is transparent
// is laid over white (and said), by whole numbers rounded to nearest. Bytes after the image are
// ignored. Encoding is deterministic.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "isthmus/base/fs.h"
#include "isthmus/base/limits.h"
#include "isthmus/tensor/tensor.h"

namespace isthmus {

/// What the first 33 bytes of a PNG say.
struct PngHeader {
  int64_t height = 0, width = 0;
  int bit_depth = 0;
  bool colour = false;   // rgb or palette
  bool indexed = false;  // by a palette
  bool alpha = false;    // an alpha channel
};
inline constexpr uint64_t kPngHeaderBytes = 33;

bool looks_like_png(std::span<const std::byte> head);
/// Errors: E3301 not a valid header, E3004 more pixels than limits.image_pixels.
PngHeader read_png_header(std::span<const std::byte> bytes, const Limits& limits);

struct PngImage {
  Tensor pixels;            // (H, W) or (H, W, 3); u8, or f32 of 16 bits
  bool over_white = false;  // not all of it was opaque
};
/// Errors: E3301 damaged (checksums and indices into the palette are checked), E3004 over a limit.
PngImage decode_png(std::span<const std::byte> bytes, const Limits& limits);

/// A PNG of a tensor (H, W), (H, W, 1) or (H, W, 3): of bytes, or of 16 bits from an f32 tensor of
/// whole numbers 0..65535.
Bytes encode_png(const Tensor& pixels);

}  // namespace isthmus
