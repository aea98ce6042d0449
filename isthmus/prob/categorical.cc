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

namespace {

/// A choice between two values, of all values of the last axis: halves against each other.
template <class Choose>
Value over_last_axis(GraphBuilder& g, Value x, Choose choose) {
  for (int64_t size = g.shape(x).back(); size > 1; size = g.shape(x).back()) {
    const int64_t half = (size + 1) / 2;  // of an odd number the middle one is in both
    const Value low = g.slice({{"axis", -1}, {"begin", 0}, {"end", half}}, x);
    const Value high = g.slice({{"axis", -1}, {"begin", size - half}, {"end", size}}, x);
    x = choose(low, high);
  }
  return x;
}

}  // namespace

Value largest_class(GraphBuilder& g, Value x) {
  const int64_t count = g.shape(x).back();
  const Value largest = over_last_axis(g, x, [&](Value a, Value b) { return g.maximum(a, b); });
  std::vector<float> numbers(static_cast<size_t>(count));
  std::iota(numbers.begin(), numbers.end(), 0.0F);
  const Value all = g.constant(Tensor::from<float>({count}, std::span<const float>(numbers)));
  // Others count as one number too many.
  const Value others = g.mul(g.less(x, largest), g.constant(static_cast<double>(count)));
  const Value first =
      over_last_axis(g, g.add(all, others), [&](Value a, Value b) { return g.minimum(a, b); });
  Shape shape = g.shape(first);
  shape.pop_back();
  return g.reshape({{"shape", shape}}, first);
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
