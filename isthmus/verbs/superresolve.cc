// SPDX-License-Identifier: Apache-2.0
// Weighs draws of the posterior by the block means that are known. Averaging is done here, in
// double; the graph knows nothing of blocks.
#include "isthmus/verbs/superresolve.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "isthmus/base/rng_key.h"
#include "isthmus/metrics/metric.h"
#include "isthmus/models/inference.h"
#include "isthmus/verbs/graph_runner.h"
#include "isthmus/verbs/weighted_mean.h"

namespace isthmus {
namespace {

constexpr double kLog2Pi = 1.8378770664093454836;

/// Which block each value of an item belongs to.
struct Blocks {
  std::vector<size_t> of_value;
  size_t count = 0;
  double size = 0;  // values of one
  Blocks(const Shape& item, int64_t factor) : size(static_cast<double>(factor * factor)) {
    const int64_t channels = item.size() == 3 ? item[2] : 1, width = item[1] / factor;
    for (int64_t i = 0; i < value_count(item); ++i) {
      const int64_t c = i % channels, column = i / channels % item[1], row = i / channels / item[1];
      of_value.push_back(
          static_cast<size_t>((row / factor * width + column / factor) * channels + c));
    }
    count = of_value.size() / static_cast<size_t>(factor * factor);
  }
  template <class Of>
  void mean(Of of, std::vector<double>& out) const {
    out.assign(count, 0.0);
    for (size_t i = 0; i < of_value.size(); ++i) out[of_value[i]] += of(i) / size;
  }
};

/// One item given a draw: what is expected of it, and log p(y|z).
class Conditioned {
 public:
  explicit Conditioned(const Blocks& blocks) : blocks_(blocks), item_(blocks.of_value.size()) {}

  /// `variance` is empty where all pixels have `fixed`.
  double condition(std::span<const float> small, std::span<const float> mean,
                   std::span<const float> variance, double fixed) {
    const auto of = [&](size_t i) {
      return variance.empty() ? fixed : static_cast<double>(variance[i]);
    };
    blocks_.mean([&](size_t i) { return static_cast<double>(mean[i]); }, means_);
    blocks_.mean(of, variances_);
    double log_density = 0;
    for (size_t b = 0; b < blocks_.count; ++b) {
      const double v = variances_[b] / blocks_.size, off = small[b] - means_[b];
      log_density -= 0.5 * (off * off / v + std::log(v) + kLog2Pi);
    }
    for (size_t i = 0; i < item_.size(); ++i) {
      const size_t b = blocks_.of_value[i];
      item_[i] = static_cast<float>(mean[i] + of(i) / variances_[b] * (small[b] - means_[b]));
    }
    return log_density;
  }
  std::span<const float> item() const { return item_; }

 private:
  const Blocks& blocks_;
  std::vector<double> means_, variances_;
  std::vector<float> item_;
};

class Weigher {
 public:
  Weigher(const Model& model, const Tensor& small, int64_t factor, const SuperresolveSettings& s,
          Superresolved& result)
      : small_(small),
        settings_(s),
        result_(result),
        blocks_(model.spec().item_shape, factor),
        conditioned_(blocks_),
        key_(RngKey::from(s.verb.seed, "superresolve/pick")) {}

  void start(int64_t rows) {
    means_.assign(static_cast<size_t>(rows), WeightedMean(blocks_.of_value.size()));
  }
  /// One draw for each item of a batch.
  void add(GraphRunner& runner, int64_t first, int64_t proposal) {
    const size_t width = blocks_.of_value.size();
    const std::span<const float> ratios = runner.executor().rows("log_ratio");
    const std::span<const float> means = runner.executor().rows("mean");
    std::span<const float> variances;
    if (!settings_.sigma) variances = runner.executor().rows("variance");
    const double fixed = settings_.sigma.value_or(0) * settings_.sigma.value_or(0);
    for (size_t r = 0; r < means_.size(); ++r) {
      const auto item = static_cast<size_t>(first) + r;
      const double log_density = conditioned_.condition(
          small_.values<float>().subspan(item * blocks_.count, blocks_.count),
          means.subspan(r * width, width),
          variances.empty() ? variances : variances.subspan(r * width, width), fixed);
      const double share = means_[r].add(log_density + ratios[r], conditioned_.item());
      pick(item, proposal, share);
    }
  }
  void finish(int64_t first, ItemMean& effective) {
    const size_t width = blocks_.of_value.size();
    for (size_t r = 0; r < means_.size(); ++r) {
      const size_t to = (static_cast<size_t>(first) + r) * width;
      means_[r].write(result_.mean.values<float>().subspan(to, width));
      effective.add(means_[r].effective_samples());
      result_.few += means_[r].effective_samples() < kFewSamples;
    }
  }

