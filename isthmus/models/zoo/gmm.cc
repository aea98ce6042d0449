// SPDX-License-Identifier: Apache-2.0
// A mixture of normals over the items, fitted by expectation maximisation from centres that
// k-means++ spreads: what clusters and straight dependences explain of the data without a network.
// Sources: Dempster, Laird & Rubin 1977; Bishop 2006, section 9.2. The number of components is that
// with the least BIC = -2 log p + free parameters x log N (Schwarz 1978).
#include <cmath>

#include "isthmus/base/checked.h"
#include "isthmus/base/text.h"
#include "isthmus/models/centres.h"
#include "isthmus/models/components.h"
#include "isthmus/models/model.h"
#include "isthmus/models/normal_mixture.h"

namespace isthmus {
namespace {

constexpr double kLeastGain = 1e-4;  // nats per item
constexpr double kRidge = 1e-6;      // of the mean variance of the columns
constexpr uint32_t kRestarts = 3;
constexpr int64_t kFirstPasses = 10;  // of every restart; the best goes on
constexpr int64_t kMostPasses = 200;
constexpr int kCentrePasses = 5;

constexpr int64_t kWide = 64;  // values: beyond, a covariance has many numbers, and BIC many fits
constexpr int64_t kTried[] = {1, 2, 5, 10, 20, 50};
constexpr int64_t kUsualComponents = 10;
constexpr Bounds kComponentBounds = between(1, 4096);

struct GmmOptions {
  std::string components = "auto";
  std::string covariance = "auto";

