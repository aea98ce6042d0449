// SPDX-License-Identifier: Apache-2.0
// Items in the form that options ask for, or that a model has: flat values become images, channels
// go last, sizes and numbers of channels change. It stands between a reader and the Dataset.
#pragma once

#include <string>

#include "isthmus/data/dataset.h"
#include "isthmus/data/formats.h"
#include "isthmus/data/image_convert.h"

namespace isthmus {

/// "64x48" or "64" (a square) as sizes; E2003 naming `key`.
Shape parse_sizes(std::string_view text, std::string_view key, const Limits& limits);

/// What --resize and --channels ask for, and where they say nothing, the model's images.
ImageForm wanted_form(const DataOptions& options, const Limits& limits);

/// Says that images were converted: as a note when options asked for it, as a warning when it was
/// done for a model. Both texts are such as "28x28 grey"; nothing is said of equal ones.
std::string converted_note(int64_t count, const std::string& from, const std::string& to,
                           const DataOptions& options);

/// Pixels in rows, or columns in a grid, as --as says. E3204 for rows that are no square.
void regard_as(ParsedData& data, const std::string& as);

/// Applies --shape, --layout, --channels and --resize to what one file held. Errors: E3306.
void arrange_items(ParsedData& data, const DataOptions& options, const Limits& limits);

}  // namespace isthmus
