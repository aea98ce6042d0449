// SPDX-License-Identifier: Apache-2.0
// global_avg_pool(x): the mean of each channel over the whole image: (..., H, W, C) -> (..., C). A
// composite of mean.
#include "isthmus/graph/op.h"

namespace isthmus {

namespace {

/// Pixels as one axis: (..., H * W, C).
Shape pixels_of(const ValueType& x) {
  if (x.shape.size() < 3) {
    shape_error("x is " + shape_text(x), "height, width and channels");
  }
  Shape shape(x.shape.begin(), x.shape.end() - 3);
  const size_t rank = x.shape.size();
  shape.insert(shape.end(), {x.shape[rank - 3] * x.shape[rank - 2], x.shape[rank - 1]});
  return shape;
}

}  // namespace

OpDef ops::global_avg_pool() {
  return {.name = "global_avg_pool",
          .infer =
              [](const Attrs&, const std::vector<ValueType>& in) {
                Shape shape = pixels_of(in[0]);
                shape.erase(shape.end() - 2);
                return ValueType{Dtype::kF32, shape, in[0].extent};
              },
          .expand =
              [](GraphBuilder& g, const OpCall& c) {
                const Shape pixels = pixels_of(g.type(c.in(0)));
                return g.mean({{"axis", -2}}, g.reshape({{"shape", pixels}}, c.in(0)));
              },
          .cases = {{.inputs = {per_row({2, 3, 4})}}, {.inputs = {per_row({2, 2, 2, 1})}}}};
}

}  // namespace isthmus
