// SPDX-License-Identifier: Apache-2.0
// Resampling and conversion of channels, in float32 between reading and rounding. Decoding is
// image_file.cc; which form is wanted is decided by image_folder.cc and arrange.cc.
#include "isthmus/data/image_convert.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace isthmus {
namespace {

/// What one pixel of the result takes from a line: `weights` from `first` on.
struct Taps {
  int64_t first = 0;
  std::vector<float> weights;
};

std::vector<Taps> triangle_taps(int64_t from, int64_t to) {
  const double scale = static_cast<double>(from) / static_cast<double>(to);
  const double reach = std::max(scale, 1.0);
  std::vector<Taps> all(static_cast<size_t>(to));
  for (int64_t i = 0; i < to; ++i) {
    const double center = (static_cast<double>(i) + 0.5) * scale;
    const auto first = static_cast<int64_t>(std::max(0.0, center - reach + 0.5));
    const auto end =
        static_cast<int64_t>(std::min(static_cast<double>(from), center + reach + 0.5));
    std::vector<double> weights;
    double sum = 0;
    for (int64_t k = first; k < end; ++k) {
      const double distance = std::fabs(static_cast<double>(k) + 0.5 - center) / reach;
      weights.push_back(std::max(0.0, 1.0 - distance));
      sum += weights.back();
    }
    Taps& taps = all[static_cast<size_t>(i)];
    taps.first = first;
    for (const double w : weights) taps.weights.push_back(static_cast<float>(w / sum));
  }
  return all;
}

struct Sides {
  int64_t height, width, channels;
  size_t values() const { return static_cast<size_t>(height * width * channels); }
};

class Resizer {
 public:
  Resizer(const Sides& from, int64_t height, int64_t width)
      : from_(from),
        to_{height, width, from.channels},
        rows_(triangle_taps(from.height, height)),
        columns_(triangle_taps(from.width, width)),
        lines_(static_cast<size_t>(from.height * width * from.channels)) {}

  void run(const float* in, float* out) {
    const int64_t channels = from_.channels, width = to_.width;
    for (int64_t y = 0; y < from_.height; ++y) {
      for (int64_t x = 0; x < width; ++x) {
        const Taps& taps = columns_[static_cast<size_t>(x)];
        for (int64_t c = 0; c < channels; ++c) {
          const float* source = in + (y * from_.width + taps.first) * channels + c;
          lines_[static_cast<size_t>((y * width + x) * channels + c)] =
              weighted(taps, source, channels);
        }
      }
    }
    const int64_t line = width * channels;
    for (int64_t y = 0; y < to_.height; ++y) {
      const Taps& taps = rows_[static_cast<size_t>(y)];
      for (int64_t x = 0; x < line; ++x) {
        out[y * line + x] = weighted(taps, lines_.data() + taps.first * line + x, line);
      }
    }
  }

