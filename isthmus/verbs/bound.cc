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

GraphRunner& chunk_runner(Session& session, const Dataset& fitted, int64_t samples,
                          const VerbSettings& settings) {
  const DataSpec& spec = session.model().spec();
  GraphRunner& runner = session.runner(
      "importance of " + std::to_string(samples), "eval/iwae", settings,
      [samples](const ModelSetup& setup) { return importance_graph(setup, samples); },
      samples * spec.num_values());
  runner.bind(fitted, spec);
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

BoundResult importance_bound(Session& session, const Dataset& fitted, int64_t num_items, int64_t k,
                             const VerbSettings& settings) {
  const int64_t chunks = k / kChunk, rest = k % kChunk;
  GraphRunner* full = chunks > 0 ? &chunk_runner(session, fitted, kChunk, settings) : nullptr;
  GraphRunner* last = rest > 0 ? &chunk_runner(session, fitted, rest, settings) : nullptr;
  int64_t batch = INT64_MAX;
  for (const GraphRunner* runner : {full, last}) {
    if (runner != nullptr) batch = std::min(batch, runner->batch_size());
  }
  const auto note = [&](int64_t samples) {
    note_work("importance-weighted bound", static_cast<uint64_t>(samples),
              static_cast<uint64_t>(num_items * k));
  };
  ItemMean bound, effective;
  for (int64_t first = 0; first < num_items; first += batch) {
    const int64_t rows = std::min(batch, num_items - first);
    std::vector<LogMeanWeight> items(static_cast<size_t>(rows));
    for (int64_t c = 0; c < chunks; ++c) {
      full->run(first, rows, static_cast<uint32_t>(c));
      add_weights(*full, items, rows);
      note(first * k + rows * kChunk * (c + 1));
    }
    if (last != nullptr) {
      last->run(first, rows, static_cast<uint32_t>(chunks));
      add_weights(*last, items, rows);
      note((first + rows) * k);
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
