// SPDX-License-Identifier: Apache-2.0
// Known values and their mask as evidence for chains of codes, and what the result is worth.
#include "isthmus/verbs/inpaint.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <vector>

#include "isthmus/data/narrow.h"
#include "isthmus/data/scaling.h"
#include "isthmus/metrics/metric.h"

namespace isthmus {
namespace {

constexpr double kPerfect = 100.0;  // dB, as psnr has it

size_t width_of(const Tensor& items) {
  return static_cast<size_t>(items.num_values() / std::max<int64_t>(1, items.shape()[0]));
}

}  // namespace

Completion inpaint(Session& session, const Tensor& items, const Tensor& context, const Mask& mask,
                   std::span<const float> fill, const CompletionSettings& settings) {
  const Model& model = session.model();
  const Tensor filled = filled_with(items, mask, fill);
  Tensor known(Dtype::kF32, {items.shape()[0], model.spec().num_values()});
  for (int64_t i = 0; i < items.shape()[0]; ++i) {
    std::ranges::copy(mask.row(i), known.values<float>().begin() + i * known.shape()[1]);
  }
  NamedInputs inputs = {{"x", filled}, {"known", known}};
  if (model.spec().condition.width() > 0) inputs.emplace_back("context", context);
  Completion result = complete(session, {}, inputs, filled, settings, "inpaint");
  const size_t width = width_of(items);
  const auto keep = [&](const Tensor& from, Tensor& to, size_t repeats) {
    for (size_t at = 0; at < static_cast<size_t>(to.num_values()); ++at) {
      const size_t item = at / width / repeats, j = at % width;
      if (mask.row(static_cast<int64_t>(item))[j] == 0) continue;
      to.values<float>()[at] = from.num_values() > 0 ? from.values<float>()[item * width + j] : 0;
    }
  };
  keep(items, result.mean, 1);
  keep(items, result.draws, static_cast<size_t>(settings.draws));
  keep({}, result.deviation, 1);
  return result;
}

std::vector<float> training_means(const DataSpec& spec) {
  std::vector<float> means(static_cast<size_t>(spec.num_values()));
  const std::vector<double>&shift = spec.scaling.shift, &scale = spec.scaling.scale;
  for (size_t j = 0; j < means.size(); ++j) {
    const FieldSpec& field = spec.fields[spec.fields.size() == 1 ? 0 : j];
    const size_t entry = shift.size() == 1 ? 0 : j;
    means[j] = static_cast<float>((field.mean - shift[entry]) * scale[entry]);
  }
  return means;
}

Tensor filled_with(const Tensor& items, const Mask& mask, std::span<const float> fill) {
  Tensor out = items.clone();
  const std::span<float> values = out.values<float>();
  for (size_t i = 0; i < values.size(); ++i) {
    const size_t j = i % fill.size();
    if (mask.row(static_cast<int64_t>(i / fill.size()))[j] == 0) values[i] = fill[j];
  }
  return out;
}

namespace {

/// The double that is written with the digits of the float: 7.1, not 7.09999990463.
double with_its_digits(float v) {
  char digits[32];
  const char* end = std::to_chars(digits, digits + sizeof(digits), v).ptr;
  double result = static_cast<double>(v);
  std::from_chars(digits, end, result);
  return result;
}

std::vector<double> as_doubles(const Tensor& t) {
  const auto copied = [](auto values) { return std::vector<double>(values.begin(), values.end()); };
  if (t.dtype() == Dtype::kU8) return copied(t.values<uint8_t>());
  if (t.dtype() == Dtype::kF64) return copied(t.values<double>());
  std::vector<double> out(static_cast<size_t>(t.num_values()));
  std::ranges::transform(t.values<float>(), out.begin(), with_its_digits);
  return out;
}

/// The double that is written with so many places after the point; where these are unknown, v.
double with_places(double v, int64_t places) {
  if (places < 0) return v;
  const double power = std::pow(10.0, static_cast<double>(places));
  return std::round(v * power) / power;
}

/// The items as they were read; a column that was not narrowed has the digits of its floats, others
/// have the decimals of their file.
std::vector<double> values_read(const Dataset& data, size_t width) {
  const Narrowing& narrowing = data.spec.narrowing;
  std::vector<double> read = as_doubles(widened(data.values, narrowing));
  if (narrowing.origin.empty()) return read;
  const std::span<const float> floats = data.values.values<float>();
  for (size_t at = 0; at < read.size(); ++at) {
    const size_t j = at % width % narrowing.origin.size();
    if (narrowing.origin[j] == 0 && narrowing.unit[j] == 1) {
      read[at] = with_its_digits(floats[at]);
    } else if (!narrowing.decimals.empty()) {
      read[at] = with_places(read[at], narrowing.decimals[j]);
    }
  }
  return read;
}

template <class T>
Tensor as_type(const Shape& shape, const std::vector<double>& values) {
  Tensor out(dtype_of<T>(), shape);
  std::ranges::transform(values, out.values<T>().begin(),
                         [](double v) { return static_cast<T>(v); });
  return out;
}

}  // namespace

Tensor with_known(const Tensor& stored, const Dataset& data, const Mask& mask) {
  const size_t width = width_of(data.values);
  const std::vector<double> read = values_read(data, width);
  std::vector<double> values = as_doubles(stored);
  const size_t repeats = values.size() / read.size();
  for (size_t at = 0; at < values.size(); ++at) {
    const size_t item = at / width / repeats, j = at % width;
    if (mask.row(static_cast<int64_t>(item))[j] != 0) values[at] = read[item * width + j];
  }
  const bool wide = stored.dtype() == Dtype::kF64 || !data.spec.narrowing.origin.empty();
  if (wide) return as_type<double>(stored.shape(), values);
  const bool bytes = stored.dtype() == Dtype::kU8 && data.values.dtype() == Dtype::kU8;
  return bytes ? as_type<uint8_t>(stored.shape(), values) : as_type<float>(stored.shape(), values);
}

MissingError missing_error(const DataSpec& spec, const Tensor& truth, const Tensor& items,
                           const Mask& mask) {
  const size_t width = width_of(truth);
  const double range = dynamic_range(spec);
  double total = 0, missing = 0;
  ItemMean psnr;
  for (int64_t i = 0; i < truth.shape()[0]; ++i) {
    const std::span<const uint8_t> known = mask.row(i);
    double sum = 0, count = 0;
    for (size_t j = 0; j < width; ++j) {
      if (known[j] != 0) continue;
      const size_t at = static_cast<size_t>(i) * width + j;
      const double error = static_cast<double>(truth.values<float>()[at]) -
                           static_cast<double>(items.values<float>()[at]);
      sum += error * error;
      ++count;
    }
    total += sum;
    missing += count;
    if (count == 0) continue;
    psnr.add(sum > 0 ? std::min(kPerfect, 10 * std::log10(range * range * count / sum)) : kPerfect);
  }
  if (missing == 0) return {};
  return {.mse = total / missing, .psnr = spec.kind == DataKind::kImage ? psnr.mean() : kUnknown};
}

}  // namespace isthmus
