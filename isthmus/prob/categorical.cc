// SPDX-License-Identifier: Apache-2.0
// A class is drawn by inverting the sums of the probabilities with one uniform.
#include "isthmus/prob/categorical.h"

#include <numeric>
#include <string>

namespace isthmus {
namespace {

/// (C, C - 1) with 1 where the row is not behind the column: weights (1, C) times this are the sums
/// of the first 1, 2, ... C - 1 of them.
Tensor first_sums(int64_t count) {
  Tensor matrix(Dtype::kF32, {count, count - 1});
  const std::span<float> values = matrix.values<float>();
  for (int64_t r = 0; r < count; ++r) {
    for (int64_t c = r; c < count - 1; ++c) {
      values[static_cast<size_t>(r * (count - 1) + c)] = 1;
    }
  }
  return matrix;
}

Value with_axis(GraphBuilder& g, Value v) {
  Shape shape = g.shape(v);
  shape.push_back(1);
  return g.reshape({{"shape", shape}}, v);
}

}  // namespace

Value chosen_class(GraphBuilder& g, Value log_weight, Value u) {
  const int64_t count = g.shape(log_weight).back();
  if (count == 1) return g.mul(u, g.constant(0.0));
  const bool rows = g.type(log_weight).extent == Extent::kPerRow;
  Value weights = g.exp(log_weight);
  if (!rows) weights = g.reshape({{"shape", Shape{1, count}}}, weights);
  Value sums = g.matmul({{"exact", 1}}, weights, g.constant(first_sums(count)));
  if (!rows) sums = g.reshape({{"shape", Shape{count - 1}}}, sums);
  if (rows && !g.shape(u).empty()) {  // (B, C - 1) beside (B, L, 1)
    sums = g.reshape({{"shape", Shape{1, count - 1}}}, sums);
  }
  return g.sum(g.greater_equal(with_axis(g, u), sums));
}

Value one_hot(GraphBuilder& g, Value index, int64_t num_classes) {
  std::vector<float> numbers(static_cast<size_t>(num_classes));
  std::iota(numbers.begin(), numbers.end(), 0.0F);
  const Value all = g.constant(Tensor::from<float>({num_classes}, std::span<const float>(numbers)));
  return g.equal(with_axis(g, index), all);
}

Distribution one_hot_distribution(GraphBuilder& builder, Value log_weight) {
  Distribution d;
  d.width = builder.shape(log_weight).back();
  const bool rows = builder.type(log_weight).extent == Extent::kPerRow;
  d.draw = [log_weight, width = d.width](GraphBuilder& g, std::string_view stream, int64_t count) {
    const Value u = g.uniform(std::string(stream), count == 0 ? Shape{} : Shape{count});
    return LatentDraw{.z = one_hot(g, chosen_class(g, log_weight, u), width)};
  };
  d.log_prob = [log_weight, rows, width = d.width](GraphBuilder& g, Value z) {
    Value weights = log_weight;
    if (rows && g.shape(z).size() == 2) {
      weights = g.reshape({{"shape", Shape{1, width}}}, weights);
    }
    return g.sum(g.mul(z, weights));
  };
  d.mean = [log_weight, rows](GraphBuilder& g) {
    const Value weights = g.exp(log_weight);
    return rows ? weights : g.to_rows(weights);
  };
  return d;
}

}  // namespace isthmus
