// SPDX-License-Identifier: Apache-2.0
// kernel_sum{kernel, scales, exclude_self}(x, y): x and y per row (Z) -> per row (): the sum over
// all rows j of the batch, and over the scales C, of k(|x_i - y_j|^2), where r^2 is summed over the
// Z values. kernel "imq": C / (C + r^2); "rbf": exp(-r^2 / (2 C)), so that C is the squared length.
// exclude_self 1 leaves out j = i.
// Sources: Gretton et al. 2012; Tolstikhin et al. 2018 (imq). Cost B^2 Z.
#include <cmath>

#include "isthmus/graph/op.h"

namespace isthmus {

namespace {

ValueType infer_kernel_sum(const Attrs& attrs, const std::vector<ValueType>& in) {
  const std::string& kernel = attrs.text("kernel");
  ISTHMUS_CHECK(kernel == "imq" || kernel == "rbf", "kernel_sum: unknown kernel " + kernel);
  for (double scale : attrs.numbers("scales")) ISTHMUS_CHECK(scale > 0, "a scale is not positive");
  const bool rows = in[0].extent == Extent::kPerRow && in[0] == in[1] && in[0].shape.size() == 1;
  if (!rows) {
    shape_error("x is " + shape_text(in[0]) + ", y is " + shape_text(in[1]),
                "both must be per row (Z) alike");
  }
  return per_row({});
}

/// The gradient of a factor that nobody asks for is a node that nobody reads: it is not computed.
Values gradient_of_kernel_sum(GraphBuilder& g, const OpCall& c, Value dy) {
  const auto gradient_of = [&](const char* which) {
    const Attrs attrs = {{"kernel", c.attrs.text("kernel")},
                         {"scales", c.attrs.numbers("scales")},
                         {"exclude_self", c.attrs.integer("exclude_self", 0)},
                         {"of", which}};
    return g.call("kernel_sum_gradient", attrs, {c.in(0), c.in(1), dy});
  };
  if (c.in(0) == c.in(1)) return {gradient_of("both"), Value{}};
  return {gradient_of("x"), gradient_of("y")};
}

void kernel_sum_reference(const RefCall& c) {
  const bool rbf = c.attrs.text("kernel") == "rbf", others = c.attrs.integer("exclude_self", 0);
  for (int64_t i = 0; i < c.rows; ++i) {
    for (int64_t j = 0; j < c.rows; ++j) {
      if (others && i == j) continue;
      double r2 = 0;
      for (int64_t k = 0; k < c.in[0]->row_size(); ++k) {
        r2 += std::pow(c.in[0]->row(i)[k] - c.in[1]->row(j)[k], 2);
      }
      for (double scale : c.attrs.numbers("scales")) {
        c.out.row(i)[0] += rbf ? std::exp(-r2 / (2 * scale)) : scale / (scale + r2);
      }
    }
  }
}

}  // namespace

OpDef ops::kernel_sum() {
  return {.name = "kernel_sum",
          .num_inputs = 2,
          .attributes = {"kernel", "scales"},
          .optional_attributes = {"exclude_self"},
          .infer = infer_kernel_sum,
          .rows = RowUse::kBatchWise,
          .gradient = gradient_of_kernel_sum,
          .reference = kernel_sum_reference,
          .cases = pair_kernel_cases({per_row({3}), per_row({3})})};
}

}  // namespace isthmus
