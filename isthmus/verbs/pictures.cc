// SPDX-License-Identifier: Apache-2.0
// Grids of decoded items as PNG bytes. Values on any scale are brought to [0, 1] for the eye:
// images already there stay, others go through the stored range. One item alone
// of 16 bits is written with the numbers that its data have.
#include "isthmus/verbs/pictures.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "isthmus/data/arrange.h"
#include "isthmus/data/image_grid.h"
#include "isthmus/data/png.h"
#include "isthmus/data/scaling.h"
#include "isthmus/verbs/stored_values.h"

namespace isthmus {
namespace {

/// Originals and reconstructions go through one range: they stay comparable.
Tensor displayed(const Tensor& values, const DataSpec& spec) {
  if (spec.scaling.kind == "unit") return values;
  double low = 0, high = spec.dtype == Dtype::kU8 ? 255 : 1;
  Tensor stored = invert_scaling(values, spec.scaling);
  if (!spec.fields.empty()) {
    low = std::min(0.0, spec.fields.front().min);
    high = std::max(1.0, spec.fields.front().max);
  }
  for (float& v : stored.values<float>()) {
    v = static_cast<float>((static_cast<double>(v) - low) / (high - low));
  }
  return stored;
}

/// The numbers that a file of 16 bits holds.
Tensor numbers_of(const Tensor& value, const DataSpec& spec) {
  Tensor stored = invert_scaling(value, spec.scaling);
  for (float& v : stored.values<float>()) v = v > 0 ? std::round(std::min(v, 65535.0f)) : 0.0f;
  return stored.reshaped(spec.item_shape);
}

}  // namespace

bool has_pictures(const DataSpec& spec) {
  const Shape& shape = spec.item_shape;
  const bool channels =
      shape.size() == 2 || (shape.size() == 3 && (shape[2] == 1 || shape[2] == 3));
  return spec.kind == DataKind::kImage && channels;
}

Bytes grid_picture(const Tensor& values, const DataSpec& spec, int64_t columns) {
  if (values.shape()[0] == 1) return item_picture(values, spec);
  return encode_png(image_grid(displayed(values, spec), {.columns = columns}));
}

Bytes rows_picture(const std::vector<const Tensor*>& rows, const DataSpec& spec, int64_t columns) {
  Shape shape = rows.front()->shape();
  shape[0] = columns * static_cast<int64_t>(rows.size());
  Tensor all(Dtype::kF32, shape);
  auto out = all.values<float>().begin();
  for (const Tensor* items : rows) {
    const Tensor first = items->rows(0, columns);
    out = std::ranges::copy(first.values<float>(), out).out;
  }
  return grid_picture(all, spec, columns);
}

Bytes item_picture(const Tensor& value, const DataSpec& spec) {
  if (pixel_depth(spec) == PixelDepth::kDeep) return encode_png(numbers_of(value, spec));
  return encode_png(image_of(displayed(value, spec)));
}

Bytes pairs_picture(const Tensor& originals, const Tensor& reconstructions, const DataSpec& spec,
                    int64_t columns) {
  return encode_png(reconstruction_grid(displayed(originals, spec),
                                        displayed(reconstructions, spec), {.columns = columns}));
}

Bytes samples_picture(Session& session, int64_t rows, int64_t columns, uint64_t seed) {
  const Tensor items =
      sample(session, {.count = rows * columns, .verb = VerbSettings{.seed = seed}});
  return grid_picture(items, session.model().spec(), columns);
}

Bytes reconstructions_picture(Session& session, const Dataset& data, int64_t count,
                              int64_t columns) {
  const Model& model = session.model();
  const int64_t shown = std::min(count, data.num_items());
  std::vector<int64_t> rows(static_cast<size_t>(shown));
  std::iota(rows.begin(), rows.end(), int64_t{0});
  const Dataset first = select_rows(conform(data, model.spec()), rows);
  const Tensor decoded = reconstruct(session, first, Quantity::kMean, {});
  return pairs_picture(model_values(model, first, 0, shown), decoded, model.spec(), columns);
}

Bytes interpolation_picture(Session& session, const Dataset& data,
                            const InterpolateSettings& settings) {
  return grid_picture(interpolate(session, data, settings), session.model().spec(), settings.steps);
}

}  // namespace isthmus
