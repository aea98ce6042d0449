// SPDX-License-Identifier: Apache-2.0
// Feeds the references of metrics/ with the rows of a run. Fitting and densities are theirs.
#include "isthmus/train/reference.h"

#include <algorithm>

#include "isthmus/data/scaling.h"
#include "isthmus/metrics/baselines.h"
#include "isthmus/train/table_look.h"

namespace isthmus {
namespace {

constexpr int64_t kMostItems = 20000;

template <class T>
void copy_scaled(const T* from, const Scaling& scaling, std::span<float> out) {
  const size_t width = scaling.scale.size();
  for (size_t i = 0; i < out.size(); ++i) {
    const size_t f = width == 1 ? 0 : i;
    out[i] =
        static_cast<float>((static_cast<double>(from[i]) - scaling.shift[f]) * scaling.scale[f]);
  }
}

}  // namespace

RowSource scaled_rows(const Dataset& data, std::span<const int64_t> rows, int64_t most,
                      const DataSpec& model) {
  const auto count = std::min(most, static_cast<int64_t>(rows.size()));
  const Scaling scaling = memory_scaling(data, model);
  const int64_t width = model.num_values(), all = static_cast<int64_t>(rows.size());
  return {.count = count,
          .width = width,
          .read = [&data, rows, scaling, width, count, all](int64_t first, int64_t block,
                                                            std::span<float> out) {
            for (int64_t r = 0; r < block; ++r) {
              const auto at = static_cast<size_t>((first + r) * all / count);
              const auto start = static_cast<size_t>(rows[at] * width);
              const auto row =
                  out.subspan(static_cast<size_t>(r * width), static_cast<size_t>(width));
              if (data.values.dtype() == Dtype::kU8) {
                copy_scaled(data.values.values<uint8_t>().data() + start, scaling, row);
              } else {
                copy_scaled(data.values.values<float>().data() + start, scaling, row);
              }
            }
          }};
}

std::optional<MetricResult> independent_columns(const TrainData& data, const ModelSetup& model) {
  const ColumnsSetup setup = columns_setup(model);
  if (setup.family == ColumnFamily::kNone) return std::nullopt;
  const IndependentColumns columns(scaled_rows(data.train, data.train_rows, kMostItems, model.data),
                                   setup);
  const bool validates = data.num_val() > 0;
  return columns.log_prob(scaled_rows(validates ? data.val_data() : data.train,
                                      validates ? data.val_rows : data.train_rows, kMostItems,
                                      model.data));
}

}  // namespace isthmus
