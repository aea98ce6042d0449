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

int64_t pixels_across(int64_t count, int64_t size, int64_t gap) {
  return count * size + (count - 1) * gap;
}

class Picture {
 public:
  Picture(ItemSize item, int64_t rows, int64_t columns, int64_t gap) : item_(item), gap_(gap) {
    Shape shape = {pixels_across(rows, item.height, gap), pixels_across(columns, item.width, gap)};
    width_ = shape[1];
    if (item.channels == 3) shape.push_back(3);
    pixels_ = Tensor(Dtype::kU8, shape);
  }
  void put(const Tensor& items, int64_t index, int64_t row, int64_t column) {
    const int64_t line = item_.width * item_.channels;
    const float* from = items.values<float>().data() + index * item_.height * line;
    uint8_t* to = pixels_.values<uint8_t>().data();
    to += row * (item_.height + gap_) * width_ * item_.channels;
    to += column * (item_.width + gap_) * item_.channels;
    for (int64_t y = 0; y < item_.height; ++y) {
      std::transform(from, from + line, to, pixel_byte);
      from += line;
      to += width_ * item_.channels;
    }
  }
  Tensor take() { return std::move(pixels_); }

 private:
  ItemSize item_;
  int64_t gap_;
  int64_t width_ = 0;
  Tensor pixels_;
};

void require_options(const GridOptions& options) {
  ISTHMUS_CHECK(options.columns > 0 && options.gap >= 0, "columns and gap of a grid");
}

}  // namespace

uint8_t pixel_byte(float value) {
  constexpr float kMaxByte = 255.0f;
  // Written so that NaN fails the first comparison.
  const float clamped = value > 0.0f ? std::min(value, 1.0f) : 0.0f;
  return static_cast<uint8_t>(clamped * kMaxByte + 0.5f);
}

Tensor image_grid(const Tensor& items, const GridOptions& options) {
  require_options(options);
  const int64_t count = items.shape()[0];
  const int64_t columns = std::min(options.columns, count);
  const int64_t rows = (count + columns - 1) / columns;
  Picture picture(item_size(items), rows, columns, options.gap);
  for (int64_t i = 0; i < count; ++i) picture.put(items, i, i / columns, i % columns);
  return picture.take();
}

Tensor reconstruction_grid(const Tensor& originals, const Tensor& reconstructions,
                           const GridOptions& options) {
  require_options(options);
  ISTHMUS_CHECK(originals.shape() == reconstructions.shape(), "a reconstruction per original");
  const int64_t count = originals.shape()[0];
  const int64_t columns = std::min(options.columns, count);
  const int64_t rows = (count + columns - 1) / columns;
  Picture picture(item_size(originals), rows, 2 * columns, options.gap);
  for (int64_t i = 0; i < count; ++i) {
    picture.put(originals, i, i / columns, i % columns);
    picture.put(reconstructions, i, i / columns, columns + i % columns);
  }
  return picture.take();
}

}  // namespace isthmus
