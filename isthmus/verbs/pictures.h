// SPDX-License-Identifier: Apache-2.0
// Pictures of a model as PNG bytes: samples, originals beside reconstructions, interpolations. They
// hold no time and no path: same weights, same bytes. Data that are not images have no pictures.
#pragma once

#include <string>
#include <vector>

#include "isthmus/base/fs.h"
#include "isthmus/verbs/infer.h"

namespace isthmus {

bool has_pictures(const DataSpec& spec);

/// Rows x columns of decoded prior draws.
Bytes samples_picture(Session& session, int64_t rows, int64_t columns, uint64_t seed);

/// 10 x 10: 50 originals in the left five columns, their reconstructions in the right five, item i
/// of row r and column c beside its picture in column c + 5, a line between the halves.
Bytes reconstructions_picture(Session& session, const Dataset& data, int64_t count,
                              int64_t columns);

/// The same from arrays: (N, item shape) each, on the model's scale.
Bytes pairs_picture(const Tensor& originals, const Tensor& reconstructions, const DataSpec& spec,
                    int64_t columns);

/// One row per pair.
Bytes interpolation_picture(Session& session, const Dataset& data,
                            const InterpolateSettings& settings);

/// Any (N, item shape) values of the model's scale as a grid, small images enlarged; one item alone
/// is item_picture().
Bytes grid_picture(const Tensor& values, const DataSpec& spec, int64_t columns);

/// The first `columns` items of each array (N, item shape), one array per row.
Bytes rows_picture(const std::vector<const Tensor*>& rows, const DataSpec& spec, int64_t columns);

/// One item (1, item shape) pixel by pixel, in its own size: fit to be read as data again.
Bytes item_picture(const Tensor& value, const DataSpec& spec);

}  // namespace isthmus
