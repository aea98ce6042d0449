// SPDX-License-Identifier: Apache-2.0
// conv2d_transpose{stride, padding, size}(x, weight): the transpose, as a linear map of images, of
// the conv2d with this weight (KH, KW, O, C): x (..., H, W, C) -> (..., H', W', O). size {H', W'}
// says which images; default the largest that are H * stride x W * stride ("same"), or (H - 1) *
// stride + KH ("valid"). A composite: a product, whose windows are added up.
#include "isthmus/graph/op.h"
#include "isthmus/graph/windows.h"

namespace isthmus {

namespace {

/// Attributes of fold for these operands.
Attrs window_attrs(const Attrs& attrs, const ValueType& x, const ValueType& weight) {
  const Shape &image = x.shape, &w = weight.shape;
  require_convolution(x, weight, 3);
  const size_t rank = image.size();
  const int64_t stride = attrs.integer("stride", 1);
  const std::string padding = attrs.has("padding") ? attrs.text("padding") : "same";
  std::vector<int64_t> size;
  for (size_t a = 0; a < 2; ++a) {
    const int64_t n = image[rank - 3 + a];
    size.push_back(padding == "same" ? n * stride : (n - 1) * stride + w[a]);
  }
  if (attrs.has("size")) size = attrs.list("size");
  if (size.size() != 2) shape_error("size has " + std::to_string(size.size()) + " numbers", "two");
  return {{"kernel", std::vector<int64_t>{w[0], w[1]}},
          {"stride", stride},
          {"padding", padding_of(padding, {size[0], size[1]}, {w[0], w[1]}, stride)},
          {"size", size}};
}

Shape with_last(Shape shape, int64_t last) {
  shape.back() = last;
  return shape;
}

ValueType infer_conv2d_transpose(const Attrs& attrs, const std::vector<ValueType>& in) {
  const Shape& w = in[1].shape;
  const Attrs windows = window_attrs(attrs, in[0], in[1]);
  const Shape shape = with_last(in[0].shape, w[0] * w[1] * w[2]);
  return find_op("fold").infer(windows, {{Dtype::kF32, shape, in[0].extent}});
}

Value expand_conv2d_transpose(GraphBuilder& g, const OpCall& c) {
  const Shape& w = g.shape(c.in(1));
  const Shape matrix = {w[0] * w[1] * w[2], w[3]};
  const Value weight = g.reshape({{"shape", matrix}}, c.in(1));
  return g.fold(window_attrs(c.attrs, g.type(c.in(0)), g.type(c.in(1))),
                product_of_images(g, {{"transpose_b", 1}}, c.in(0), weight));
}

}  // namespace

OpDef ops::conv2d_transpose() {
  const Attrs two = {{"stride", 2}};
  return {.name = "conv2d_transpose",
          .num_inputs = 2,
          .optional_attributes = {"stride", "padding", "size"},
          .infer = infer_conv2d_transpose,
          .expand = expand_conv2d_transpose,
          .cases = {{.attrs = two, .inputs = {per_row({3, 3, 2}), once({4, 4, 5, 2})}},
                    {.attrs = two.with("size", std::vector<int64_t>{7, 5}),
                     .inputs = {per_row({4, 3, 2}), once({4, 4, 1, 2})}},
                    {.inputs = {per_row({4, 3, 2}), once({3, 3, 3, 2})}},
                    {.attrs = two.with("padding", std::string("valid")),
                     .inputs = {per_row({2, 3, 2}), once({3, 2, 1, 2})}},
                    {.attrs = two, .inputs = {once({3, 2, 2, 2}), once({4, 4, 3, 2})}}}};
}

}  // namespace isthmus
