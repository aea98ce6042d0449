// SPDX-License-Identifier: Apache-2.0
// Terms per item from the evaluation graph: what `evaluate` and the validation during training
// share, so that both mean the same numbers.
#pragma once

#include <span>
#include <vector>

#include "isthmus/metrics/metric.h"
#include "isthmus/verbs/evaluate.h"
#include "isthmus/verbs/graph_runner.h"

namespace isthmus {

/// The evaluation graph of a session, or of a model that is still in training: its caller sets the
/// parameters.
GraphRunner& evaluation_runner(Session& session, const VerbSettings& settings);
GraphRunner evaluation_runner(const ModelSetup& setup, Device& device,
                              const VerbSettings& settings);

class TermsRunner {
 public:
  /// `runner`, of the evaluation graph, outlives this.
  TermsRunner(GraphRunner& runner, const ModelSetup& setup);

  GraphRunner& runner() { return runner_; }
  void bind(const Dataset& data) { runner_.bind(data, spec_); }

  /// Items 0 .. count - 1 with `samples` posterior draws each.
  ItemTerms run(int64_t count, int64_t samples);
  /// These rows of the bound values, one draw each.
  ItemTerms run(std::span<const int64_t> items);

  /// Of the last run; only where the graph has an output of that name.
  const std::vector<double>& kl_per_dim() const { return kl_per_dim_.mean(); }
  int64_t active_units() const;  // -1: unknown, of a single item

 private:
  void add_batch(ItemTerms& terms, int64_t rows);
  void add_draw(ItemTerms& terms, int64_t first);
  GraphRunner& runner_;
  DataSpec spec_;
  Abilities has_;
  int64_t latent_dim_;
  ColumnMoments kl_per_dim_, posterior_mean_;
};

/// Mean and standard error over items.
Terms mean_terms(const ItemTerms& items);

/// The least value that the reconstruction term can take on the first `count` items: 0 for a mass
/// on the stored levels, of a score what the likelihood says of each value, unknown for densities.
double data_floor(const Model& model, const Dataset& data, int64_t count);

}  // namespace isthmus
