// SPDX-License-Identifier: Apache-2.0
// From the components of metrics/ (double, row by row) to the parameters of a model (float32).
#include "isthmus/models/components.h"

#include <algorithm>

#include "isthmus/base/text.h"
#include "isthmus/metrics/principal_directions.h"
#include "isthmus/models/coder.h"

namespace isthmus {
namespace {

constexpr double kNoVariance = 1e-12;  // of the largest: what rounding leaves of a direction

}  // namespace

Pca principal_components(const FitRequest& request, double sigma_floor) {
  const int64_t wanted = latent_dim(request.setup);
  Pca found(request.rows, {.components = wanted, .sigma_floor = sigma_floor});
  const std::vector<double>& variances = found.variances();
  const int64_t rank = std::ranges::count_if(
      variances, [&](double v) { return v > kNoVariance * variances.front(); });
  if (rank == 0) {
    throw Error(ErrorCode::kImpossible,
                "the " + group_digits(request.rows.count) + " training items are all alike",
                "principal components need items that differ", {.key = "model.name"});
  }
  if (rank < wanted) {
    throw Error(ErrorCode::kBadValue,
                "--latent " + std::to_string(wanted) + ": the " + group_digits(request.rows.count) +
                    " training items of " + group_digits(request.rows.width) + " values vary in " +
                    std::to_string(rank) + (rank == 1 ? " direction only" : " directions only"),
                "at most --latent " + std::to_string(rank) + " for these data",
                {.key = "model.latent_dim"});
  }
  return found;
}

uint64_t principal_components_bytes(const ModelSetup& setup, int64_t num_items) {
  return principal_directions_bytes(num_items, setup.data.num_values(), latent_dim(setup));
}

Tensor columns_of(const Pca& components, std::span<const double> factors) {
  const size_t d = components.mean().size(), z = factors.size();
  Tensor columns(Dtype::kF32, {static_cast<int64_t>(d), static_cast<int64_t>(z)});
  const std::span<float> out = columns.values<float>();
  for (size_t i = 0; i < z; ++i) {
    for (size_t j = 0; j < d; ++j) {
      out[j * z + i] = static_cast<float>(components.directions()[i * d + j] * factors[i]);
    }
  }
  return columns;
}

Tensor vector_of(std::span<const double> values) {
  Tensor vector(Dtype::kF32, {static_cast<int64_t>(values.size())});
  std::ranges::transform(values, vector.values<float>().begin(),
                         [](double v) { return static_cast<float>(v); });
  return vector;
}

void require_no_condition(const ModelSetup& setup) {
  if (setup.data.condition.width() == 0) return;
  throw Error(ErrorCode::kConflict, "data.condition has no effect on " + setup.model.name,
              "leave it out, or take a model that reads it: --model vae",
              {.key = "data.condition"});
}

void require_fixed_sigma(const ModelSetup& setup) {
  const std::string sigma = read_own<SigmaOptions>(setup.own).sigma;
  if (sigma != "learned" && sigma != "per_dimension" && sigma != "optimal") return;
  throw Error(ErrorCode::kConflict,
              "model.sigma " + sigma + " has no effect on " + setup.model.name +
                  ", which minimises the squared error",
              "give a number, or take --model ppca, whose sigma is fitted", {.key = "model.sigma"});
}

int64_t num_classes(const ModelSetup& setup) {
  const std::vector<std::string>& classes = setup.data.classes;
  if (classes.size() > 1) return static_cast<int64_t>(classes.size());
  throw Error(ErrorCode::kImpossible,
              classes.empty()
                  ? "model " + setup.model.name + " knows no class"
                  : "all training items are of one class, " + escape_for_terminal(classes.front()) +
                        ": there is nothing to tell apart",
              "take items of two classes at least, or a model without classes",
              {.key = "data.labels"});
}

}  // namespace isthmus
