// SPDX-License-Identifier: Apache-2.0
#include "isthmus/train/run_pictures.h"

#include <algorithm>

#include "isthmus/models/inference.h"
#include "isthmus/verbs/pictures.h"

namespace isthmus {
namespace {

constexpr int64_t kGridSide = 10, kReconstructions = 50, kReconstructionColumns = 5;

}  // namespace

MemoryBudget budget_of_run(int64_t batch_size) {
  if (batch_size == 0) return {};
  return {.most_rows = batch_size};
}

void write_run_pictures(const Model& model, const RunSetup& setup, RunFolder& folder,
                        const std::string& prefix) {
  if (!has_pictures(model.spec())) return;
  const MemoryBudget budget = budget_of_run(setup.batch_size);
  if (model.abilities().samples) {
    Session session(model, *setup.device, budget);
    folder.write(prefix + "samples.png", samples_picture(session, kGridSide, kGridSide, 0));
  }
  if (!model.abilities().codes) return;
  Session session(model, *setup.device, budget);
  folder.write(prefix + "reconstructions.png",
               reconstructions_picture(session, setup.data.shown_items(kReconstructions),
                                       kReconstructions, kReconstructionColumns));
}

uint64_t bytes_of_run_pictures(const RunSetup& setup, int64_t batch_size) {
  const ModelSetup& model = setup.model;
  if (!has_pictures(model.data)) return 0;
  const int64_t values = model.data.num_values();
  const int64_t rows = std::min(plan_rows(values), budget_of_run(batch_size).most_rows);
  const auto bytes = [&](const Graph& graph) {
    return setup.device->estimate(graph, {.max_rows = rows});
  };
  const Abilities has = abilities_of(model);
  uint64_t most = has.codes ? bytes(reconstruct_graph(model, Draw::kNone)) : 0;
  if (has.draws_at_once) {
    most = std::max(most, bytes(draw_graph(model)));
  } else if (has.samples) {
    const uint64_t prior = has.standard_prior ? 0 : bytes(prior_graph(model));
    most = std::max(most, prior + bytes(decode_graph(model, Draw::kNone)));
  }
  // The items, and as they are displayed.
  constexpr int64_t kShown = std::max(kGridSide * kGridSide, 2 * kReconstructions);
  return most + 2 * sizeof(float) * static_cast<uint64_t>(kShown * values);
}

}  // namespace isthmus
