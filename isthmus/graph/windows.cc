// SPDX-License-Identifier: Apache-2.0
// How many windows fit, and what is no window.
#include "isthmus/graph/windows.h"

#include <algorithm>

#include "isthmus/graph/op.h"

namespace isthmus {
namespace {

constexpr int64_t kMaxKernel = 7;

std::string text_of(const std::vector<int64_t>& values) {
  std::string text;
  for (int64_t v : values) text += (text.empty() ? "" : ", ") + std::to_string(v);
  return "{" + text + "}";
}

int64_t count(int64_t size, int64_t kernel, int64_t stride, int64_t padding) {
  const int64_t room = size + padding - kernel;
  return room < 0 ? 0 : room / stride + 1;
}

void require_kernel(const std::vector<int64_t>& kernel, int64_t stride) {
  const bool fits = kernel.size() == 2 && kernel[0] >= 1 && kernel[0] <= kMaxKernel &&
                    kernel[1] >= 1 && kernel[1] <= kMaxKernel;
  if (!fits) {
    shape_error("kernel is " + text_of(kernel), "height and width, each from 1 to 7");
  }
  const bool apart = stride == kernel[0] && stride == kernel[1];
  if (stride != 1 && stride != 2 && !apart) {
    shape_error("stride is " + std::to_string(stride), "1, 2 or the size of a square kernel");
  }
}

}  // namespace

Windows windows_over(const Attrs& attrs, const Shape& images) {
  if (images.size() < 3) {
    shape_error("an image has three axes, x is " + shape_text(per_row(images)),
                "height, width and channels, channels last");
  }
  const auto& kernel = attrs.list("kernel");
  const auto& padding = attrs.list("padding");
  Windows w;
  w.stride = attrs.integer("stride");
  require_kernel(kernel, w.stride);
  const bool padded = padding.size() == 4 &&
                      std::all_of(padding.begin(), padding.end(), [](int64_t p) { return p >= 0; });
  if (!padded || std::max(padding[0], padding[2]) >= kernel[0] ||
      std::max(padding[1], padding[3]) >= kernel[1]) {
    shape_error("padding is " + text_of(padding) + ", kernel is " + text_of(kernel),
                "top, left, bottom and right, each from 0 and smaller than the kernel");
  }
  const size_t rank = images.size();
  w.height = images[rank - 3];
  w.width = images[rank - 2];
  w.channels = images[rank - 1];
  for (size_t a = 0; a + 3 < rank; ++a) w.images *= images[a];
  w.kernel_h = kernel[0];
  w.kernel_w = kernel[1];
  w.pad_top = padding[0];
  w.pad_left = padding[1];
  w.out_h = count(w.height, w.kernel_h, w.stride, padding[0] + padding[2]);
  w.out_w = count(w.width, w.kernel_w, w.stride, padding[1] + padding[3]);
  if (w.out_h == 0 || w.out_w == 0) {
    shape_error("no window of " + text_of(kernel) + " fits into " + std::to_string(w.height) +
                    " x " + std::to_string(w.width),
                "pad the image, or take a smaller kernel");
  }
  return w;
}

void require_convolution(const ValueType& x, const ValueType& weight, size_t axis) {
  const Shape &image = x.shape, &w = weight.shape;
  const std::string both = "x is " + shape_text(x) + ", weight is " + shape_text(weight);
  if (image.size() < 3 || w.size() != 4 || weight.extent != Extent::kOnce) {
    const char* order = axis == 2 ? "channels, outputs" : "outputs, channels";
    shape_error(both, "x: height, width, channels; weight: kernel height, kernel width, " +
                          std::string(order));
  }
  if (image.back() != w[axis]) {
    shape_error("channels differ: " + both, "the last size of x must equal the " +
                                                std::string(axis == 2 ? "third" : "last") +
                                                " of weight");
  }
}

Value product_of_images(GraphBuilder& g, const Attrs& attrs, Value images, Value matrix) {
  if (g.type(images).extent == Extent::kPerRow) return g.matmul(attrs, images, matrix);
  const Shape shape = g.shape(images);
  const Shape pixels = {value_count(shape) / shape.back(), shape.back()};
  const Value product = g.matmul(attrs, g.reshape({{"shape", pixels}}, images), matrix);
  Shape result = shape;
  result.back() = g.shape(product).back();
  return g.reshape({{"shape", result}}, product);
}

void for_each_tap(const Windows& w, const std::function<void(int64_t, int64_t)>& f) {
  int64_t patch = 0;
  for (int64_t image = 0; image < w.images; ++image) {
    for (int64_t window = 0; window < w.out_h * w.out_w; ++window) {
      const int64_t top = window / w.out_w * w.stride - w.pad_top;
      const int64_t left = window % w.out_w * w.stride - w.pad_left;
      for (int64_t tap = 0; tap < w.kernel_h * w.kernel_w; ++tap) {
        const int64_t y = top + tap / w.kernel_w, x = left + tap % w.kernel_w;
        const bool inside = y >= 0 && y < w.height && x >= 0 && x < w.width;
        for (int64_t c = 0; c < w.channels; ++c, ++patch) {
          if (inside) f(((image * w.height + y) * w.width + x) * w.channels + c, patch);
        }
      }
    }
  }
}

std::vector<WindowCase> window_cases() {
  using List = std::vector<int64_t>;
  const auto attrs = [](List kernel, int64_t stride, List padding) {
    return Attrs{{"kernel", kernel}, {"stride", stride}, {"padding", padding}};
  };
  return {
      {attrs({4, 4}, 2, {1, 1, 1, 1}), {6, 6, 2}},    {attrs({3, 3}, 1, {1, 1, 1, 1}), {5, 4, 3}},
      {attrs({4, 4}, 2, {1, 1, 2, 2}), {7, 5, 1}},    {attrs({2, 3}, 1, {0, 0, 0, 0}), {3, 5, 2}},
      {attrs({2, 2}, 2, {0, 0, 0, 0}), {4, 6, 3}},    {attrs({5, 5}, 2, {2, 2, 2, 2}), {5, 5, 1}},
      {attrs({3, 3}, 2, {0, 0, 1, 1}), {2, 4, 4, 2}}, {attrs({1, 1}, 1, {0, 0, 0, 0}), {2, 3, 2}},
      {attrs({7, 7}, 1, {3, 3, 3, 3}), {3, 2, 1}},    {attrs({3, 3}, 3, {0, 0, 0, 0}), {3, 6, 2}},
      {attrs({4, 4}, 2, {1, 1, 1, 1}), {4, 4, 17}}};
}

std::vector<int64_t> padding_of(const std::string& padding, std::array<int64_t, 2> size,
                                std::array<int64_t, 2> kernel, int64_t stride) {
  if (padding == "valid") return {0, 0, 0, 0};
  if (padding != "same") shape_error("padding is '" + padding + "'", "same or valid");
  std::vector<int64_t> result(4);
  for (size_t a = 0; a < 2; ++a) {
    const int64_t windows = (size[a] + stride - 1) / stride;
    const int64_t total = std::max<int64_t>(0, (windows - 1) * stride + kernel[a] - size[a]);
    result[a] = total / 2;
    result[a + 2] = total - total / 2;
  }
  return result;
}

}  // namespace isthmus
