// SPDX-License-Identifier: Apache-2.0
// Gives the rows of a run to the definition, and measures what comes back.
#include "isthmus/train/fit_run.h"

#include <memory>

#include "isthmus/base/version.h"
#include "isthmus/data/labels.h"
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

/// Goes over the training items a batch at a time; the order, the batches and with them the bits of
/// a sum are always the same.
ItemPass pass_over(std::shared_ptr<GraphRunner> runner, std::vector<std::string> outputs,
                   const TrainData& data, TrainObserver& observer) {
  return [=, &data, &observer](const NamedTensors& parameters, uint32_t pass) {
    runner->set_parameters(parameters);
    Sums sums;
    const std::span<const int64_t> rows = data.train_rows;
    for (size_t first = 0; first < rows.size();) {
      if (observer.stop_requested() == StopRequest::kStop) throw Stopped{};
      const auto batch = rows.subspan(
          first, std::min(rows.size() - first, static_cast<size_t>(runner->batch_size())));
      runner->run(batch, pass);
      for (const std::string& name : outputs) {
        const Tensor value = runner->executor().once(name);
        std::vector<double>& sum = sums[name];
        sum.resize(static_cast<size_t>(value.num_values()));
        const std::span<const float> terms = value.values<float>();
        for (size_t i = 0; i < sum.size(); ++i) sum[i] += static_cast<double>(terms[i]);
      }
      first += batch.size();
    }
    return sums;
  };
}

std::function<ItemPass(const Graph&)> passes(const RunSetup& setup, TrainObserver& observer) {
  return [&setup, &observer](const Graph& graph) {
    auto runner = std::make_shared<GraphRunner>(
        *setup.device, graph,
        RunnerSettings{.seed = setup.options().run.seed,
                       .purpose = "fit",
                       .values_per_row = setup.model.data.num_values()});
    runner->bind(setup.data.fed(), setup.model.data);
    std::vector<std::string> outputs;
    for (const auto& [name, node] : graph.outputs()) outputs.push_back(name);
    return pass_over(std::move(runner), std::move(outputs), setup.data, observer);
  };
}

/// Of the training items, as places among the classes of the model.
std::vector<int32_t> labels_of(const TrainData& data, const DataSpec& spec) {
  std::vector<int32_t> labels;
  if (spec.classes.empty()) return labels;
  const std::vector<int32_t> all = labels_among(data.train, spec.classes);
  for (const int64_t row : data.train_rows) labels.push_back(all[static_cast<size_t>(row)]);
  return labels;
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
        scaled_rows(data.fed(), data.train_rows, data.num_train(), setup.model.data);
    const ModelDef& def = all_models().find(setup.model.model.name);
    const std::vector<int32_t> labels = labels_of(data, setup.model.data);
    run.model.parameters = def.fit({.setup = setup.model,
                                    .rows = stoppable(rows, observer),
                                    .labels = labels,
                                    .seed = seed,
                                    .prepare = passes(setup, observer),
                                    .report = &run.report},
                                   setup.model.own);
    for (const FitReport::Decided& d : run.report.decided) {
      run.model.setup.own.texts[d.key] = d.value;
    }
  } catch (const Stopped&) {
    return std::nullopt;
  }
  GraphRunner graph =
      evaluation_runner(run.model.setup, *setup.device, VerbSettings{.noise = "validation"});
  graph.set_parameters(run.model.parameters);
  TermsRunner runner(graph, run.model.setup);
  run.train = terms_of(runner, data.train, data.train_rows);
  if (data.num_val() > 0) run.val = terms_of(runner, data.val_data(), data.val_rows);
  if (setup.has.elbo) run.active_units = runner.active_units();
  run.model.provenance = {.version = std::string(kVersion),
                          .data = run_name_from_data(data.train.source),
                          .data_fingerprint = data.fingerprint,
                          .num_items = data.num_train(),
                          .seed = seed,
                          .terms = run.val.value_or(run.train)};
  return run;
}

}  // namespace isthmus
