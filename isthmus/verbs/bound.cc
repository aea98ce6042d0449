// SPDX-License-Identifier: Apache-2.0
// Runs the importance graph in chunks of samples over batches of items and joins the log-weights in
// double. Weights are made of densities in the graph; nothing here knows a distribution.
#include "isthmus/verbs/bound.h"

#include <vector>

#include "isthmus/base/work.h"
#include "isthmus/metrics/metric.h"
#include "isthmus/models/inference.h"
#include "isthmus/verbs/graph_runner.h"

namespace isthmus {
namespace {

constexpr int64_t kChunk = 50;  // samples of one run: a fixed number, because it names the noise

GraphRunner chunk_runner(const Model& model, const Dataset& fitted, Device& device, int64_t samples,
                         const VerbSettings& settings) {
  GraphRunner runner(device, importance_graph(model.setup, samples),
                     {.seed = settings.seed,
                      .purpose = "eval/iwae",
                      .values_per_row = samples * model.spec().num_values(),
                      .batch_size = settings.batch_size,
                      .precision = settings.precision});
  runner.set_parameters(model.parameters);
  runner.bind(fitted, model.spec());
  return runner;
}

void add_weights(const GraphRunner& runner, std::vector<LogMeanWeight>& items, int64_t rows) {
  const std::span<const float> log_weights = runner.executor().rows("log_w");
  const size_t samples = log_weights.size() / static_cast<size_t>(rows);
  for (size_t r = 0; r < static_cast<size_t>(rows); ++r) {
    for (size_t s = 0; s < samples; ++s) items[r].add(log_weights[r * samples + s]);
  }
}

}  // namespace

BoundResult importance_bound(const Model& model, const Dataset& fitted, int64_t num_items,
                             Device& device, int64_t k, const VerbSettings& settings) {
  const int64_t chunks = k / kChunk, rest = k % kChunk;
  std::optional<GraphRunner> full, last;
  if (chunks > 0) full.emplace(chunk_runner(model, fitted, device, kChunk, settings));
  if (rest > 0) last.emplace(chunk_runner(model, fitted, device, rest, settings));
  const int64_t batch = full ? full->batch_size() : last->batch_size();
  ItemMean bound, effective;
  for (int64_t first = 0; first < num_items; first += batch) {
    const int64_t rows = std::min(batch, num_items - first);
    std::vector<LogMeanWeight> items(static_cast<size_t>(rows));
    for (int64_t c = 0; c < chunks; ++c) {
      full->run(first, rows, static_cast<uint32_t>(c));
      add_weights(*full, items, rows);
      note_work("importance-weighted bound", static_cast<uint64_t>(first * chunks + rows * (c + 1)),
                static_cast<uint64_t>(num_items * chunks));
    }
    if (last) {
      last->run(first, rows, static_cast<uint32_t>(chunks));
      add_weights(*last, items, rows);
    }
    for (const LogMeanWeight& item : items) {
      bound.add(item.value());
      effective.add(item.effective_samples());
    }
  }
  return {.k = k,
          .value = bound.mean(),
          .standard_error = bound.standard_error(),
          .effective_samples = effective.mean()};
}

}  // namespace isthmus
