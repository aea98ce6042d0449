// SPDX-License-Identifier: Apache-2.0
// patches{kernel, stride, padding}(x): the windows of images x (..., H, W, C), one behind the
// other: (..., OH, OW, KH * KW * C), a window's values in the order (row, column, channel), zeros
// where it leaves the image. A convolution is the product of this with a matrix. fold is its
// gradient.
#include <algorithm>

#include "isthmus/graph/op.h"
#include "isthmus/graph/windows.h"

namespace isthmus {

namespace {

ValueType infer_patches(const Attrs& attrs, const std::vector<ValueType>& in) {
  const Windows w = windows_over(attrs, in[0].shape);
  Shape shape(in[0].shape.begin(), in[0].shape.end() - 3);
  shape.insert(shape.end(), {w.out_h, w.out_w, w.patch()});
  return {Dtype::kF32, shape, in[0].extent};
}

Values gradient_of_patches(GraphBuilder& g, const OpCall& c, Value dy) {
  const Shape& x = g.shape(c.in(0));
  const std::vector<int64_t> size = {x[x.size() - 3], x[x.size() - 2]};
  return {g.fold(c.attrs.with("size", size), dy)};
}

void patches_reference(const RefCall& c) {
  const Windows w = windows_over(c.attrs, c.in[0]->type.shape);
  for (int64_t r = 0; r < c.out.rows; ++r) {
    for_each_tap(
        w, [&](int64_t image, int64_t patch) { c.out.row(r)[patch] = c.in[0]->row(r)[image]; });
  }
}

}  // namespace

OpDef ops::patches() {
  OpDef op = {.name = "patches",
              .attributes = {"kernel", "stride", "padding"},
              .infer = infer_patches,
              .gradient = gradient_of_patches,
              .reference = patches_reference};
  for (const WindowCase& each : window_cases()) {
    op.cases.push_back({.attrs = each.attrs, .inputs = {per_row(each.image)}});
  }
  op.cases.push_back({.attrs = window_cases()[0].attrs, .inputs = {once(window_cases()[0].image)}});
  return op;
}

}  // namespace isthmus
