// SPDX-License-Identifier: Apache-2.0
// pair_logsumexp{exclude_self}(z, m, log_var): z and m per row (Z), log_var once () -> per row ():
// the log density, in nats, of z_i under the equal mixture of the normals N(m_j, exp(log_var) I) of
// all rows j of the batch: logsumexp_j log N(z_i; m_j, exp(log_var) I) - log(number of j).
// exclude_self 1 leaves out j = i; of a single row nothing is left then: the value and its
// gradients are 0. The exemplar prior with the batch's own items (Norouzi et al. 2020).
#include <cmath>
#include <limits>

#include "isthmus/graph/op.h"

namespace isthmus {

namespace {

ValueType infer_pair_logsumexp(const Attrs&, const std::vector<ValueType>& in) {
  const bool rows = in[0].extent == Extent::kPerRow && in[0] == in[1] && in[0].shape.size() == 1;
  if (!rows || in[2].extent != Extent::kOnce || !in[2].shape.empty()) {
    shape_error("z is " + shape_text(in[0]) + ", m is " + shape_text(in[1]) + ", log_var is " +
                    shape_text(in[2]),
                "z and m must be per row (Z) alike, log_var a value without rows ()");
  }
  return per_row({});
}

Values gradient_of_pair_logsumexp(GraphBuilder& g, const OpCall& c, Value dy) {
  const Value all =
      g.call("pair_logsumexp_gradient", c.attrs, {c.in(0), c.in(1), c.in(2), c.out, dy});
  const int64_t size = g.shape(c.in(0))[0];
  const auto part = [&](int64_t begin, int64_t end) {
    return g.slice({{"axis", -1}, {"begin", begin}, {"end", end}}, all);
  };
  return {part(0, size), part(size, 2 * size), part(2 * size, 2 * size + 1)};
}

void pair_logsumexp_reference(const RefCall& c) {
  const bool others = c.attrs.integer("exclude_self", 0) != 0;
  const int64_t size = c.in[0]->row_size(), count = c.rows - (others ? 1 : 0);
  const double log_var = c.in[2]->data[0];
  for (int64_t i = 0; i < c.rows && count > 0; ++i) {
    std::vector<double> terms;
    double largest = -std::numeric_limits<double>::infinity();
    for (int64_t j = 0; j < c.rows; ++j) {
      if (others && i == j) continue;
      double sum = 0;
      for (int64_t k = 0; k < size; ++k) {
        const double r = c.in[0]->row(i)[k] - c.in[1]->row(j)[k];
        sum -= 0.5 * (std::log(2 * M_PI) + log_var + r * r / std::exp(log_var));
      }
      terms.push_back(sum);
      largest = std::fmax(largest, sum);
    }
    double sum = 0;
    for (double t : terms) sum += std::exp(t - largest);
    c.out.row(i)[0] = largest + std::log(sum / static_cast<double>(count));
  }
}

}  // namespace

OpDef ops::pair_logsumexp() {
  return {.name = "pair_logsumexp",
          .num_inputs = 3,
          .optional_attributes = {"exclude_self"},
          .infer = infer_pair_logsumexp,
          .rows = RowUse::kBatchWise,
          .gradient = gradient_of_pair_logsumexp,
          .reference = pair_logsumexp_reference,
          .cases = once_differentiable(
              {{.inputs = {per_row({3}), per_row({3}), once({})}, .low = -1, .high = 1},
               {.attrs = {{"exclude_self", 1}}, .inputs = {per_row({2}), per_row({2}), once({})}},
               {.attrs = {{"exclude_self", 1}},
                .inputs = {per_row({1}), per_row({1}), scalar_type()}}})};
}

}  // namespace isthmus
