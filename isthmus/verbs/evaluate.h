// SPDX-License-Identifier: Apache-2.0
// What a model is worth on a data set: the bound and its parts, the importance-weighted bound,
// image errors, active units. An item's score depends on the item, its index and the seed alone,
// never on its batch, the number of threads or anything that happened in training.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "isthmus/data/dataset.h"
#include "isthmus/model_file/terms.h"
#include "isthmus/verbs/session.h"

namespace isthmus {

struct EvalOptions {
  int64_t samples = 1;               // posterior draws per item
  int64_t iwae = 0;                  // K of the importance-weighted bound; 0: none
  std::vector<std::string> metrics;  // by name; empty: all that apply
  std::optional<int64_t> limit;      // first N items
  int64_t drawn = 10000;             // samples that metrics of samples are measured on
  std::vector<std::string> require;  // "elbo>-250"

  static constexpr auto fields() {
    using O = EvalOptions;
    return std::tuple{
        field(&O::samples, "samples", between(1, 100000), "Posterior draws per item."),
        field(&O::iwae, "iwae", between(0, 1000000),
              "Also the importance-weighted bound with K samples per item.", {.metavar = "K"}),
        field(
            &O::metrics, "metrics", any_value(),
            "Metrics by name (isthmus help metrics); if empty, all that need no samples. Name fid "
            "or recall to judge samples, prior_hole_auroc to see whether a sampler would help.",
            {.metavar = "A,B"}),
        field(&O::drawn, "drawn", between(10, 10000000),
              "Samples for metrics of samples, and most items that they are held against. The same "
              "number for all models that are compared.",
              {.level = OptionLevel::kRare}),
        field(&O::limit, "limit", at_least(1), "Only the first N items.", {.metavar = "N"}),
        field(&O::require, "require", any_value(),
              "Condition such as \"elbo>-250\"; exit 7 when it is not met.")};
  }
};

struct BoundResult {
  int64_t k = 0;
  double value = kUnknown;              // nats per item, higher is better
  double standard_error = kUnknown;     // over items
  double effective_samples = kUnknown;  // mean of (sum w)^2 / sum w^2
};

struct NamedMetric {
  std::string name;
  double value = 0;
  std::string unit;
  std::string better;  // "higher" "lower"
  std::optional<double> standard_error;
  std::string of = {};    // what it was measured with, where that is not the data alone
  std::string note = {};  // what belongs to this number: "k 3"
};

struct RequireResult {
  std::string expression;
  double value = kUnknown;
  bool met = false;
};

/// The fields of isthmus.eval/1.
struct EvalResult {
  int64_t n = 0;
  Terms terms;  // objective unknown
  int64_t samples = 1;
  /// Mean of log p(x) and its standard error, in models with an exact density.
  double log_likelihood = kUnknown, log_likelihood_se = kUnknown;
  std::vector<double> kl_per_dim;  // (Z); empty where the kl does not factorise
  int64_t active_units = -1;
  bool normalized = false;
  std::string density_of;       // whose density the elbo is: see density_of()
  double log_scale = kUnknown;  // what makes it that of the data in their own units
  double elbo_in_data_units() const { return terms.elbo + log_scale; }
  double data_floor = kUnknown;  // least possible reconstruction term, where it is known
  std::optional<BoundResult> iwae;
  double bits_per_dim = kUnknown;  // only for a mass on the stored levels
  std::vector<NamedMetric> metrics;
  double metric(std::string_view name) const;  // kUnknown for one that was not measured
  std::vector<RequireResult> require;
  bool gate_met() const;
  double seconds = 0;
};

/// What metrics of samples are measured with beside the data: see JudgeSettings.
struct JudgeSources {
  Session* extractor = nullptr;
  const Dataset* train = nullptr;
};

/// Errors: those of judge(); E3501 data that do not fit the model; E2003 unknown metric or
/// condition; E2202 a bound asked of a model without a posterior.
EvalResult evaluate(Session& session, const Dataset& data, const EvalOptions& options,
                    const VerbSettings& settings, const JudgeSources& sources = {});

/// Per-item terms, in order of items (score, tests): (N) each; kl empty without a posterior,
/// log_prob without an exact density.
struct ItemTerms {
  std::vector<double> reconstruction, kl, log_prob, loss;
};
ItemTerms item_terms(Session& session, const Dataset& data, int64_t samples,
                     const VerbSettings& settings);

}  // namespace isthmus
