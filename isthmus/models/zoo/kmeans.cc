// SPDX-License-Identifier: Apache-2.0
// Clusters about C centres: the code of an item is its nearest centre, one-hot, and what comes back
// is that centre. The error of a reconstruction is the quantisation error, which the fit minimises.
// Sources: Lloyd 1982; Arthur & Vassilvitskii 2007 (k-means++, the start).
//
// With scores s_c = w_c'x + b_c that are largest for the nearest centre, the gradients of the sum
// of the largest scores with respect to w and b are the sums and counts of the clusters.
#include <algorithm>
#include <cmath>
#include <limits>

#include "isthmus/base/checked.h"
#include "isthmus/models/centres.h"
#include "isthmus/models/components.h"
#include "isthmus/models/model.h"
#include "isthmus/prob/categorical.h"

namespace isthmus {
namespace {

constexpr uint32_t kRestarts = 3;
constexpr int64_t kMostPasses = 300;

struct KmeansOptions {
  int64_t clusters = 10;

  static constexpr auto fields() {
    return std::tuple{field(&KmeansOptions::clusters, "model.clusters", between(1, 65536),
                            "Centres that items are sorted to. More for finer ones, as long as the "
                            "held-out error falls.",
                            {.costs_memory = true, .metavar = "C"})};
  }
};

/// Which centre is the nearest, one-hot: x (B, D), weight (C, D), bias (C) -> (B, C).
struct Nearest {
  Value scores, one_hot;
};
Nearest nearest(GraphBuilder& g, Value x, Value weight, Value bias) {
  const Value scores = g.add(g.matmul({{"transpose_b", 1}, {"exact", 1}}, x, weight), bias);
  return {scores, one_hot(g, largest_class(g, scores), g.shape(bias)[0])};
}

Parts make(const ModelBuild& b, const KmeansOptions& options) {
  require_fixed_sigma(b.setup);
  require_no_condition(b.setup);
  const int64_t width = b.setup.data.num_values();
  const GraphBuilder::Scope scope(b.g, "kmeans");
  const Value mean = b.g.parameter("mean", {width}, {}, false);
  const Value centres = b.g.parameter("centres", {options.clusters, width}, {}, false);  // from it
  Parts parts;
  parts.latent_dim = options.clusters;
  parts.code = [&b, mean, centres](const Given& given) {
    GraphBuilder& g = b.g;
    const Value bias = g.mul(g.sum(g.square(centres)), g.constant(-0.5));
    return nearest(g, g.sub(given.x, mean), centres, bias).one_hot;
  };
  parts.decode = [&b, mean, centres](Value z, const Given&) {
    return b.g.add(b.g.matmul({{"exact", 1}}, z, centres), mean);
  };
  return parts;
}

Graph assignment_graph(const ModelSetup& setup, int64_t clusters) {
  GraphBuilder g;
  const ModelBuild b = start_build(g, setup, Mode::kTraining);
  const int64_t width = setup.data.num_values();
  const Value mean = g.parameter("mean", {width}, {}, false);
  const Value weight = g.parameter("weight", {clusters, width}, {}, false);
  const Value bias = g.parameter("bias", {clusters}, {}, false);
  const Nearest found = nearest(g, g.sub(given_data(b).target, mean), weight, bias);
  const Value total = g.batch_sum(g.sum(g.mul(found.one_hot, found.scores)));
  const Values sums = differentiate(g, total, {weight, bias});
  g.output("score", total);
  g.output("values", sums[0]);
  g.output("count", sums[1]);
  return std::move(g).finish();
}

/// Centres (C, D) in double, from the mean of all items.
struct Clusters {
  std::vector<double> mean, centres;
  double score = -INFINITY;  // of all items: the larger, the smaller their distances
  int64_t passes = 0;
};

NamedTensors parameters_of(const Clusters& clusters) {
  const size_t width = clusters.mean.size(), count = clusters.centres.size() / width;
  std::vector<double> bias(count, 0.0);
  const Tensor weight = vector_of(clusters.centres);
  for (size_t i = 0; i < clusters.centres.size(); ++i) {
    const double v = static_cast<double>(weight.values<float>()[i]);
    bias[i / width] -= 0.5 * v * v;
  }
  NamedTensors out;
  out.emplace("mean", vector_of(clusters.mean));
  out.emplace("weight",
              weight.reshaped({static_cast<int64_t>(count), static_cast<int64_t>(width)}));
  out.emplace("bias", vector_of(bias));
  return out;
}

double distance_to_nearest(std::span<const float> item, const Clusters& clusters) {
  const size_t width = item.size();
  double least = INFINITY;
  for (size_t begin = 0; begin < clusters.centres.size(); begin += width) {
    double sum = 0;
    for (size_t j = 0; j < width && sum < least; ++j) {
      const double rest =
          static_cast<double>(item[j]) - clusters.mean[j] - clusters.centres[begin + j];
      sum += rest * rest;
    }
    least = std::min(least, sum);
  }
  return least;
}

/// Centres of clusters without items go to the items that are farthest from their centres, the
/// earlier one of two.
void refill(const RowSource& rows, const std::vector<double>& counts, Clusters& clusters) {
  const size_t width = clusters.mean.size();
  std::vector<size_t> empty;
  for (size_t c = 0; c < counts.size(); ++c) {
    if (counts[c] == 0) empty.push_back(c);
  }
  if (empty.empty()) return;
  std::vector<std::pair<double, int64_t>> far;  // (-distance, item): the farthest first
  far.reserve(static_cast<size_t>(rows.count));
  rows.for_each_row([&](std::span<const float> item, int64_t at) {
    far.emplace_back(-distance_to_nearest(item, clusters), at);
  });
  const size_t taken = std::min(empty.size(), far.size());
  std::partial_sort(far.begin(), far.begin() + static_cast<ptrdiff_t>(taken), far.end());
  std::vector<float> item(width);
  for (size_t i = 0; i < taken && far[i].first < 0; ++i) {
    rows.read(far[i].second, 1, item);
    for (size_t j = 0; j < width; ++j) {
      clusters.centres[empty[i] * width + j] = static_cast<double>(item[j]) - clusters.mean[j];
    }
  }
}

/// Until nothing changes: clusters of the same items have the same sums, bit by bit.
void converge(Clusters& clusters, const RowSource& rows, const ItemPass& pass) {
  const size_t width = clusters.mean.size();
  Sums last;
  while (clusters.passes < kMostPasses) {
    Sums sums = pass(parameters_of(clusters), static_cast<uint32_t>(clusters.passes++));
    clusters.score = sums.at("score").front();
    if (!std::isfinite(clusters.score)) {
      throw Error(ErrorCode::kImpossible, "distances of the items are not finite",
                  "--scale standardize", {.key = "data.scale"});
    }
    if (!last.empty() && sums.at("count") == last.at("count") &&
        sums.at("values") == last.at("values")) {
      return;
    }
    const std::vector<double>&counts = sums.at("count"), &values = sums.at("values");
    for (size_t i = 0; i < values.size(); ++i) {
      const double count = counts[i / width];
      if (count > 0) clusters.centres[i] = values[i] / count;
    }
    refill(rows, counts, clusters);
    last = std::move(sums);
  }
}

NamedTensors fit(const FitRequest& request, const KmeansOptions& options) {
  require_items(request, options.clusters, "model.clusters");
  const ColumnFacts facts = varied_columns(request);
  ItemSample sample = sample_of(request, sample_size(options.clusters));
  for (size_t i = 0; i < sample.values.size(); ++i) {
    sample.values[i] -= facts.mean[i % sample.width];
  }
  const ItemPass pass = request.prepare(assignment_graph(request.setup, options.clusters));
  Clusters best;
  for (uint32_t restart = 0; restart < kRestarts; ++restart) {
    const RngKey key = RngKey::from(request.seed, "fit/centres/" + std::to_string(restart));
    Clusters found{.mean = facts.mean,
                   .centres = spread_centres(sample, static_cast<size_t>(options.clusters), key)};
    converge(found, request.rows, pass);
    if (found.score > best.score) best = std::move(found);
  }
  if (request.report != nullptr) {
    request.report->facts = {{"passes", static_cast<double>(best.passes)}};
  }
  NamedTensors out;
  out.emplace("kmeans/mean", vector_of(best.mean));
  out.emplace("kmeans/centres",
              vector_of(best.centres).reshaped({options.clusters, request.rows.width}));
  return out;
}

/// The sample, sums and centres in double, and what the farthest items are found with.
uint64_t fit_bytes(const ModelSetup& setup, int64_t num_items) {
  const int64_t clusters = read_own<KmeansOptions>(setup.own).clusters;
  const CheckedU64 width = static_cast<uint64_t>(setup.data.num_values());
  const auto sampled = static_cast<uint64_t>(std::min(num_items, sample_size(clusters)));
  CheckedU64 bytes = width * (sampled * sizeof(double));
  bytes += width * (static_cast<uint64_t>(clusters) * uint64_t{6 * sizeof(double)});
  bytes += CheckedU64(static_cast<uint64_t>(num_items)) * uint64_t{16};
  return bytes.value();
}

}  // namespace

ModelDef models::kmeans() {
  return {.name = "kmeans",
          .summary = "nearest of C centres: clusters, and the error of a code that names one",
          .help =
              "for clusters without a density, and as what a code of log C nats can give back; "
              "seconds, no steps",
          .source = "Lloyd1982",
          .make = make,
          .fit = fit,
          .fit_bytes = fit_bytes,
          .likelihoods = {"gaussian"},
          .takes_latent_dim = false};
}

}  // namespace isthmus
