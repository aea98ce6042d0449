// SPDX-License-Identifier: Apache-2.0
// Both enlargements are separable: each axis in turn, by weights that repeat with the factor.
#include "isthmus/data/blocks.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace isthmus {
namespace {

/// (N, H, W, C) of any images.
struct Extents {
  int64_t items, height, width, channels;
  explicit Extents(const Shape& shape)
      : items(shape[0]),
        height(shape[1]),
        width(shape[2]),
        channels(shape.size() == 4 ? shape[3] : 1) {}
};

Shape resized(const Shape& shape, int64_t height, int64_t width) {
  Shape out = shape;
  out[1] = height;
  out[2] = width;
  return out;
}

double cubic(double distance) {
  const double d = std::fabs(distance);
  if (d < 1) return 1.5 * d * d * d - 2.5 * d * d + 1;
  if (d < 2) return -0.5 * d * d * d + 2.5 * d * d - 4 * d + 2;
  return 0;
}

/// What one pixel of the larger axis is made of.
struct Taps {
  std::array<int64_t, 4> from{};
  std::array<double, 4> weight{};
};

Taps cubic_taps(int64_t at, int64_t factor, int64_t size) {
  const double place = (static_cast<double>(at) + 0.5) / static_cast<double>(factor) - 0.5;
  const auto first = static_cast<int64_t>(std::floor(place)) - 1;
  Taps taps;
  for (size_t t = 0; t < 4; ++t) {
    const int64_t from = first + static_cast<int64_t>(t);
    taps.from[t] = std::clamp<int64_t>(from, 0, size - 1);
    taps.weight[t] = cubic(place - static_cast<double>(from));
  }
  return taps;
}

/// Lines of `size` values that lie `stride` apart become lines of factor * size.
void enlarge_axis(std::span<const float> in, int64_t outer, int64_t size, int64_t stride,
                  int64_t factor, std::span<float> out) {
  for (int64_t at = 0; at < size * factor; ++at) {
    const Taps taps = cubic_taps(at, factor, size);
    for (int64_t o = 0; o < outer; ++o) {
      for (int64_t s = 0; s < stride; ++s) {
        double sum = 0;
        for (size_t t = 0; t < 4; ++t) {
          const auto from = static_cast<size_t>((o * size + taps.from[t]) * stride + s);
          sum += taps.weight[t] * static_cast<double>(in[from]);
        }
        out[static_cast<size_t>((o * size * factor + at) * stride + s)] = static_cast<float>(sum);
      }
    }
  }
}

}  // namespace

Tensor block_means(const Tensor& images, int64_t factor) {
  const Extents e(images.shape());
  if (factor < 1 || e.height % factor != 0 || e.width % factor != 0) {
    throw Error(ErrorCode::kShapeMismatch,
                "images of " + shape_text(images.shape()) + " have no blocks of " +
                    std::to_string(factor) + " x " + std::to_string(factor),
                "choose a factor that divides height and width");
  }
  Tensor out(Dtype::kF32, resized(images.shape(), e.height / factor, e.width / factor));
  const std::span<const float> in = images.values<float>();
  const int64_t width = e.width / factor;
  const double pixels = static_cast<double>(factor * factor);
  for (int64_t i = 0; i < out.num_values(); ++i) {
    const int64_t c = i % e.channels, column = i / e.channels % width,
                  line = i / e.channels / width;
    double sum = 0;
    for (int64_t dy = 0; dy < factor; ++dy) {
      const int64_t from = ((line * factor + dy) * e.width + column * factor) * e.channels + c;
      for (int64_t dx = 0; dx < factor; ++dx) {
        sum += static_cast<double>(in[static_cast<size_t>(from + dx * e.channels)]);
      }
    }
    out.values<float>()[static_cast<size_t>(i)] = static_cast<float>(sum / pixels);
  }
  return out;
}

Tensor enlarge_bicubic(const Tensor& images, int64_t factor) {
  const Extents e(images.shape());
  Tensor tall(Dtype::kF32, resized(images.shape(), e.height * factor, e.width));
  enlarge_axis(images.values<float>(), e.items, e.height, e.width * e.channels, factor,
               tall.values<float>());
  Tensor out(Dtype::kF32, resized(images.shape(), e.height * factor, e.width * factor));
  enlarge_axis(tall.values<float>(), e.items * e.height * factor, e.width, e.channels, factor,
               out.values<float>());
  return out;
}

Tensor enlarge_blocks(const Tensor& images, int64_t factor) {
  const Extents e(images.shape());
  Tensor out(Dtype::kF32, resized(images.shape(), e.height * factor, e.width * factor));
  const int64_t width = e.width * factor;
  for (int64_t i = 0; i < out.num_values(); ++i) {
    const int64_t c = i % e.channels, column = i / e.channels % width,
                  line = i / e.channels / width;
    const int64_t from = (line / factor * e.width + column / factor) * e.channels + c;
    out.values<float>()[static_cast<size_t>(i)] = images.values<float>()[static_cast<size_t>(from)];
  }
  return out;
}

}  // namespace isthmus
