// SPDX-License-Identifier: Apache-2.0
// Which values of items are known: a file of 0 and 1, one mask for all items or one for each.
#pragma once

#include <optional>
#include <string>

#include "isthmus/base/fs.h"
#include "isthmus/base/limits.h"
#include "isthmus/data/dataset.h"

namespace isthmus {

/// 1 is known, 0 is missing.
class Mask {
 public:
  /// `known` is u8 (1, D), for all items, or (N, D).
  explicit Mask(Tensor known);
  std::span<const uint8_t> row(int64_t item) const;
  /// Missing values of the first `count` items.
  int64_t num_missing(int64_t count) const;

 private:
  Tensor known_;
};

/// How many items there are, and how many of them, the first, are used.
struct ItemCounts {
  int64_t all = 0, used = 0;
};

/// A file of any format that data may have, for items of `spec`: one mask, or one for each item or
/// at least for each that is used. Of images it has their axes or is flat (of images in colour only
/// where spec.flat_order tells how); of images in colour one number per pixel, (H, W), will do.
/// Errors: those of reading, E3006 other sizes, E2003 a value that is neither 0 nor 1
/// (in images neither black nor white), E2202 a mask that leaves nothing to fill in of the items
/// that are used, or nothing to go by.
Mask read_mask(Fs& fs, const std::string& path, const DataSpec& spec, const ItemCounts& items,
               const Limits& limits);

/// Of the first `count` items: missing is what `mask` hides, if there is one, and what was not
/// there when `data` were read.
Mask with_absent(const std::optional<Mask>& mask, const Dataset& data, int64_t count);

}  // namespace isthmus
