// SPDX-License-Identifier: Apache-2.0
// PNG images to and from bytes, by libspng.
//
// Decoding gives 8 bits per channel: grey (H, W) or colour (H, W, 3). Palettes and grey of fewer
// bits are expanded, 16 bits are cut to the upper 8, alpha is dropped (and said). Bytes after the
// image are ignored. Encoding is deterministic.
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
  bool colour = false;  // rgb or palette
  bool alpha = false;   // an alpha channel
};
inline constexpr uint64_t kPngHeaderBytes = 33;

bool looks_like_png(std::span<const std::byte> head);
/// Errors: E3301 not a valid header, E3004 more pixels than limits.image_pixels.
PngHeader read_png_header(std::span<const std::byte> bytes, const Limits& limits);

struct PngImage {
  Tensor pixels;               // u8 (H, W) or (H, W, 3)
  bool alpha_dropped = false;  // an alpha channel or a transparent colour was there
};
/// Errors: E3301 damaged (checksums are checked), E3004 over a limit.
PngImage decode_png(std::span<const std::byte> bytes, const Limits& limits);
/// Decodes into memory of height * width * channels bytes; channels is 1 (grey files only) or 3.
/// Returns whether alpha was dropped.
bool decode_png_into(std::span<const std::byte> bytes, int channels, const Limits& limits,
                     std::span<uint8_t> out);

/// A PNG of a u8 tensor (H, W), (H, W, 1) or (H, W, 3).
Bytes encode_png(const Tensor& pixels);

}  // namespace isthmus
