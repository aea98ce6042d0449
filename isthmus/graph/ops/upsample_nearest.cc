// SPDX-License-Identifier: Apache-2.0
// upsample_nearest{factor}(x): every pixel becomes a square of F x F equal ones: (..., H, W, C) ->
// (..., H * F, W * F, C). A composite: repeated values, shuffled into squares.
#include "isthmus/graph/op.h"

namespace isthmus {

namespace {

ValueType infer_upsample(const Attrs& attrs, const std::vector<ValueType>& in) {
  Shape shape = in[0].shape;
  const int64_t factor = attrs.integer("factor");
  if (shape.size() < 3 || factor < 1) {
    shape_error("x is " + shape_text(in[0]) + ", factor is " + std::to_string(factor),
                "height, width and channels; a factor of at least 1");
  }
  shape[shape.size() - 3] *= factor;
  shape[shape.size() - 2] *= factor;
  return {Dtype::kF32, shape, in[0].extent};
}

Value expand_upsample(GraphBuilder& g, const OpCall& c) {
  const Shape& x = g.shape(c.in(0));
  const int64_t factor = c.attrs.integer("factor");
  Shape pixel = x, square = x;
  pixel.insert(pixel.end() - 1, 1);  // (..., H, W, 1, C)
  square.insert(square.end() - 1, factor * factor);
  Shape flat = x;
  flat.back() *= factor * factor;
  const Value repeated = g.broadcast({{"shape", square}}, g.reshape({{"shape", pixel}}, c.in(0)));
  return g.pixel_shuffle({{"factor", factor}}, g.reshape({{"shape", flat}}, repeated));
}

}  // namespace

OpDef ops::upsample_nearest() {
  return {.name = "upsample_nearest",
          .attributes = {"factor"},
          .infer = infer_upsample,
          .expand = expand_upsample,
          .cases = {{.attrs = {{"factor", 2}}, .inputs = {per_row({2, 3, 2})}},
                    {.attrs = {{"factor", 3}}, .inputs = {per_row({2, 1, 1})}}}};
}

}  // namespace isthmus
