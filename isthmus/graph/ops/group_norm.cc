// SPDX-License-Identifier: Apache-2.0
// group_norm{groups, epsilon}(x): images (..., H, W, C), whose channels are cut into equal groups
// side by side; each group of each image gets mean 0 and variance 1 over its pixels and channels.
// epsilon 1e-5 by default; scale and shift are the caller's. A composite. Source: Wu and He 2018.
#include "isthmus/graph/op.h"

namespace isthmus {

namespace {

ValueType infer_group_norm(const Attrs& attrs, const std::vector<ValueType>& in) {
  const int64_t groups = attrs.integer("groups");
  if (in[0].shape.size() < 3 || groups < 1 || in[0].shape.back() % groups != 0) {
    shape_error("x is " + shape_text(in[0]) + ", groups is " + std::to_string(groups),
                "height, width and channels, a number that groups divides");
  }
  return in[0];
}

/// Means are taken over the pixels first: sums of whole rows of channels, and what is left is
/// small.
Value expand_group_norm(GraphBuilder& g, const OpCall& c) {
  const double epsilon = c.attrs.has("epsilon") ? c.attrs.number("epsilon") : 1e-5;
  const int64_t groups = c.attrs.integer("groups");
  const Shape image = g.shape(c.in(0));
  const size_t rank = image.size();
  Shape channels(image.begin(), image.end() - 3);
  channels.insert(channels.end(), {1, image[rank - 1]});
  Shape pixels = channels, split = channels;
  pixels[rank - 3] = image[rank - 3] * image[rank - 2];
  split[rank - 3] = groups;
  split[rank - 2] = image[rank - 1] / groups;
  const auto mean =
      [&](Value v) {  // of (..., pixels, channels) for each channel: that of its group
        const Value sums = g.reshape({{"shape", split}}, g.mean({{"axis", -2}, {"keep", 1}}, v));
        const Value one = g.mean({{"axis", -1}, {"keep", 1}}, sums);
        return g.reshape({{"shape", channels}}, g.broadcast({{"shape", split}}, one));
      };
  const Value x = g.reshape({{"shape", pixels}}, c.in(0));
  const Value centred = g.sub(x, mean(x));
  const Value spread = g.sqrt(g.add(mean(g.square(centred)), g.constant(epsilon)));
  return g.reshape({{"shape", image}}, g.mul(centred, g.div(g.constant(1), spread)));
}

}  // namespace

OpDef ops::group_norm() {
  return {
      .name = "group_norm",
      .attributes = {"groups"},
      .optional_attributes = {"epsilon"},
      .infer = infer_group_norm,
      .expand = expand_group_norm,
      .cases = {{.attrs = {{"groups", 2}}, .inputs = {per_row({2, 3, 4})}},
                {.attrs = {{"groups", 1}}, .inputs = {per_row({3, 2, 2})}},
                {.attrs = {{"groups", 3}, {"epsilon", 0.1}}, .inputs = {per_row({2, 2, 2, 3})}}}};
}

}  // namespace isthmus
