// SPDX-License-Identifier: Apache-2.0
// pixel_shuffle{factor}(x): (..., H, W, F * F * C) -> (..., H * F, W * F, C); the values of a pixel
// are those of an F x F square, row by row, channels last. A composite of fold.
// Source: Shi et al. 2016.
#include "isthmus/graph/op.h"

namespace isthmus {

namespace {

Attrs fold_attrs(const Attrs& attrs, const ValueType& x) {
  const int64_t factor = attrs.integer("factor");
  if (x.shape.size() < 3 || factor < 1) {
    shape_error("x is " + shape_text(x) + ", factor is " + std::to_string(factor),
                "height, width and channels; a factor of at least 1");
  }
  const size_t rank = x.shape.size();
  return {{"kernel", std::vector<int64_t>{factor, factor}},
          {"stride", factor},
          {"padding", std::vector<int64_t>{0, 0, 0, 0}},
          {"size", std::vector<int64_t>{x.shape[rank - 3] * factor, x.shape[rank - 2] * factor}}};
}

}  // namespace

OpDef ops::pixel_shuffle() {
  return {.name = "pixel_shuffle",
          .attributes = {"factor"},
          .infer =
              [](const Attrs& attrs, const std::vector<ValueType>& in) {
                return find_op("fold").infer(fold_attrs(attrs, in[0]), in);
              },
          .expand =
              [](GraphBuilder& g, const OpCall& c) {
                return g.fold(fold_attrs(c.attrs, g.type(c.in(0))), c.in(0));
              },
          .cases = {{.attrs = {{"factor", 2}}, .inputs = {per_row({2, 3, 8})}},
                    {.attrs = {{"factor", 3}}, .inputs = {per_row({2, 1, 2, 9})}}}};
}

}  // namespace isthmus
