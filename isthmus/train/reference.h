// SPDX-License-Identifier: Apache-2.0
// What a run is held against: the best decoder of its likelihood that ignores its latents. A model
// below it has learned less than nothing.
#pragma once

#include <optional>

#include "isthmus/metrics/metric.h"
#include "isthmus/metrics/row_source.h"
#include "isthmus/models/model.h"
#include "isthmus/train/train_data.h"

namespace isthmus {

/// At most `most` of `rows` of the data, evenly spread, on the scale that the model sees. `data`
/// outlives the source.
RowSource scaled_rows(const Dataset& data, std::span<const int64_t> rows, int64_t most,
                      const DataSpec& model);

/// Log probability in nats per item of independent columns with the model's likelihood, fitted to
/// training items and measured on those that validate (training items where none do), at most
/// 20,000 of each; a density of the scaled values, as the elbo is. Nothing for likelihoods without
/// such columns.
std::optional<MetricResult> independent_columns(const TrainData& data, const ModelSetup& model);

}  // namespace isthmus
