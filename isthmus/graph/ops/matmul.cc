// SPDX-License-Identifier: Apache-2.0
// matmul{transpose_a, transpose_b, exact}(a, b): matrix products in three forms.
//  - a layer: a (B, ..., I) with b (I, O) -> (B, ..., O); no transpose_a. Its weight gradient is
//  outer_sum.
//  - parameters: both (M, K) and (K, N) without rows, any transposes.
//  - per row: a (B, ..., M, K) with b (B, ..., K, N), equal leading axes, any transposes.
// exact 1: a layer whose operands are never rounded to bf16, because its result is a difference of
// large terms (log densities of mixtures). So is the gradient of its rows.
#include <algorithm>
#include <array>

#include "isthmus/graph/op.h"

namespace isthmus {

namespace {

bool transposed(const Attrs& attrs, const char* which) { return attrs.integer(which, 0) != 0; }

bool is_layer(const ValueType& a, const ValueType& b) {
  return a.extent == Extent::kPerRow && b.extent == Extent::kOnce;
}

std::string both(const std::vector<ValueType>& in) {
  const bool layer = is_layer(in[0], in[1]);
  return std::string(layer ? "x" : "a") + " is " + shape_text(in[0]) + ", " +
         (layer ? "weight" : "b") + " is " + shape_text(in[1]);
}

ValueType infer_layer(const Attrs& attrs, const std::vector<ValueType>& in) {
  const bool tb = transposed(attrs, "transpose_b");
  Shape shape = in[0].shape;
  if (shape.empty() || in[1].shape.size() != 2 || transposed(attrs, "transpose_a")) {
    shape_error("no matrix product of these: " + both(in),
                "x needs an axis, the weight two, and x cannot be transposed");
  }
  if (shape.back() != in[1].shape[tb ? 1 : 0]) {
    shape_error("inner sizes differ: " + both(in),
                tb ? "the last size of x must equal the last of weight (transpose_b)"
                   : "the last size of x must equal the first of weight");
  }
  shape.back() = in[1].shape[tb ? 0 : 1];
  return per_row(shape);
}

ValueType infer_matmul(const Attrs& attrs, const std::vector<ValueType>& in) {
  if (is_layer(in[0], in[1])) return infer_layer(attrs, in);
  const Shape &a = in[0].shape, &b = in[1].shape;
  const bool leading =
      a.size() >= 2 && a.size() == b.size() && std::equal(a.begin(), a.end() - 2, b.begin());
  const bool parameters = in[0].extent == Extent::kOnce && a.size() == 2;
  if (in[0].extent != in[1].extent || !leading || (in[0].extent == Extent::kOnce && !parameters)) {
    shape_error("no matrix product of these: " + both(in),
                "without rows both need two axes; per row equal leading axes and two more");
  }
  const size_t rank = a.size();
  const bool ta = transposed(attrs, "transpose_a"), tb = transposed(attrs, "transpose_b");
  if (a[rank - (ta ? 2 : 1)] != b[rank - (tb ? 1 : 2)]) {
    shape_error("inner sizes differ: " + both(in),
                "columns of a (rows, if transposed) must equal rows of b (columns, if transposed)");
  }
  Shape shape = a;
  shape[rank - 2] = a[rank - (ta ? 1 : 2)];
  shape[rank - 1] = b[rank - (tb ? 2 : 1)];
  return {Dtype::kF32, shape, in[0].extent};
}

Attrs transposes(bool a, bool b) {
  return {{"transpose_a", a ? 1 : 0}, {"transpose_b", b ? 1 : 0}};
}

Values gradient_of_matmul(GraphBuilder& g, const OpCall& c, Value dy) {
  Value a = c.in(0), b = c.in(1);
  const bool ta = transposed(c.attrs, "transpose_a"), tb = transposed(c.attrs, "transpose_b");
  if (is_layer(g.type(a), g.type(b))) {
    const bool exact = c.attrs.integer("exact", 0) != 0;
    const Attrs attrs =
        exact ? Attrs{{"transpose_b", tb ? 0 : 1}, {"exact", 1}} : transposes(false, !tb);
    return {g.matmul(attrs, dy, b), tb ? g.outer_sum(dy, a) : g.outer_sum(a, dy)};
  }
  Value da = ta ? g.matmul(transposes(tb, true), b, dy) : g.matmul(transposes(false, !tb), dy, b);
  Value db = tb ? g.matmul(transposes(true, ta), dy, a) : g.matmul(transposes(!ta, false), a, dy);
  return {da, db};
}

/// out (m, n) = a (m, k) b (k, n), each matrix given with the strides of its two axes.
struct Matrix {
  const double* data;
  int64_t row_step, column_step;
};
void multiply(Matrix a, Matrix b, std::array<int64_t, 3> mkn, double* out) {
  const auto [m, k, n] = mkn;
  for (int64_t i = 0; i < m; ++i) {
    for (int64_t j = 0; j < n; ++j) {
      for (int64_t p = 0; p < k; ++p) {
        out[i * n + j] +=
            a.data[i * a.row_step + p * a.column_step] * b.data[p * b.row_step + j * b.column_step];
      }
    }
  }
}

void matmul_reference(const RefCall& c) {
  const bool layer = is_layer(c.in[0]->type, c.in[1]->type);
  const bool ta = transposed(c.attrs, "transpose_a"), tb = transposed(c.attrs, "transpose_b");
  const Shape &a = c.in[0]->type.shape, &b = c.in[1]->type.shape;
  const int64_t k = ta ? a[a.size() - 2] : a.back();
  const int64_t n = c.out.type.shape.back();
  // A layer sees the leading axes of its row as rows of one matrix.
  const int64_t m = layer ? c.in[0]->row_size() / k : c.out.type.shape[a.size() - 2];
  const int64_t matrices = layer ? 1 : c.out.row_size() / (m * n);
  for (int64_t r = 0; r < c.out.rows; ++r) {
    for (int64_t i = 0; i < matrices; ++i) {
      const Matrix left = {c.in[0]->row(r) + i * m * k, ta ? 1 : k, ta ? m : 1};
      const Matrix right = {c.in[1]->row(r) + i * k * n, tb ? 1 : b.back(), tb ? b.back() : 1};
      multiply(left, right, {m, k, n}, c.out.row(r) + i * m * n);
    }
  }
}

/// Each form under each allowed pair of transposes, K axes and sizes of 1.
std::vector<OpCase> matmul_cases() {
  std::vector<OpCase> cases = {
      {.inputs = {per_row({4}), once({4, 3})}},
      {.attrs = {{"transpose_b", 1}}, .inputs = {per_row({4}), once({3, 4})}},
      {.attrs = {{"exact", 1}}, .inputs = {per_row({4}), once({4, 3})}},
      {.inputs = {per_row({5, 3}), once({3, 2})}},
      {.attrs = {{"transpose_b", 1}}, .inputs = {per_row({5, 3}), once({2, 3})}},
      {.inputs = {per_row({2, 5, 3}), once({3, 2})}},
      {.inputs = {once({18, 3}), once({3, 17})}},
      {.inputs = {per_row({1}), once({1, 1})}}};
  for (bool ta : {false, true}) {
    for (bool tb : {false, true}) {
      const Shape a = ta ? Shape{4, 2} : Shape{2, 4}, b = tb ? Shape{3, 4} : Shape{4, 3};
      const Shape a3 = {2, a[0], a[1]}, b3 = {2, b[0], b[1]};
      cases.push_back({.attrs = transposes(ta, tb), .inputs = {once(a), once(b)}});
      cases.push_back({.attrs = transposes(ta, tb), .inputs = {per_row(a), per_row(b)}});
      cases.push_back({.attrs = transposes(ta, tb), .inputs = {per_row(a3), per_row(b3)}});
    }
  }
  return cases;
}

}  // namespace

OpDef ops::matmul() {
  return {.name = "matmul",
          .num_inputs = 2,
          .optional_attributes = {"transpose_a", "transpose_b", "exact"},
          .infer = infer_matmul,
          .gradient = gradient_of_matmul,
          .reference = matmul_reference,
          .cases = matmul_cases()};
}

}  // namespace isthmus
