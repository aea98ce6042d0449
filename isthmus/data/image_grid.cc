// SPDX-License-Identifier: Apache-2.0
// Pictures made of items. Only copies and rounds; encoding to PNG is png.cc.
#include "isthmus/data/image_grid.h"

#include <algorithm>

namespace isthmus {
namespace {

struct ItemSize {
  int64_t height, width, channels;
};

ItemSize item_size(const Tensor& items) {
  const Shape& shape = items.shape();
  const bool channels = shape.size() == 4;
  ISTHMUS_CHECK(shape.size() == 3 || (channels && (shape[3] == 1 || shape[3] == 3)),
                "items are (N, H, W), (N, H, W, 1) or (N, H, W, 3)");
  ISTHMUS_CHECK(items.num_values() > 0, "a grid of no items");
  return {shape[1], shape[2], channels ? shape[3] : 1};
}

constexpr int64_t kLineWidth = 2, kLineMargin = 3;

/// A picture of tiles: where each lies, in pixels.
struct Layout {
  int64_t scale, gap, rows, columns;
  int64_t divider = 0;  // tiles left of a line; 0: no line
  int64_t height(const ItemSize& item) const {
    return rows * item.height * scale + (rows - 1) * gap;
  }
  int64_t left_of(const ItemSize& item, int64_t column) const {
    const int64_t left = column * (item.width * scale + gap);
    return divider > 0 && column >= divider ? left - gap + 2 * kLineMargin + kLineWidth : left;
  }
  int64_t width(const ItemSize& item) const {
    return left_of(item, columns - 1) + item.width * scale;
  }
};

class Picture {
 public:
  Picture(ItemSize item, const Layout& layout) : item_(item), layout_(layout) {
    Shape shape = {layout.height(item), layout.width(item)};
    width_ = shape[1];
    if (item.channels == 3) shape.push_back(3);
    pixels_ = Tensor(Dtype::kU8, shape);
    std::ranges::fill(pixels_.values<uint8_t>(), kGridNeutral);
    if (layout.divider > 0) draw_line(shape[0]);
  }
  void put(const Tensor& items, int64_t index, int64_t row, int64_t column) {
    const int64_t line = item_.width * item_.channels;
    const float* from = items.values<float>().data() + index * item_.height * line;
    const int64_t top = row * (item_.height * layout_.scale + layout_.gap);
    const int64_t left = layout_.left_of(item_, column);
    for (int64_t y = 0; y < item_.height * layout_.scale; ++y) {
      const float* source = from + y / layout_.scale * line;
      uint8_t* to = pixels_.values<uint8_t>().data();
      to += ((top + y) * width_ + left) * item_.channels;
      for (int64_t x = 0; x < item_.width * layout_.scale; ++x) {
        const float* pixel = source + x / layout_.scale * item_.channels;
        to = std::transform(pixel, pixel + item_.channels, to, pixel_byte);
      }
    }
  }
  Tensor take() { return std::move(pixels_); }

 private:
  void draw_line(int64_t height) {
    const int64_t left = layout_.left_of(item_, layout_.divider) - kLineMargin - kLineWidth;
    for (int64_t y = 0; y < height; ++y) {
      uint8_t* to = pixels_.values<uint8_t>().data() + (y * width_ + left) * item_.channels;
      std::fill_n(to, kLineWidth * item_.channels, kGridLine);
    }
  }

  ItemSize item_;
  Layout layout_;
  int64_t width_ = 0;
  Tensor pixels_;
};

Layout layout_of(const ItemSize& item, int64_t count, const GridOptions& options) {
  ISTHMUS_CHECK(options.columns > 0 && options.gap >= 0 && options.scale >= 0,
                "columns, gap and scale of a grid");
  const int64_t columns = std::min(options.columns, count);
  return {.scale = options.scale > 0 ? options.scale : enlargement(item.height, item.width, count),
          .gap = options.gap,
          .rows = (count + columns - 1) / columns,
          .columns = columns};
}

}  // namespace

uint8_t pixel_byte(float value) {
  constexpr float kMaxByte = 255.0f;
  // Written so that NaN fails the first comparison.
  const float clamped = value > 0.0f ? std::min(value, 1.0f) : 0.0f;
  return static_cast<uint8_t>(clamped * kMaxByte + 0.5f);
}

int64_t enlargement(int64_t height, int64_t width, int64_t count) {
  constexpr int64_t kSmall = 28, kMostPixels = int64_t{64} << 20;
  const int64_t side = std::max(height, width);
  const int64_t scale = side < kSmall ? (kSmall + side - 1) / side : 1;
  return count <= kMostPixels / (side * scale * side * scale) ? scale : 1;
}

Tensor image_grid(const Tensor& items, const GridOptions& options) {
  const ItemSize item = item_size(items);
  const int64_t count = items.shape()[0];
  const Layout layout = layout_of(item, count, options);
  Picture picture(item, layout);
  for (int64_t i = 0; i < count; ++i) {
    picture.put(items, i, i / layout.columns, i % layout.columns);
  }
  return picture.take();
}

Tensor reconstruction_grid(const Tensor& originals, const Tensor& reconstructions,
                           const GridOptions& options) {
  ISTHMUS_CHECK(originals.shape() == reconstructions.shape(), "a reconstruction per original");
  const ItemSize item = item_size(originals);
  const int64_t count = originals.shape()[0];
  Layout layout = layout_of(item, count, options);
  const int64_t side = layout.columns;
  layout.divider = side;
  layout.columns = 2 * side;
  Picture picture(item, layout);
  for (int64_t i = 0; i < count; ++i) {
    picture.put(originals, i, i / side, i % side);
    picture.put(reconstructions, i, i / side, side + i % side);
  }
  return picture.take();
}

Tensor image_of(const Tensor& item) {
  return image_grid(item, {.columns = 1, .gap = 0, .scale = 1});
}

}  // namespace isthmus
