// SPDX-License-Identifier: Apache-2.0
// A density whose values know nothing of each other: each has the likelihood's parameters that fit
// it best, in closed form. What a decoder that ignores its latent can do at most.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "isthmus/metrics/baselines.h"
#include "isthmus/models/components.h"
#include "isthmus/models/model.h"
#include "isthmus/prob/levels.h"

namespace isthmus {
namespace {

constexpr double kLogSigmaBound = 10;  // where exp(2 log_sigma) is what it says: see soft_bound

void require_own_sigmas(const ModelSetup& setup) {
  const std::string sigma = resolved_sigma(setup);
  if (sigma != "learned" && sigma != "optimal") return;
  throw Error(ErrorCode::kConflict,
              "model.sigma " + sigma + " does not go with independent: each value has its own",
              "--sigma per_dimension or a number", {.key = "model.sigma"});
}

Parts make(const ModelBuild& b) {
  require_own_sigmas(b.setup);
  require_no_condition(b.setup);
  const GraphBuilder::Scope scope(b.g, "independent");
  const Value params = b.g.parameter("params", {b.likelihood.num_params}, {}, false);
  Parts parts;
  parts.log_prob = [&b, params](const Given& given) {
    return b.likelihood.log_prob(b.g, b.g.to_rows(params), given.target);
  };
  parts.draw = [&b, params](const Given&) {
    return b.likelihood.sample(b.g, b.g.to_rows(params), "draw");
  };
  return parts;
}

/// The log_sigma of each column that stands for its width above the floor.
std::vector<double> log_sigmas(const std::vector<double>& sigma, const std::vector<double>& floor) {
  std::vector<double> logs;
  for (size_t j = 0; j < sigma.size(); ++j) {
    const double least = floor[floor.size() == 1 ? 0 : j];
    const double own = std::max(sigma[j] * sigma[j] - least * least, 0.0);
    logs.push_back(std::max(0.5 * std::log(own), -kLogSigmaBound));
  }
  if (*std::ranges::max_element(logs) > kLogSigmaBound) {
    throw Error(ErrorCode::kImpossible, "a column has a standard deviation above e^10",
                "--scale standardize", {.key = "data.scale"});
  }
  return logs;
}

void require_variation(const FitRequest& request) {
  const std::vector<double> variance = column_facts(request.rows).variance;
  if (std::ranges::any_of(variance, [](double v) { return v > 0; })) return;
  throw Error(ErrorCode::kImpossible,
              "the " + std::to_string(request.rows.count) + " training items are all alike",
              "a density of real values needs items that differ", {.key = "model.name"});
}

NamedTensors fit_columns(const FitRequest& request, ColumnFamily family) {
  NamedTensors parameters;
  ColumnsSetup columns{.family = family, .sigma_floor = least_sigma(request.setup)};
  if (family != ColumnFamily::kGaussian) {
    const IndependentColumns fitted(request.rows, columns);
    parameters.emplace("independent/params", vector_of(fitted.logits()));
    return parameters;
  }
  require_variation(request);
  const IndependentColumns fitted(request.rows, columns);
  parameters.emplace("independent/params", vector_of(fitted.mean()));
  if (resolved_sigma(request.setup) == "per_dimension") {
    parameters.emplace("likelihood/log_sigma",
                       vector_of(log_sigmas(fitted.sigma(), columns.sigma_floor)));
  }
  return parameters;
}

/// Levels of value j.
const Levels& levels_at(const std::vector<Levels>& levels, size_t j) {
  return levels[levels.size() == 1 ? 0 : j];
}

/// Logs of the shares of the levels. One that did not occur counts as half an item, as the limits
/// of a Bernoulli mean do.
NamedTensors fit_levels(const FitRequest& request) {
  constexpr double kLeastCount = 0.5;
  const std::vector<Levels> levels = levels_of(request.setup.data);
  const size_t width = static_cast<size_t>(request.rows.width);
  std::vector<size_t> first = {0};
  for (size_t j = 0; j < width; ++j) {
    first.push_back(first.back() + static_cast<size_t>(levels_at(levels, j).count));
  }
  std::vector<double> counts(first.back());
  request.rows.for_each_row([&](std::span<const float> row, int64_t) {
    for (size_t j = 0; j < width; ++j) {
      const Levels& l = levels_at(levels, j);
      const double place = std::round((static_cast<double>(row[j]) - l.low) / l.step);
      const double held = std::clamp(place, 0.0, static_cast<double>(l.count - 1));
      ++counts[first[j] + static_cast<size_t>(held)];
    }
  });
  for (size_t j = 0; j < width; ++j) {
    const std::span<double> own(counts.begin() + static_cast<ptrdiff_t>(first[j]),
                                counts.begin() + static_cast<ptrdiff_t>(first[j + 1]));
    for (double& count : own) count = std::max(count, kLeastCount);
    const double total = std::accumulate(own.begin(), own.end(), 0.0);
    for (double& count : own) count = std::log(count / total);
  }
  NamedTensors parameters;
  parameters.emplace("independent/params", vector_of(counts));
  return parameters;
}

NamedTensors fit(const FitRequest& request) {
  const ColumnFamily family = all_likelihoods().find(request.setup.model.likelihood).columns;
  return family == ColumnFamily::kNone ? fit_levels(request) : fit_columns(request, family);
}

uint64_t fit_bytes(const ModelSetup& setup, int64_t) {
  constexpr uint64_t kMoments = 6;  // vectors of doubles as wide as an item
  uint64_t doubles = kMoments * static_cast<uint64_t>(setup.data.num_values());
  if (all_likelihoods().find(setup.model.likelihood).columns == ColumnFamily::kNone) {
    const std::vector<Levels> levels = levels_of(setup.data);
    for (int64_t j = 0; j < setup.data.num_values(); ++j) {
      doubles += static_cast<uint64_t>(levels_at(levels, static_cast<size_t>(j)).count) + 1;
    }
  }
  return doubles * sizeof(double);
}

}  // namespace

ModelDef models::independent() {
  return {.name = "independent",
          .summary = "values that do not depend on each other: the least a density has to beat",
          .help =
              "as the first line of a comparison: a model that is not better has learned nothing "
              "of how values go together",
          .source = "Bishop2006",
          .make = make,
          .fit = fit,
          .fit_bytes = fit_bytes,
          .likelihoods = {"bernoulli", "gaussian", "continuous_bernoulli", "categorical"},
          .takes_latent_dim = false,
          .defaults = {{"model.sigma", "per_dimension"}}};
}

}  // namespace isthmus
