// SPDX-License-Identifier: Apache-2.0
// Which label file belongs to which image file, by the usual names of MNIST-like sets, and how a
// label file is read.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "isthmus/base/fs.h"
#include "isthmus/base/limits.h"
#include "isthmus/data/label_values.h"

namespace isthmus {

/// The path itself or with .gz, whichever is a file; nullopt if neither.
std::optional<std::string> find_maybe_gz(Fs& fs, const std::string& path);
/// The label file beside "train-images-idx3-ubyte.gz" or "x.images.idx3-ubyte", if it exists.
std::optional<std::string> find_labels_beside(Fs& fs, const std::string& images_path);
/// The image file of a split in a folder: "train-images..." or "t10k-images..." / "test-images...".
std::optional<std::string> find_idx_images(Fs& fs, const std::string& folder,
                                           std::string_view split);

/// `path` may end in ::key. IDX, NPY or NPZ with one axis, or a table of one column. E3006 unless
/// there are `num_items`; E3204 for more axes, E3404 for values that are not whole numbers, E3106
/// for too many different ones.
Labels read_labels(Fs& fs, const std::string& path, int64_t num_items, const Limits& limits);

}  // namespace isthmus
