// SPDX-License-Identifier: Apache-2.0
// conv2d{stride, padding}(x, weight): the cross-correlation that networks call a convolution.
// Images x (..., H, W, C), weight (KH, KW, C, O) -> (..., OH, OW, O). stride 1 (default) or 2;
// padding "same" (default: OH = ceil(H / stride), the odd zero behind) or "valid". A composite: the
// product of the windows of x with the weight.
#include "isthmus/graph/op.h"
#include "isthmus/graph/windows.h"

namespace isthmus {

namespace {

/// Attributes of patches for these operands.
Attrs window_attrs(const Attrs& attrs, const ValueType& x, const ValueType& weight) {
  const Shape &image = x.shape, &w = weight.shape;
  require_convolution(x, weight, 2);
  const size_t rank = image.size();
  const int64_t stride = attrs.integer("stride", 1);
  const std::string padding = attrs.has("padding") ? attrs.text("padding") : "same";
  return {
      {"kernel", std::vector<int64_t>{w[0], w[1]}},
      {"stride", stride},
      {"padding", padding_of(padding, {image[rank - 3], image[rank - 2]}, {w[0], w[1]}, stride)}};
}

ValueType infer_conv2d(const Attrs& attrs, const std::vector<ValueType>& in) {
  const Windows w = windows_over(window_attrs(attrs, in[0], in[1]), in[0].shape);
  Shape shape(in[0].shape.begin(), in[0].shape.end() - 3);
  shape.insert(shape.end(), {w.out_h, w.out_w, in[1].shape[3]});
  return {Dtype::kF32, shape, in[0].extent};
}

Value expand_conv2d(GraphBuilder& g, const OpCall& c) {
  const Shape& w = g.shape(c.in(1));
  const Shape matrix = {w[0] * w[1] * w[2], w[3]};
  const Value windows = g.patches(window_attrs(c.attrs, g.type(c.in(0)), g.type(c.in(1))), c.in(0));
  return product_of_images(g, {}, windows, g.reshape({{"shape", matrix}}, c.in(1)));
}

}  // namespace

OpDef ops::conv2d() {
  const Attrs two = {{"stride", 2}};
  const Attrs valid = {{"padding", std::string("valid")}};
  return {.name = "conv2d",
          .num_inputs = 2,
          .optional_attributes = {"stride", "padding"},
          .infer = infer_conv2d,
          .expand = expand_conv2d,
          .cases = {{.inputs = {per_row({5, 4, 3}), once({3, 3, 3, 2})}},
                    {.attrs = two, .inputs = {per_row({6, 6, 2}), once({4, 4, 2, 5})}},
                    {.attrs = two, .inputs = {per_row({7, 5, 1}), once({4, 4, 1, 3})}},
                    {.attrs = valid, .inputs = {per_row({4, 5, 2}), once({2, 3, 2, 1})}},
                    {.inputs = {per_row({2, 3, 3, 2}), once({1, 1, 2, 3})}},
                    {.attrs = two, .inputs = {once({3, 4, 4, 2}), once({4, 4, 2, 3})}}}};
}

}  // namespace isthmus
