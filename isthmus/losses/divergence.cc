// SPDX-License-Identifier: Apache-2.0
// Kernel and sliced distances from the batch-wise operations.
#include "isthmus/losses/divergence.h"

#include "isthmus/base/error.h"

namespace isthmus {
namespace {

/// Columns (Z, P) of unit length, uniform on the sphere: sums of the rows' normal directions, each
/// row with its own normal weight for every column. One normal per row and entry would cost Z P of
/// them; this costs Z + P.
Value unit_directions(GraphBuilder& g, int64_t width, int64_t count) {
  const Value rows = g.normal("projections", {width});
  const Value weights = g.normal("projections/weights", {count});
  const Value columns = g.outer_sum(rows, weights);  // (Z, P)
  const Value squares = g.sum({{"axis", -2}}, g.square(columns));
  return g.div(columns, g.sqrt(squares));
}

}  // namespace

std::vector<std::string> kernel_names() { return {"imq", "rbf"}; }

KernelSum kernel_for(const std::string& kernel, int64_t width) {
  const bool imq = kernel == "imq";
  ISTHMUS_CHECK(imq || kernel == "rbf", "unknown kernel " + kernel);
  KernelSum sum{.kernel = kernel, .scales = {}};
  const std::vector<double> factors =
      imq ? std::vector<double>{0.2, 0.4, 1, 2, 4, 10, 20} : std::vector<double>{0.25, 0.5, 1};
  for (double factor : factors) sum.scales.push_back(factor * static_cast<double>(width));
  return sum;
}

Value squared_mmd(GraphBuilder& g, Value z, Value p, const KernelSum& kernel) {
  const auto mean = [&](Value a, Value b, int64_t exclude_self) {
    const Attrs attrs = {
        {"kernel", kernel.kernel}, {"scales", kernel.scales}, {"exclude_self", exclude_self}};
    return g.batch_mean(g.kernel_sum(attrs, a, b));
  };
  const Value others = g.maximum(g.sub(g.rows(), g.constant(1.0)), g.constant(1.0));
  const Value own = g.div(g.add(mean(z, z, 1), mean(p, p, 1)), others);
  const Value across = g.mul(mean(z, p, 0), g.div(g.constant(2.0), g.rows()));
  const Value known = g.minimum(g.sub(g.rows(), g.constant(1.0)), g.constant(1.0));  // 0 for B = 1
  return g.mul(g.sub(own, across), known);
}

Value sliced_wasserstein(GraphBuilder& g, Value z, Value p, int64_t projections) {
  const Value directions = unit_directions(g, g.shape(z).back(), projections);
  const Value difference =
      g.sub(g.sort_rows(g.matmul(z, directions)), g.sort_rows(g.matmul(p, directions)));  // (B, P)
  return g.batch_mean(g.mean(g.square(difference)));
}

}  // namespace isthmus
