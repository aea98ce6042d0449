// SPDX-License-Identifier: Apache-2.0
// avg_pool{size}(x): means of squares of S x S pixels that lie side by side: (..., H, W, C) ->
// (..., H / S, W / S, C), rounded down; pixels behind the last whole square are left out. A
// composite of patches and a mean.
#include "isthmus/graph/op.h"
#include "isthmus/graph/windows.h"

namespace isthmus {

namespace {

Attrs window_attrs(const Attrs& attrs) {
  const int64_t size = attrs.integer("size");
  return {{"kernel", std::vector<int64_t>{size, size}},
          {"stride", size},
          {"padding", std::vector<int64_t>{0, 0, 0, 0}}};
}

ValueType infer_avg_pool(const Attrs& attrs, const std::vector<ValueType>& in) {
  Shape shape = find_op("patches").infer(window_attrs(attrs), in).shape;
  shape.back() = in[0].shape.back();
  return {Dtype::kF32, shape, in[0].extent};
}

Value expand_avg_pool(GraphBuilder& g, const OpCall& c) {
  const Value windows = g.patches(window_attrs(c.attrs), c.in(0));
  const int64_t channels = g.shape(c.in(0)).back();
  Shape taps = g.shape(windows);
  taps.back() /= channels;
  taps.push_back(channels);  // (..., OH, OW, S * S, C)
  return g.mean({{"axis", -2}}, g.reshape({{"shape", taps}}, windows));
}

}  // namespace

OpDef ops::avg_pool() {
  return {.name = "avg_pool",
          .attributes = {"size"},
          .infer = infer_avg_pool,
          .expand = expand_avg_pool,
          .cases = {{.attrs = {{"size", 2}}, .inputs = {per_row({4, 6, 3})}},
                    {.attrs = {{"size", 2}}, .inputs = {per_row({5, 3, 1})}},
                    {.attrs = {{"size", 3}}, .inputs = {per_row({2, 3, 3, 2})}}}};
}

}  // namespace isthmus