 private:
  static float weighted(const Taps& taps, const float* source, int64_t stride) {
    float sum = 0;
    for (size_t k = 0; k < taps.weights.size(); ++k) {
      sum += taps.weights[k] * source[static_cast<int64_t>(k) * stride];
    }
    return sum;
  }
  Sides from_, to_;
  std::vector<Taps> rows_, columns_;
  std::vector<float> lines_;
};

void to_grey(const std::vector<float>& colour, std::vector<float>& grey, bool whole) {
  // The weights of PIL, which sum to 1 exactly.
  constexpr float kRed = 19595.0f / 65536, kGreen = 38470.0f / 65536, kBlue = 7471.0f / 65536;
  for (size_t i = 0; i < grey.size(); ++i) {
    const float v = kRed * colour[3 * i] + kGreen * colour[3 * i + 1] + kBlue * colour[3 * i + 2];
    grey[i] = whole ? std::floor(v + 0.5f) : v;
  }
}

void set_channels(std::vector<float>& image, int64_t have, int64_t want, bool whole) {
  if (have == want) return;
  std::vector<float> out(image.size() / static_cast<size_t>(have) * static_cast<size_t>(want));
  if (want == 1) {
    to_grey(image, out, whole);
  } else {
    for (size_t i = 0; i < out.size(); ++i) out[i] = image[i / 3];
  }
  image = std::move(out);
}

template <class T>
void convert_each(const Tensor& images, const Sides& from, const Sides& to, Tensor& out) {
  const auto in = images.values<T>();
  const bool whole = std::ranges::all_of(
      in, [](T v) { return static_cast<double>(v) == std::floor(static_cast<double>(v)); });
  const auto result = out.values<T>();
  Resizer resizer({from.height, from.width, to.channels}, to.height, to.width);
  const bool resized = from.height != to.height || from.width != to.width;
  std::vector<float> image, made(to.values());
  for (size_t n = 0; n * from.values() < in.size(); ++n) {
    const auto source = in.subspan(n * from.values(), from.values());
    image.resize(from.values());
    std::ranges::transform(source, image.begin(), [](T v) { return static_cast<float>(v); });
    set_channels(image, from.channels, to.channels, whole);
    if (resized) {
      resizer.run(image.data(), made.data());
    } else {
      made = image;
    }
    const auto target = result.subspan(n * to.values(), to.values());
    std::ranges::transform(made, target.begin(), [&](float v) {
      return static_cast<T>(whole ? std::floor(v + 0.5f) : v);
    });
  }
}

template <class T>
void lay_over_white(std::span<const T> in, double opaque, std::span<T> out) {
  constexpr size_t kHave = 4, kMade = 3;
  for (size_t i = 0; i < out.size(); ++i) {
    const T* pixel = in.data() + i / kMade * kHave;
    const auto alpha = static_cast<double>(pixel[kMade]);
    const double v =
        (static_cast<double>(pixel[i % kMade]) * alpha + opaque * (opaque - alpha)) / opaque;
    out[i] = static_cast<T>(opaque > 1 ? std::floor(v + 0.5) : v);
  }
}

template <class T>
void transpose_items(const Tensor& in, int64_t rows, int64_t cols, Tensor& out) {
  const T* from = in.values<T>().data();
  T* to = out.values<T>().data();
  for (int64_t n = 0; n < in.shape()[0]; ++n, from += rows * cols, to += rows * cols) {
    for (int64_t r = 0; r < rows; ++r) {
      for (int64_t c = 0; c < cols; ++c) to[c * rows + r] = from[r * cols + c];
    }
  }
}

/// Each item as a matrix of so many rows, transposed.
Tensor transposed_items(const Tensor& in, int64_t rows, const Shape& shape) {
  Tensor out(in.dtype(), shape);
  const int64_t cols = value_count(shape) / std::max<int64_t>(1, shape[0] * rows);
  switch (in.dtype()) {
    case Dtype::kU8:
      transpose_items<uint8_t>(in, rows, cols, out);
      break;
    case Dtype::kF64:
      transpose_items<double>(in, rows, cols, out);
      break;
    default:
      transpose_items<float>(in, rows, cols, out);
  }
  return out;
}

}  // namespace

Tensor with_channels_last(const Tensor& images) {
  const Shape& s = images.shape();
  return transposed_items(images, s[1], {s[0], s[2], s[3], s[1]});
}

Tensor with_channels_first(const Tensor& images) {
  const Shape& s = images.shape();
  return transposed_items(images, s[1] * s[2], {s[0], s[3], s[1], s[2]});
}

Tensor over_white(const Tensor& images, double opaque) {
  Shape made = images.shape();
  ISTHMUS_CHECK(made.size() == 4 && made[3] == 4, "images of colour and alpha");
  made[3] = 3;
  Tensor out(images.dtype(), made);
  switch (images.dtype()) {
    case Dtype::kU8:
      lay_over_white<uint8_t>(images.values<uint8_t>(), opaque, out.values<uint8_t>());
      break;
    case Dtype::kF64:
      lay_over_white<double>(images.values<double>(), opaque, out.values<double>());
      break;
    default:
      lay_over_white<float>(images.values<float>(), opaque, out.values<float>());
  }
  return out;
}

Tensor convert_images(const Tensor& images, const ImageForm& form) {
  const Shape& shape = images.shape();
  ISTHMUS_CHECK(shape.size() == 3 || (shape.size() == 4 && shape[3] == 3), "images to convert");
  const Sides from{shape[1], shape[2], shape.size() == 4 ? 3 : 1};
  const Sides to{form.height > 0 ? form.height : from.height,
                 form.width > 0 ? form.width : from.width,
                 form.channels > 0 ? form.channels : from.channels};
  const bool same =
      to.height == from.height && to.width == from.width && to.channels == from.channels;
  if (same) return images;
  Shape made = {shape[0], to.height, to.width};
  if (to.channels == 3) made.push_back(3);
  Tensor out(images.dtype(), made);
  switch (images.dtype()) {
    case Dtype::kU8:
      convert_each<uint8_t>(images, from, to, out);
      break;
    case Dtype::kF64:
      convert_each<double>(images, from, to, out);
      break;
    default:
      convert_each<float>(images, from, to, out);
  }
  return out;
}

}  // namespace isthmus
