// SPDX-License-Identifier: Apache-2.0
// The tree of values 0 and 1 that fits best: every value but the first depends on one other,
//   p(x) = prod_j p(x_j | x_parent(j)),
// and the tree is the one whose pairs share the most information: a maximum spanning tree. Grey
// values stand for the probability of a 1, each drawn by itself. Source: Chow & Liu 1968.
//
// The counts of pairs, X'X, are a gradient: that of sum x W x' with respect to W.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "isthmus/models/components.h"
#include "isthmus/models/model.h"

namespace isthmus {
namespace {

struct Tree {
  Value parent;  // (D): the number of each value's parent; the root is its own
  Value off;     // (D): logit of a 1 where the parent is 0
  Value on;      // (D): where it is 1
};

Tree make_tree(const ModelBuild& b) {
  const GraphBuilder::Scope scope(b.g, "tree");
  const Shape shape = {b.setup.data.num_values()};
  return {.parent = b.g.parameter("parent", shape, {}, false),
          .off = b.g.parameter("off", shape, {}, false),
          .on = b.g.parameter("on", shape, {}, false)};
}

/// The parents of all values, (B, D): a product with one 1 in each column.
Value parents(GraphBuilder& g, const Tree& tree, Value x) {
  const int64_t width = g.shape(x).back();
  std::vector<float> numbers(static_cast<size_t>(width));
  std::iota(numbers.begin(), numbers.end(), 0.0F);
  const Value all = g.constant(Tensor::from<float>({width, 1}, std::span<const float>(numbers)));
  return g.matmul({{"exact", 1}}, x, g.equal(all, tree.parent));
}

Parts make(const ModelBuild& b) {
  require_no_condition(b.setup);
  const Tree tree = make_tree(b);
  Parts parts;
  // Linear in the parent, as it is in the value: exact where it is 0 or 1, else an expectation.
  parts.log_prob = [&b, tree](const Given& given) {
    const Value x = given.target;
    return b.g.sum(b.g.lerp(b.g.bernoulli_log_prob(tree.off, x), b.g.bernoulli_log_prob(tree.on, x),
                            parents(b.g, tree, x)));
  };
  parts.draw = [&b, tree](const Given& given) {
    const Value logit = b.g.lerp(tree.off, tree.on, parents(b.g, tree, given.x));
    return b.g.less(b.g.uniform("draw", {b.setup.data.num_values()}), b.g.sigmoid(logit));
  };
  return parts;
}

/// Outputs "ones", X'1, and "pairs", X'X, of which the diagonal means nothing.
Graph pair_graph(const ModelSetup& setup) {
  GraphBuilder g;
  const ModelBuild b = start_build(g, setup, Mode::kTraining);
  const Value x = given_data(b).target;
  const int64_t width = setup.data.num_values();
  const Value weight = g.parameter("weight", {width, width}, {}, false);
  const Value form = g.batch_sum(g.sum(g.mul(g.matmul({{"exact", 1}}, x, weight), x)));
  g.output("ones", g.batch_sum(x));
  g.output("pairs", differentiate(g, form, {weight})[0]);
  return std::move(g).finish();
}

/// Smoothed counts of two values: one more of each kind.
struct PairCounts {
  double none, first, second, both;
};

class Counts {
 public:
  Counts(double items, const Sums& sums)
      : items_(items), ones_(sums.at("ones")), pairs_(sums.at("pairs")) {}

  size_t width() const { return ones_.size(); }

  PairCounts of(size_t i, size_t j) const {
    const double both = pairs_[i * width() + j];
    return {.none = items_ - ones_[i] - ones_[j] + both + 1,
            .first = ones_[i] - both + 1,
            .second = ones_[j] - both + 1,
            .both = both + 1};
  }

  /// In nats.
  double information(size_t i, size_t j) const {
    const PairCounts n = of(i, j);
    const double all = items_ + 4;
    const double on_i = n.first + n.both, on_j = n.second + n.both;
    const auto part = [all](double count, double a, double b) {
      return count / all * std::log(count * all / (a * b));
    };
    return part(n.none, all - on_i, all - on_j) + part(n.first, on_i, all - on_j) +
           part(n.second, all - on_i, on_j) + part(n.both, on_i, on_j);
  }

  double logit(size_t i) const { return std::log((ones_[i] + 1) / (items_ - ones_[i] + 1)); }

 private:
  double items_;
  const std::vector<double>&ones_, &pairs_;
};

/// From value 0 on, always the value that shares most with one of the tree; of equals the first.
std::vector<size_t> spanning_tree(const Counts& counts) {
  const size_t width = counts.width();
  std::vector<size_t> parent(width);
  std::vector<double> most(width, -INFINITY);
  std::vector<bool> inside(width);
  for (size_t step = 0, last = 0; step + 1 < width; ++step) {
    inside[last] = true;
    size_t best = 0;
    for (size_t j = 0; j < width; ++j) {
      if (inside[j]) continue;
      const double shared = counts.information(last, j);
      if (shared > most[j]) {
        most[j] = shared;
        parent[j] = last;
      }
      if (best == 0 || most[j] > most[best]) best = j;
    }
    last = best;
  }
  return parent;
}

NamedTensors fit(const FitRequest& request) {
  const ItemPass pass = request.prepare(pair_graph(request.setup));
  const int64_t width = request.setup.data.num_values();
  NamedTensors weight;
  weight.emplace("weight", Tensor(Dtype::kF32, {width, width}));
  const Sums sums = pass(weight, 0);
  const Counts counts(static_cast<double>(request.rows.count), sums);
  const std::vector<size_t> tree = spanning_tree(counts);
  std::vector<double> parent(tree.begin(), tree.end()), off = {counts.logit(0)}, on = off;
  for (size_t j = 1; j < tree.size(); ++j) {
    const PairCounts n = counts.of(tree[j], j);
    off.push_back(std::log(n.second / n.none));
    on.push_back(std::log(n.both / n.first));
  }
  NamedTensors parameters;
  parameters.emplace("tree/parent", vector_of(parent));
  parameters.emplace("tree/off", vector_of(off));
  parameters.emplace("tree/on", vector_of(on));
  return parameters;
}

/// The counts of pairs: in the graph, as they come from it, and summed.
uint64_t fit_bytes(const ModelSetup& setup, int64_t) {
  const uint64_t width = static_cast<uint64_t>(setup.data.num_values());
  return (sizeof(double) + 3 * sizeof(float)) * width * width;
}

}  // namespace

ModelDef models::chow_liu() {
  return {.name = "chow_liu",
          .summary = "values 0 and 1 in a tree: each depends on one other",
          .help =
              "as a density of black and white items or flags: what pairs alone explain, without a "
              "latent; one pass, no options",
          .source = "ChowLiu1968",
          .make = make,
          .fit = fit,
          .fit_bytes = fit_bytes,
          .likelihoods = {"bernoulli"},
          .takes_latent_dim = false};
}

}  // namespace isthmus
