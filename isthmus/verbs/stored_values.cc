// SPDX-License-Identifier: Apache-2.0
// The scaling of a model, undone and done. A column of a table keeps what it can hold.
#include "isthmus/verbs/stored_values.h"

#include <algorithm>
#include <cmath>

#include "isthmus/data/image_grid.h"
#include "isthmus/data/scaling.h"
#include "isthmus/verbs/fit_data.h"

namespace isthmus {
namespace {

/// The values that a column can hold: its range, its two values, its decimals.
double in_domain(double value, const FieldSpec& field) {
  const double v = std::clamp(value, field.min, field.max);
  if (field.binary) return v - field.min < field.max - v ? field.min : field.max;
  if (field.decimals < 0) return v;
  const double power = std::pow(10.0, static_cast<double>(field.decimals));
  return std::round(v * power) / power;
}

/// Whether float32 writes the values of a column as well as they were read.
bool fits_float(const FieldSpec& field) {
  const double largest = std::max(std::fabs(field.min), std::fabs(field.max));
  const double finest = std::max(field.standard_deviation * 0x1p-12, field.step * 0.5);
  return largest < 1e38 && (field.constant || largest * 0x1p-24 <= finest);
}

Tensor stored_images(const Tensor& values, const DataSpec& spec) {
  const Tensor stored = invert_scaling(values, spec.scaling);
  if (spec.dtype != Dtype::kU8) return stored;
  Tensor bytes(Dtype::kU8, values.shape());
  std::ranges::transform(stored.values<float>(), bytes.values<uint8_t>().begin(),
                         [](float v) { return pixel_byte(v / 255.0f); });
  return bytes;
}

template <class T>
Tensor stored_rows(const Tensor& values, const DataSpec& spec) {
  Tensor stored(dtype_of<T>(), values.shape());
  const std::span<const float> from = values.values<float>();
  const std::span<T> to = stored.values<T>();
  const Scaling& s = spec.scaling;
  const size_t width = spec.fields.size();
  for (size_t i = 0, f = 0; i < from.size(); ++i, f = f + 1 == width ? 0 : f + 1) {
    const size_t at = s.scale.size() == 1 ? 0 : f;
    const double v = static_cast<double>(from[i]) / s.scale[at] + s.shift[at];
    to[i] = static_cast<T>(in_domain(v, spec.fields[f]));
  }
  return stored;
}

}  // namespace

Tensor stored_values(const Tensor& values, const DataSpec& spec) {
  if (spec.kind != DataKind::kTable) return stored_images(values, spec);
  const bool fits = std::all_of(spec.fields.begin(), spec.fields.end(), fits_float);
  return fits ? stored_rows<float>(values, spec) : stored_rows<double>(values, spec);
}

Tensor model_values(const Model& model, const Dataset& data, int64_t first, int64_t count) {
  const Dataset fitted = fit_to_model(data, model.setup);
  return apply_scaling(fitted.values.rows(first, count), memory_scaling(fitted, model.spec()));
}

}  // namespace isthmus
