// SPDX-License-Identifier: Apache-2.0
// Metrics: numbers about a model made of arrays, one file per metric. A metric never sees a model;
// it streams, and the order of the batches does not matter (up to the last bits of double sums).
//
//   auto psnr = all_metrics().find("psnr").make({.item_shape = {28, 28}});
//   psnr->add_batch({.rows = 512, .originals = x, .reconstructions = y});
//   MetricResult r = psnr->finish();
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "isthmus/base/registry.h"
#include "isthmus/tensor/data_spec.h"

namespace isthmus {

/// Arrays a metric asks for, so that a verb computes only what is needed.
enum class Need : uint8_t { kReconstruction, kPosteriorMean };
enum class Better : uint8_t { kHigher, kLower };

/// What a metric knows before the first batch.
struct MetricSetup {
  Shape item_shape = {};     // (H, W), (H, W, C), (D)
  int64_t latent_dim = 0;    // Z
  double dynamic_range = 1;  // largest less smallest possible value: dynamic_range() of the data
};

/// Arrays of one batch, dense and row-major; only those of `needs` are filled.
struct MetricBatch {
  int64_t rows = 0;                             // B
  std::span<const float> originals = {};        // (B, D), as the model sees them
  std::span<const float> reconstructions = {};  // (B, D), likelihood mean at the posterior mean
  std::span<const float> posterior_means = {};  // (B, Z)
};

struct MetricResult {
  double value = 0;
  std::optional<double> standard_error = {};  // over items, where the metric is a mean over items
};

class Metric {
 public:
  virtual ~Metric() = default;
  virtual void add_batch(const MetricBatch& batch) = 0;
  virtual MetricResult finish() const = 0;
};

struct MetricDef {
  std::string_view name = {};
  std::string_view summary = {};
  std::string_view unit = {};  // "dB", "latents", "" for pure numbers
  Better better = Better::kLower;
  std::string_view source = {};  // key in docs/references.bib
  std::vector<Need> needs = {};
  /// False where the metric has no meaning: ssim of a table, psnr of standardized values.
  bool (*applies)(const DataSpec& spec) = nullptr;
  std::unique_ptr<Metric> (*make)(const MetricSetup& setup) = nullptr;
};

namespace metrics {
#define ISTHMUS_ENTRY(name) MetricDef name();
#include "isthmus/builtin_metrics.inc"
#undef ISTHMUS_ENTRY
}  // namespace metrics

/// All metrics in the order of the list in CMakeLists.txt.
const Registry<MetricDef>& all_metrics();

/// Sum, mean and standard error of per-item values, in double.
class ItemMean {
 public:
  void add(double value) {
    ++count_;
    const double delta = value - mean_;
    mean_ += delta / static_cast<double>(count_);
    squares_ += delta * (value - mean_);
  }
  int64_t count() const { return count_; }
  double mean() const { return mean_; }
  /// Standard deviation / sqrt(n); NaN, unknown, for fewer than two items.
  double standard_error() const;

 private:
  int64_t count_ = 0;
  double mean_ = 0;
  double squares_ = 0;
};

/// Mean and variance of columns, Welford in double.
class ColumnMoments {
 public:
  explicit ColumnMoments(int64_t columns)
      : mean_(static_cast<size_t>(columns)), squares_(static_cast<size_t>(columns)) {}
  void add_rows(std::span<const float> rows);  // (B, columns)
  int64_t count() const { return count_; }
  const std::vector<double>& mean() const { return mean_; }
  /// Population variance of a column.
  double variance(size_t column) const;
  int64_t count_variance_above(double threshold) const;

 private:
  int64_t count_ = 0;
  std::vector<double> mean_, squares_;
};

}  // namespace isthmus
