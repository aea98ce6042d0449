// SPDX-License-Identifier: Apache-2.0
// fold{kernel, stride, padding, size}(x): windows x (..., OH, OW, KH * KW * C) laid over images of
// size {H, W} and added up: (..., H, W, C). What of a window lies outside is left out. A transposed
// convolution is a product followed by this. It is the gradient of patches, and patches is its own.
#include "isthmus/graph/op.h"
#include "isthmus/graph/windows.h"

namespace isthmus {

namespace {

/// The images that windows of `shape` make.
Shape images_of(const Attrs& attrs, const Shape& shape) {
  const auto& size = attrs.list("size");
  const auto& kernel = attrs.list("kernel");
  if (size.size() != 2 || kernel.size() != 2 || shape.size() < 3) {
    shape_error("windows are " + shape_text(per_row(shape)),
                "rows, columns and values of a window; size and kernel are two numbers each");
  }
  require_sizes(size);
  require_sizes(kernel);
  Shape images = shape;
  images[shape.size() - 3] = size[0];
  images[shape.size() - 2] = size[1];
  images.back() = shape.back() / (kernel[0] * kernel[1]);
  return images;
}

ValueType infer_fold(const Attrs& attrs, const std::vector<ValueType>& in) {
  const Shape& shape = in[0].shape;
  const Shape images = images_of(attrs, shape);
  const Windows w = windows_over(attrs, images);
  const size_t rank = shape.size();
  if (w.patch() != shape[rank - 1] || w.out_h != shape[rank - 3] || w.out_w != shape[rank - 2]) {
    shape_error("images of " + std::to_string(w.height) + " x " + std::to_string(w.width) +
                    " have " + std::to_string(w.out_h) + " x " + std::to_string(w.out_w) +
                    " windows, x is " + shape_text(in[0]),
                "each with kernel height x kernel width x channels values");
  }
  return {Dtype::kF32, images, in[0].extent};
}

Values gradient_of_fold(GraphBuilder& g, const OpCall& c, Value dy) {
  return {g.patches({{"kernel", c.attrs.list("kernel")},
                     {"stride", c.attrs.integer("stride")},
                     {"padding", c.attrs.list("padding")}},
                    dy)};
}

void fold_reference(const RefCall& c) {
  const Windows w = windows_over(c.attrs, c.out.type.shape);
  for (int64_t r = 0; r < c.out.rows; ++r) {
    for_each_tap(
        w, [&](int64_t image, int64_t patch) { c.out.row(r)[image] += c.in[0]->row(r)[patch]; });
  }
}

}  // namespace

OpDef ops::fold() {
  OpDef op = {.name = "fold",
              .attributes = {"kernel", "stride", "padding", "size"},
              .infer = infer_fold,
              .gradient = gradient_of_fold,
              .reference = fold_reference};
  for (const WindowCase& each : window_cases()) {
    const Windows w = windows_over(each.attrs, each.image);
    const Attrs attrs = each.attrs.with("size", std::vector<int64_t>{w.height, w.width});
    Shape windows(each.image.begin(), each.image.end() - 3);
    windows.insert(windows.end(), {w.out_h, w.out_w, w.patch()});
    op.cases.push_back({.attrs = attrs, .inputs = {per_row(windows)}});
    if (op.cases.size() == 1) op.cases.push_back({.attrs = attrs, .inputs = {once(windows)}});
  }
  return op;
}

}  // namespace isthmus
