// SPDX-License-Identifier: Apache-2.0
// Paths between two latents, and the words that name them. Both ends are hit exactly, whatever the
// arithmetic in between does.
#include <algorithm>
#include <cmath>

#include "isthmus/base/options.h"
#include "isthmus/verbs/infer.h"

namespace isthmus {
namespace {

double norm(std::span<const float> v) {
  double sum = 0;
  for (float x : v) sum += static_cast<double>(x) * x;
  return std::sqrt(sum);
}

/// Weights of the two unit directions on the great circle.
std::pair<double, double> arc_weights(double cosine, double share) {
  const double angle = std::acos(std::clamp(cosine, -1.0, 1.0));
  return {std::sin((1 - share) * angle) / std::sin(angle),
          std::sin(share * angle) / std::sin(angle)};
}

}  // namespace

LatentPath parse_latent_path(const std::string& word) {
  if (word == "linear") return LatentPath::kLinear;
  if (word == "spherical") return LatentPath::kSpherical;
  throw Error(ErrorCode::kBadValue, "path = \"" + word + "\" is not known",
              "one of linear, spherical", {.key = "path"});
}

Quantity parse_quantity(const std::string& word) {
  if (word == "mean") return Quantity::kMean;
  if (word == "sample") return Quantity::kSample;
  if (word == "mean_and_log_var" || word == "mean-and-log-var") return Quantity::kMeanAndLogVar;
  throw Error(ErrorCode::kBadValue, "quantity = \"" + word + "\" is not known",
              "one of mean, sample, mean_and_log_var", {.key = "quantity"});
}

std::string_view quantity_name(Quantity quantity) {
  if (quantity == Quantity::kMean) return "mean";
  return quantity == Quantity::kSample ? "sample" : "mean_and_log_var";
}

std::vector<std::string> code_columns(int64_t latent_dim, Quantity quantity) {
  std::vector<std::string> names;
  const bool both = quantity == Quantity::kMeanAndLogVar;
  for (int64_t i = 0; i < latent_dim; ++i) {
    names.push_back((both ? "mean_" : "z") + std::to_string(i));
  }
  for (int64_t i = 0; both && i < latent_dim; ++i) names.push_back("log_var_" + std::to_string(i));
  return names;
}

std::vector<std::pair<int64_t, int64_t>> parse_pairs(const std::vector<std::string>& texts) {
  std::vector<std::pair<int64_t, int64_t>> pairs;
  for (const std::string& text : texts) {
    const size_t colon = text.find(':');
    if (colon == std::string::npos) {
      throw Error(ErrorCode::kBadValue, "pairs = \"" + text + "\" is not a pair of items",
                  "two item numbers from 0, such as 0:1", {.key = "pairs"});
    }
    std::pair<int64_t, int64_t> pair;
    parse_value("pairs", text.substr(0, colon), at_least(0), pair.first);
    parse_value("pairs", text.substr(colon + 1), at_least(0), pair.second);
    pairs.push_back(pair);
  }
  return pairs;
}

void latent_point(std::span<const float> a, std::span<const float> b, LatentPath path, double share,
                  std::span<float> out) {
  if (share <= 0 || share >= 1) {
    std::copy_n((share <= 0 ? a : b).begin(), out.size(), out.begin());
    return;
  }
  double weight_a = 1 - share, weight_b = share;
  const double norm_a = norm(a), norm_b = norm(b);
  if (path == LatentPath::kSpherical && norm_a > 0 && norm_b > 0) {
    double dot = 0;
    for (size_t i = 0; i < a.size(); ++i) dot += static_cast<double>(a[i]) * b[i];
    const double cosine = dot / (norm_a * norm_b);
    // Nearly parallel or opposite directions define no circle.
    if (std::fabs(cosine) < 0.9999) {
      const auto [arc_a, arc_b] = arc_weights(cosine, share);
      const double length = (1 - share) * norm_a + share * norm_b;
      weight_a = arc_a * length / norm_a;
      weight_b = arc_b * length / norm_b;
    }
  }
  for (size_t i = 0; i < out.size(); ++i) {
    out[i] = static_cast<float>(weight_a * a[i] + weight_b * b[i]);
  }
}

}  // namespace isthmus
