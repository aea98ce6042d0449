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

/// What tells 8 bits from 16: the values, whatever type holds them.
struct PixelLevels {
  double least = 0, most = 0;
  bool whole = true;
  bool within(double level) const { return least >= 0 && whole && most <= level; }
  bool bytes() const;  // 2 .. 255
  bool deep() const;   // beyond, up to 65535
};
PixelLevels levels_of(const Tensor& values);

/// Images of 8 bits as ones of 16: kF32, or kF64 as they were.
Tensor multiplied_by_257(const Tensor& images);

/// Whether numbers up to `most` beside images up to `of` are of 8 bits and not dark ones of 16.
bool is_byte_beside(double most, double of);

/// Images of 16 bits (whole numbers beyond 255) for a model of 8 are divided by 257, rounded,
/// images of 8 for a model of 16 multiplied, and that is said of `count` images. False if there is
/// nothing to do.
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

/// Applies --shape, --layout, --channels and --resize to what one file held. Errors: E3306, also
/// for rows that may hold the model's colour images in either order.
void arrange_items(ParsedData& data, const DataOptions& options, const Limits& limits);

}  // namespace isthmus
