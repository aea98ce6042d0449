// SPDX-License-Identifier: Apache-2.0
// pair_logsumexp_gradient{exclude_self}(z, m, log_var, out, dy): per row (2 Z + 1): the gradients
// of sum_i dy_i out_i with respect to row k of z, to row k of m, and what row k adds to that of
// log_var; out is pair_logsumexp of the same inputs. With w_ij = N(z_i; m_j) / (count exp(out_i))
// and v = exp(log_var):
//   dy_k sum_j w_kj (m_j - z_k) / v,   sum_i dy_i w_ik (z_i - m_k) / v,
//   dy_k sum_j w_kj (|z_k - m_j|^2 / (2 v) - Z / 2).
// It has no gradient of its own.
#include <cmath>

#include "isthmus/graph/op.h"

namespace isthmus {

namespace {

ValueType infer_pair_logsumexp_gradient(const Attrs& attrs, const std::vector<ValueType>& in) {
  const ValueType value = find_op("pair_logsumexp").infer(attrs, {in[0], in[1], in[2]});
  if (in[3] != value || in[4] != value) {
    shape_error("out is " + shape_text(in[3]) + ", dy is " + shape_text(in[4]),
                "both must be one value per row");
  }
  return per_row({2 * in[0].shape[0] + 1});
}

void pair_logsumexp_gradient_reference(const RefCall& c) {
  const bool others = c.attrs.integer("exclude_self", 0) != 0;
  const int64_t size = c.in[0]->row_size(), count = c.rows - (others ? 1 : 0);
  const double log_var = c.in[2]->data[0], inverse = std::exp(-log_var);
  const double half = 0.5 * static_cast<double>(size);
  for (int64_t i = 0; i < c.rows && count > 0; ++i) {
    for (int64_t j = 0; j < c.rows; ++j) {
      if (others && i == j) continue;
      const double *z = c.in[0]->row(i), *m = c.in[1]->row(j);
      double q = 0;
      for (int64_t k = 0; k < size; ++k) q += 0.5 * inverse * (z[k] - m[k]) * (z[k] - m[k]);
      const double log_density = -q - half * (std::log(2 * M_PI) + log_var);
      const double weight = c.in[4]->row(i)[0] / static_cast<double>(count) *
                            std::exp(log_density - c.in[3]->row(i)[0]);
      for (int64_t k = 0; k < size; ++k) {
        c.out.row(i)[k] += weight * inverse * (m[k] - z[k]);
        c.out.row(j)[size + k] += weight * inverse * (z[k] - m[k]);
      }
      c.out.row(i)[2 * size] += weight * (q - half);
    }
  }
}

}  // namespace

OpDef ops::pair_logsumexp_gradient() {
  return {.name = "pair_logsumexp_gradient",
          .num_inputs = 5,
          .optional_attributes = {"exclude_self"},
          .infer = infer_pair_logsumexp_gradient,
          .rows = RowUse::kBatchWise,
          .reference = pair_logsumexp_gradient_reference,
          .cases = without_gradient(
              {{.inputs = {per_row({3}), per_row({3}), once({}), per_row({}), per_row({})},
                .low = -1,
                .high = 1},
               {.attrs = {{"exclude_self", 1}},
                .inputs = {per_row({2}), per_row({2}), once({}), per_row({}), per_row({})}}})};
}

}  // namespace isthmus
