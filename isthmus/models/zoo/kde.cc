// SPDX-License-Identifier: Apache-2.0
// A kernel density: a normal of one width about each stored training item,
//   p(x) = 1/N sum_n N(x; x_n, h^2 I).
// Nothing is learned but h, with which items that are left out are most probable. Sources: Parzen
// 1962; Duin 1976 (the width by leaving one out).
#include <algorithm>
#include <cmath>
#include <numeric>

#include "isthmus/base/checked.h"
#include "isthmus/base/text.h"
#include "isthmus/models/centres.h"
#include "isthmus/models/components.h"
#include "isthmus/models/model.h"

namespace isthmus {
namespace {

constexpr double kLog2Pi = 1.8378770664093454836;
constexpr Bounds kItemBounds = between(1, 1 << 24);

constexpr int kSteps = 30;  // of h, on a log scale, in root mean variances of the columns
constexpr double kLeastWidth = 0.05, kLargestWidth = 1;
// Items that h is judged by: at most so many, and fewer where their distances would take longer.
constexpr int64_t kJudged = 2000, kDistances = 20'000'000, kProducts = 4'000'000'000;

struct KdeOptions {
  std::string bandwidth = "auto";
  std::string items = "auto";  // resolved: a number

  static constexpr auto fields() {
    using O = KdeOptions;
    return std::tuple{
        field(
            &O::bandwidth, "model.bandwidth", any_value(),
            "Standard deviation h of the kernel, on the model's scale; auto: the one that makes "
            "training items most probable that are left out. Larger for smoother samples; a small "
            "one repeats the items.",
            {.metavar = "H"}),
        field(&O::items, "model.stored_items", any_value(),
              "Training items that the density is made of, drawn by the seed; auto: all, at most "
              "50000. Fewer for a faster evaluation, which reads each. The model file holds them: "
              "do not hand it on where the items are private.",
              {.level = OptionLevel::kRare, .costs_memory = true, .metavar = "N"})};
  }
};

int64_t count_of(const KdeOptions& options) {
  int64_t count = 1;  // as long as no data are known
  if (options.items == "auto") return count;
  parse_value("model.stored_items", options.items, kItemBounds, count);
  return count;
}

/// 0: to be found.
double stated_bandwidth(const KdeOptions& options) {
  double width = 0;
  if (options.bandwidth != "auto") {
    parse_value("model.bandwidth", options.bandwidth, greater_than(0), width);
  }
  return width;
}

Parts make(const ModelBuild& b, const KdeOptions& options) {
  require_no_condition(b.setup);
  stated_bandwidth(options);
  const int64_t count = count_of(options), width = b.setup.data.num_values();
  const GraphBuilder::Scope scope(b.g, "kde");
  const Value centre = b.g.parameter("centre", {width}, {}, false);
  const Value items = b.g.parameter("items", {count, width}, {}, false);  // from the centre
  const Value h = b.g.parameter("bandwidth", {}, {.kind = "constant", .value = 1}, false);
  Parts parts;
  parts.log_prob = [&b, centre, items, h, count, width](const Given& given) {
    GraphBuilder& g = b.g;
    const Value x = g.sub(given.target, centre), half = g.constant(0.5);
    // -|x - x_n|^2 / 2
    const Value squares = g.mul(g.sum({{"axis", -1}, {"keep", 1}}, g.square(x)), half);
    Value near = g.matmul({{"transpose_b", 1}, {"exact", 1}}, x, items);
    near = g.sub(g.sub(near, g.mul(g.sum(g.square(items)), half)), squares);
    const double d = static_cast<double>(width);
    const Value norm = g.add(g.mul(g.log(h), g.constant(d)),
                             g.constant(0.5 * d * kLog2Pi + std::log(static_cast<double>(count))));
    return g.sub(g.logsumexp(g.div(near, g.square(h))), norm);
  };
  parts.draw = [&b, centre, items, h, count, width](const Given& given) {
    GraphBuilder& g = b.g;
    const Value place = g.mul(g.uniform("draw/item", {}), g.constant(static_cast<double>(count)));
    const Value n = g.minimum(g.floor(place), g.constant(static_cast<double>(count - 1)));
    Value noise = g.mul(g.normal("draw", {width}), h);
    if (given.temperature.valid()) noise = g.mul(noise, given.temperature);
    return g.add(g.add(g.gather(items, n), centre), noise);
  };
  return parts;
}

/// Half the squared distances of all items from one.
class Distances {
 public:
  explicit Distances(const ItemSample& sample) : sample_(sample), columns_(sample.values.size()) {
    for (size_t i = 0; i < sample.count; ++i) {
      for (size_t j = 0; j < sample.width; ++j) {
        columns_[j * sample.count + i] = sample.item(i)[j];
      }
    }
  }
  std::vector<double> from(size_t item) const {
    std::vector<double> half(sample_.count, 0.0);
    for (size_t j = 0; j < sample_.width; ++j) {
      const double own = sample_.item(item)[j];
      const double* column = columns_.data() + j * sample_.count;
      for (size_t i = 0; i < half.size(); ++i) {
        half[i] += 0.5 * (column[i] - own) * (column[i] - own);
      }
    }
    return half;
  }