  static constexpr auto fields() {
    using O = GmmOptions;
    return std::tuple{
        field(
            &O::components, "model.components", any_value(),
            "Components of the mixture; auto: the least BIC of 1, 2, 5, 10, 20 and 50, and 10 for "
            "items of more than 64 values. More as long as the held-out log likelihood rises.",
            {.costs_memory = true, .metavar = "C"}),
        field(&O::covariance, "model.covariance", one_of(covariance_words),
              "Covariance of each component: full; diagonal or spherical, where items are few or "
              "wide; tied, one for all. auto: full, and diagonal for items of more than 64 values.",
              {})};
  }
};

/// 0: to be found by BIC.
int64_t stated_components(const GmmOptions& options, int64_t width) {
  if (options.components == "auto") return width > kWide ? kUsualComponents : 0;
  int64_t count = 0;
  parse_value("model.components", options.components, kComponentBounds, count);
  return count;
}

Covariance kind_of(const GmmOptions& options, int64_t width) {
  const bool wide = options.covariance == "auto" && width > kWide;
  return wide ? Covariance::kDiagonal : covariance_of(options.covariance);
}

/// Before the fit has found how many there are: the most that it tries.
int64_t most_components(const GmmOptions& options, int64_t width) {
  const int64_t stated = stated_components(options, width);
  return stated > 0 ? stated : std::end(kTried)[-1];
}

Parts make(const ModelBuild& b, const GmmOptions& options) {
  require_no_condition(b.setup);
  const int64_t width = b.setup.data.num_values();
  return normal_mixture_parts(b, kind_of(options, width), most_components(options, width));
}

/// What all fits to the same items share. The sample is taken from the centre.
struct Items {
  const FitRequest& request;
  Covariance kind;
  std::vector<double> centre, ridge;
  ItemSample sample;
};

/// What is added to variances: next to nothing, and what is not known of values that are rounded,
/// without which a component on a single level would have any density.
std::vector<double> ridge_of(const FitRequest& request, const std::vector<double>& variance) {
  double sum = 0;
  for (double v : variance) sum += v;
  const std::vector<double> errors = rounding_errors(request.setup.data);
  std::vector<double> ridge;
  for (size_t j = 0; j < variance.size(); ++j) {
    const double error = errors[errors.size() == 1 ? 0 : j];
    ridge.push_back(kRidge * sum / static_cast<double>(variance.size()) + error * error);
  }
  return ridge;
}

Items items_of(const FitRequest& request, Covariance kind, int64_t most) {
  ColumnFacts facts = varied_columns(request);
  Items items{.request = request,
              .kind = kind,
              .centre = std::move(facts.mean),
              .ridge = ridge_of(request, facts.variance),
              .sample = sample_of(request, sample_size(most))};
  const size_t width = items.sample.width;
  for (size_t i = 0; i < items.sample.values.size(); ++i) {
    items.sample.values[i] -= items.centre[i % width];
  }
  return items;
}

/// Covariance of the sample about the nearest centres: (D, D), or the diagonal.
std::vector<double> covariance_about(const Items& items, const std::vector<double>& centres,
                                     const std::vector<size_t>& nearest) {
  const size_t n = items.sample.width;
  const bool whole = items.kind == Covariance::kFull || items.kind == Covariance::kTied;
  std::vector<double> sums(whole ? n * n : n, 0.0), rest(n);
  for (size_t i = 0; i < items.sample.count; ++i) {
    const double* item = items.sample.item(i);
    for (size_t j = 0; j < n; ++j) rest[j] = item[j] - centres[nearest[i] * n + j];
    for (size_t j = 0; j < n; ++j) {
      if (!whole) sums[j] += rest[j] * rest[j];
      for (size_t k = j; whole && k < n; ++k) sums[j * n + k] += rest[j] * rest[k];
    }
  }
  for (double& v : sums) v /= static_cast<double>(items.sample.count);
  for (size_t j = 0; j < n; ++j) sums[whole ? j * n + j : j] += items.ridge[j];
  return sums;
}

FittedNormals start_of(const Items& items, size_t components, uint32_t restart) {
  const RngKey key = RngKey::from(items.request.seed, "fit/components/" + std::to_string(restart));
  std::vector<double> centres = spread_centres(items.sample, components, key);
  for (int pass = 0; pass < kCentrePasses; ++pass) {
    move_centres(items.sample, nearest_centres(items.sample, centres), centres);
  }
  const std::vector<size_t> nearest = nearest_centres(items.sample, centres);
  std::vector<double> weight(components, 0.0);
  const double each =
      static_cast<double>(items.request.rows.count) / static_cast<double>(items.sample.count);
  for (size_t c : nearest) weight[c] += each;
  const std::vector<double> covariance = covariance_about(items, centres, nearest);
  return first_normals(items.kind, std::move(weight), std::move(centres), covariance);
}

/// A fit on its way: `now` has this log likelihood per item, `next` is one pass further.
struct Fit {
  FittedNormals now, next;
  double log_prob = -INFINITY;
  int64_t passes = 0;
  bool done = false;
};

[[noreturn]] void refuse_range() {
  throw Error(ErrorCode::kImpossible,
              "the density of the items is not finite: values are too far apart",
              "--scale standardize", {.key = "data.scale"});
}

void go_on(Fit& fit, const Items& items, const ItemPass& pass, int64_t passes) {
  for (; passes > 0 && !fit.done; --passes) {
    const Sums sums =
        pass(expectation_parameters(fit.next, items.centre), static_cast<uint32_t>(fit.passes++));
    const double log_prob =
        sums.at("log_prob").front() / static_cast<double>(items.request.rows.count);
    if (!std::isfinite(log_prob)) refuse_range();
    fit.done = log_prob - fit.log_prob < kLeastGain;
    if (log_prob < fit.log_prob) return;  // rounding
    fit.log_prob = log_prob;
    fit.now = std::move(fit.next);
    if (!fit.done) fit.next = maximised(fit.now, sums, items.ridge);
  }
}

Fit fit_components(const Items& items, int64_t components) {
  const ItemPass pass =
      items.request.prepare(expectation_graph(items.request.setup, items.kind, components));
  Fit best;
  for (uint32_t restart = 0; restart < (components == 1 ? 1 : kRestarts); ++restart) {
    Fit fit{.next = start_of(items, static_cast<size_t>(components), restart)};
    go_on(fit, items, pass, kFirstPasses);
    if (fit.log_prob > best.log_prob) best = std::move(fit);
  }
  go_on(best, items, pass, kMostPasses - best.passes);
  return best;
}

double bic_of(const Fit& fit, double items) {
  return -2 * items * fit.log_prob + free_parameters(fit.now) * std::log(items);
}

/// By BIC, from few components on: the first that is no gain ends the search.
Fit fit_by_bic(const Items& items, std::string& tried) {
  const double count = static_cast<double>(items.request.rows.count);
  Fit best;
  double least = INFINITY;
  for (int64_t components : kTried) {
    if (components > items.request.rows.count) break;
    Fit fit = fit_components(items, components);
    tried += (tried.empty() ? "" : ", ") + std::to_string(components);
    const double bic = bic_of(fit, count);
    if (!(bic < least)) break;
    least = bic;
    best = std::move(fit);
  }
  return best;
}

NamedTensors fit(const FitRequest& request, const GmmOptions& options) {
  const int64_t width = request.rows.width, stated = stated_components(options, width);
  require_items(request, stated, "model.components");
  const Items items = items_of(request, kind_of(options, width), most_components(options, width));
  std::string tried;
  const Fit found = stated > 0 ? fit_components(items, stated) : fit_by_bic(items, tried);
  if (request.report != nullptr) {
    FitReport& report = *request.report;
    const std::string size = group_digits(width) + " values per item";
    if (options.components == "auto") {
      report.decided.push_back({"model.components", std::to_string(found.now.components),
                                stated == 0 ? "least BIC of " + tried : size});
    }
    if (options.covariance == "auto") {
      report.decided.push_back({"model.covariance", covariance_word(items.kind), size});
    }
    report.facts = {{"bic", bic_of(found, static_cast<double>(request.rows.count))},
                    {"passes", static_cast<double>(found.passes)}};
  }
  return normal_mixture_of(found.now, items.centre);
}

/// Factors and sums of a pass in double, parameters and gradients, the sample, and what runs hold
/// for the items of a batch.
uint64_t fit_bytes(const ModelSetup& setup, int64_t num_items) {
  const GmmOptions options = read_own<GmmOptions>(setup.own);
  const int64_t values = setup.data.num_values(), most = most_components(options, values);
  const CheckedU64 width = static_cast<uint64_t>(values);
  const CheckedU64 beside = width * static_cast<uint64_t>(most);
  const Covariance kind = kind_of(options, values);
  const CheckedU64 covariances = kind == Covariance::kFull   ? beside * width
                                 : kind == Covariance::kTied ? width * width
                                                             : beside;
  constexpr uint64_t kDoubles = 8, kFloats = 6, kBatch = 512, kPerRow = 4;
  CheckedU64 bytes = covariances * (kDoubles * sizeof(double) + kFloats * sizeof(float));
  bytes += beside * (kBatch * kPerRow * sizeof(float));
  bytes += width * (static_cast<uint64_t>(std::min(num_items, sample_size(most))) *
                    (sizeof(double) + sizeof(float)));
  return bytes.value();
}

}  // namespace

ModelDef models::gmm() {
  return {.name = "gmm",
          .summary = "mixture of normals: clusters and straight dependences, an exact density",
          .help =
              "the density that a network of numbers has to beat; seconds for tables and codes, no "
              "steps",
          .source = "Bishop2006",
          .make = make,
          .fit = fit,
          .fit_bytes = fit_bytes,
          .likelihoods = {"gaussian"},
          .takes_latent_dim = false,
          .takes_sigma = false};
}

}  // namespace isthmus