 private:
  /// Each draw changes over to this proposal with the probability `share`.
  void pick(size_t item, int64_t proposal, double share) {
    const auto draws = static_cast<size_t>(settings_.draws);
    std::vector<float> uniform(draws);
    fill_uniform(key_, item, static_cast<uint32_t>(proposal), 0, uniform.data(), settings_.draws);
    const std::span<const float> values = conditioned_.item();
    for (size_t d = 0; d < draws; ++d) {
      if (proposal > 0 && uniform[d] >= share) continue;
      std::ranges::copy(
          values,
          result_.draws.values<float>().subspan((item * draws + d) * values.size()).begin());
    }
  }

  const Tensor& small_;
  const SuperresolveSettings& settings_;
  Superresolved& result_;
  Blocks blocks_;
  Conditioned conditioned_;
  RngKey key_;
  std::vector<WeightedMean> means_;
};

Tensor items_of(const Model& model, int64_t count) {
  Shape shape = model.spec().item_shape;
  shape.insert(shape.begin(), count);
  return Tensor(Dtype::kF32, shape);
}

void require_sigma(const Model& model, const GraphRunner& runner,
                   const SuperresolveSettings& settings) {
  if (settings.sigma || runner.has_output("variance")) return;
  throw Error(ErrorCode::kImpossible,
              "likelihood " + model.options().likelihood + " has no variance in closed form",
              "say how far a pixel lies from the decoder's mean: --sigma 0.1",
              {.key = "superresolve.sigma"});
}

}  // namespace

void require_resolution(const DataSpec& spec) {
  if (spec.kind == DataKind::kImage && spec.item_shape.size() >= 2) return;
  throw Error(ErrorCode::kImpossible,
              "the model is one of " + describe_item(spec) + ", which have no resolution",
              "superresolve needs a model of images", {.key = "model"});
}

int64_t factor_of(const DataSpec& spec, const Shape& small) {
  require_resolution(spec);
  const Shape& item = spec.item_shape;
  const Shape given(small.begin() + 1, small.end());
  const bool alike = given.size() == item.size() && (item.size() < 3 || given[2] == item[2]) &&
                     given[0] > 0 && item[0] % given[0] == 0 && given[1] > 0 &&
                     item[1] % given[1] == 0 && item[0] / given[0] == item[1] / given[1];
  if (!alike || item[0] == given[0]) {
    throw Error(ErrorCode::kDataMismatch,
                "the items are " + item_shape_text(given) + "; the model's images of " +
                    item_shape_text(item) + " are not larger by a whole factor",
                "give images of " + item_shape_text(item) +
                    " divided by 2, 3, ... in height and width; for whole images say --factor 2");
  }
  return item[0] / given[0];
}

Superresolved superresolve(const Model& model, const Tensor& small, const Tensor& context,
                           Device& device, const SuperresolveSettings& settings) {
  const int64_t factor = factor_of(model.spec(), small.shape()), count = small.shape()[0];
  const Tensor enlarged = enlarge_bicubic(small, factor);
  GraphRunner runner(device, proposal_graph(model.setup),
                     {.seed = settings.verb.seed,
                      .purpose = "superresolve",
                      .values_per_row = model.spec().num_values(),
                      .batch_size = settings.verb.batch_size,
                      .precision = settings.verb.precision});
  require_sigma(model, runner, settings);
  runner.set_parameters(model.parameters);
  runner.executor().bind_input("x", enlarged, Scaling{});
  if (model.spec().condition.width() > 0) {
    runner.executor().bind_input("context", context, Scaling{});
  }
  Superresolved result{.mean = items_of(model, count),
                       .draws = items_of(model, count * settings.draws)};
  Weigher weigher(model, small, factor, settings, result);
  ItemMean effective;
  for (int64_t first = 0; first < count; first += runner.batch_size()) {
    const int64_t rows = std::min(runner.batch_size(), count - first);
    weigher.start(rows);
    for (int64_t k = 0; k < settings.proposals; ++k) {
      runner.run(first, rows, static_cast<uint32_t>(k));
      weigher.add(runner, first, k);
      note_work("draws", static_cast<uint64_t>(first * settings.proposals + rows * (k + 1)),
                static_cast<uint64_t>(count * settings.proposals));
    }
    weigher.finish(first, effective);
  }
  result.effective_samples = effective.mean();
  return result;
}

}  // namespace isthmus
