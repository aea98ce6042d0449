// SPDX-License-Identifier: Apache-2.0
// Items in the form that options ask for, or that a model has: flat values become images, channels
// go last, sizes and numbers of channels change. It stands between a reader and the Dataset.
#pragma once

#include <cstdint>
#include <string>

#include "isthmus/data/dataset.h"
#include "isthmus/data/formats.h"
#include "isthmus/data/image_convert.h"

namespace isthmus {

/// "64x48" or "64" (a square) as sizes; E2003 naming `key`.
Shape parse_sizes(std::string_view text, std::string_view key, const Limits& limits);

/// What --resize and --channels ask for, and where --resize says nothing, the size of the model's
/// images.
ImageForm wanted_form(const DataOptions& options, const Limits& limits);

/// E3501 for images of another number of channels than the model's: nobody is to see colour made of
/// grey, or lose it, unasked. `have` is 1 or 3, after --channels.
void require_channels(int64_t have, const DataSpec& model);
void require_channels(int64_t have, const DataOptions& options);

/// 16 bits of white are 65535 = 257 * 255.
inline constexpr float kDeepOfByte = 257;

/// What the pixels of images are: whole numbers up to 255 or beyond, or anything else.
enum class PixelDepth : uint8_t { kOther, kByte, kDeep };
PixelDepth pixel_depth(const DataSpec& spec);
/// Of the model's images.
PixelDepth model_depth(const DataOptions& options);

/// Images of 16 bits (whole numbers beyond 255) for a model of 8 are divided by 257, rounded, and
/// that is said of `count` images. False if there is nothing to do.
bool take_depth_of_model(ParsedData& data, const DataOptions& options, int64_t count);

/// Images that were given another form.
struct Conversion {
  int64_t count = 0, stretched = 0;  // the latter with other proportions
  std::string from;                  // "28x28 grey"
  /// Tells of one image.
  void add(const Shape& before, const Shape& after);
  /// As a note when options asked for it, as a warning, too, when it was done for a model.
  std::string note(const std::string& to, const DataOptions& options) const;
};

/// Pixels in rows, or columns in a grid, as --as says. E3204 for rows that are no square.
void regard_as(ParsedData& data, const std::string& as);

/// Applies --shape, --layout, --channels and --resize to what one file held. Errors: E3306.
void arrange_items(ParsedData& data, const DataOptions& options, const Limits& limits);

}  // namespace isthmus
