// SPDX-License-Identifier: Apache-2.0
// outer_sum(x, dy): the sum, over rows and leading axes, of outer products: x (B, ..., I), dy (B,
// ..., O) -> (I, O). It is the weight gradient of matmul; its own gradients are two matmuls.
#include <algorithm>

#include "isthmus/graph/op.h"

namespace isthmus {

namespace {

ValueType infer_outer_sum(const Attrs&, const std::vector<ValueType>& in) {
  Shape x = in[0].shape, dy = in[1].shape;
  const bool rows = in[0].extent == Extent::kPerRow && in[1].extent == Extent::kPerRow;
  if (!rows || x.empty() || x.size() != dy.size() ||
      !std::equal(x.begin(), x.end() - 1, dy.begin())) {
    shape_error("x is " + shape_text(in[0]) + ", dy is " + shape_text(in[1]),
                "both must be per row and equal but for the last axis");
  }
  return once({x.back(), dy.back()});
}

Values gradient_of_outer_sum(GraphBuilder& g, const OpCall& c, Value dy) {
  return {g.matmul({{"transpose_b", 1}}, c.in(1), dy), g.matmul(c.in(0), dy)};
}

void outer_sum_reference(const RefCall& c) {
  const int64_t in = c.out.type.shape[0], out = c.out.type.shape[1];
  for (int64_t r = 0; r < c.rows; ++r) {
    for (int64_t k = 0; k < c.in[0]->row_size() / in; ++k) {
      for (int64_t i = 0; i < in; ++i) {
        for (int64_t j = 0; j < out; ++j) {
          c.out.row(0)[i * out + j] += c.in[0]->row(r)[k * in + i] * c.in[1]->row(r)[k * out + j];
        }
      }
    }
  }
}

}  // namespace

OpDef ops::outer_sum() {
  return {.name = "outer_sum",
          .num_inputs = 2,
          .infer = infer_outer_sum,
          .rows = RowUse::kBatchSum,
          .gradient = gradient_of_outer_sum,
          .reference = outer_sum_reference,
          .cases = {{.inputs = {per_row({4}), per_row({3})}},
                    {.inputs = {per_row({5, 3}), per_row({5, 2})}},
                    {.inputs = {per_row({1}), per_row({1})}}}};
}

}  // namespace isthmus