 private:
  const ItemSample& sample_;
  std::vector<double> columns_;
};

/// log sum over the others of exp(-half / h^2).
double log_sum_of_others(const std::vector<double>& half, size_t own, double h) {
  constexpr double kNothing = 40;  // exp of less is nothing beside 1
  double least = INFINITY;
  for (size_t i = 0; i < half.size(); ++i) {
    if (i != own) least = std::min(least, half[i]);
  }
  const double scale = 1 / (h * h);
  double sum = 0;
  for (size_t i = 0; i < half.size(); ++i) {
    const double below = (half[i] - least) * scale;
    if (i != own && below < kNothing) sum += std::exp(-below);
  }
  return std::log(sum) - least * scale;
}

int64_t judged_items(int64_t count, int64_t width) {
  const int64_t most = std::min(kDistances / count, kProducts / (count * width));
  return std::clamp<int64_t>(most, 1, std::min(kJudged, count));
}

/// The width that makes items most probable of which the others know; `deviation` is the root mean
/// variance, `least` what is not known of rounded values.
double fitted_bandwidth(const ItemSample& sample, double deviation, double least) {
  const Distances distances(sample);
  const size_t judged = static_cast<size_t>(
      judged_items(static_cast<int64_t>(sample.count), static_cast<int64_t>(sample.width)));
  std::vector<double> widths, log_probs(kSteps, 0.0);
  for (int s = 0; s < kSteps; ++s) {
    const double share = static_cast<double>(s) / (kSteps - 1);
    const double width = kLeastWidth * std::pow(kLargestWidth / kLeastWidth, share);
    widths.push_back(std::max(width * deviation, least));
  }
  for (size_t i = 0; i < judged; ++i) {
    const std::vector<double> half = distances.from(i);
    for (size_t s = 0; s < kSteps; ++s) {
      log_probs[s] += log_sum_of_others(half, i, widths[s]) -
                      static_cast<double>(sample.width) * std::log(widths[s]);
    }
  }
  return widths[static_cast<size_t>(std::ranges::max_element(log_probs) - log_probs.begin())];
}

double root_mean(const std::vector<double>& squares) {
  const double sum = std::accumulate(squares.begin(), squares.end(), 0.0);
  return std::sqrt(sum / static_cast<double>(squares.size()));
}

NamedTensors fit(const FitRequest& request, const KdeOptions& options) {
  const int64_t count = count_of(options);
  require_items(request, count, "model.stored_items");
  const ColumnFacts facts = varied_columns(request);
  ItemSample sample = sample_of(request, count);
  for (size_t i = 0; i < sample.values.size(); ++i) {
    sample.values[i] -= facts.mean[i % sample.width];
  }
  double h = stated_bandwidth(options);
  if (h == 0 && count < 2) {
    throw Error(ErrorCode::kImpossible, "one item says nothing of the width of a kernel",
                "give one: --bandwidth H, or store more: --stored-items N",
                {.key = "model.stored_items"});
  }
  if (h == 0) {
    h = fitted_bandwidth(sample, root_mean(facts.variance), least_sigma(request.setup).front());
  }
  if (request.report != nullptr) request.report->facts = {{"bandwidth", h}};
  NamedTensors out;
  out.emplace("kde/centre", vector_of(facts.mean));
  out.emplace("kde/items", vector_of(sample.values).reshaped({count, request.rows.width}));
  Tensor width(Dtype::kF32, {});
  width.values<float>()[0] = static_cast<float>(h);
  out.emplace("kde/bandwidth", std::move(width));
  return out;
}

/// The stored items in double, row by row and column by column.
uint64_t fit_bytes(const ModelSetup& setup, int64_t) {
  const int64_t count = count_of(read_own<KdeOptions>(setup.own));
  CheckedU64 bytes = static_cast<uint64_t>(count);
  bytes = bytes * static_cast<uint64_t>(setup.data.num_values()) * uint64_t{2 * sizeof(double)};
  return bytes.value();
}

}  // namespace

ModelDef models::kde() {
  return {
      .name = "kde",
      .summary = "kernel density: a normal about each training item, which the file holds",
      .help =
          "to see what remembering the items gives; its model file holds them, so it is not one "
          "to hand on where they are private",
      .source = "Parzen1962",
      .make = make,
      .fit = fit,
      .fit_bytes = fit_bytes,
      .likelihoods = {"gaussian"},
      .one_sigma = true,
      .takes_latent_dim = false,
      .takes_sigma = false};
}

}  // namespace isthmus
