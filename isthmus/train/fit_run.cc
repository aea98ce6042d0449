// SPDX-License-Identifier: Apache-2.0
// Gives the rows of a run to the definition, and measures what comes back.
#include "isthmus/train/fit_run.h"

#include "isthmus/base/version.h"
#include "isthmus/train/reference.h"
#include "isthmus/train/run_folder.h"
#include "isthmus/verbs/item_terms.h"

namespace isthmus {
namespace {

struct Stopped {};

/// Rows that end the fit from inside when a stop is asked for.
RowSource stoppable(RowSource rows, TrainObserver& observer) {
  rows.read = [read = std::move(rows.read), &observer](int64_t first, int64_t count,
                                                       std::span<float> out) {
    if (observer.stop_requested() == StopRequest::kStop) throw Stopped{};
    read(first, count, out);
  };
  return rows;
}

Terms terms_of(TermsRunner& runner, const Dataset& data, std::span<const int64_t> rows) {
  runner.bind(data);
  return mean_terms(runner.run(rows));
}

}  // namespace

std::optional<FittedRun> fit_run(const RunSetup& setup, TrainObserver& observer) {
  const TrainData& data = setup.data;
  const uint64_t seed = setup.options().run.seed;
  FittedRun run;
  run.model.setup = setup.model;
  try {
    const RowSource rows =
        scaled_rows(data.train, data.train_rows, data.num_train(), setup.model.data);
    const ModelDef& def = all_models().find(setup.model.model.name);
    run.model.parameters = def.fit(
        {.setup = setup.model, .rows = stoppable(rows, observer), .seed = seed}, setup.model.own);
  } catch (const Stopped&) {
    return std::nullopt;
  }
  GraphRunner graph =
      evaluation_runner(setup.model, *setup.device, VerbSettings{.noise = "validation"});
  graph.set_parameters(run.model.parameters);
  TermsRunner runner(graph, setup.model);
  run.train = terms_of(runner, data.train, data.train_rows);
  if (data.num_val() > 0) run.val = terms_of(runner, data.val_data(), data.val_rows);
  if (setup.has_elbo) run.active_units = runner.active_units();
  run.model.provenance = {.version = std::string(kVersion),
                          .data = run_name_from_data(data.train.source),
                          .data_fingerprint = data.fingerprint,
                          .num_items = data.num_train(),
                          .seed = seed,
                          .terms = run.val.value_or(run.train)};
  return run;
}

}  // namespace isthmus
