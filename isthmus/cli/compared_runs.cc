// SPDX-License-Identifier: Apache-2.0
#include "isthmus/cli/compared_runs.h"

#include "isthmus/base/text.h"
#include "isthmus/cli/progress.h"
#include "isthmus/data/known_sets.h"
#include "isthmus/train/run_setup.h"
#include "isthmus/verbs/json_results.h"

namespace isthmus {
namespace {

/// Progress, warnings and requests to stop; what was chosen stands in each run's own folder.
class BriefObserver final : public TrainObserver {
 public:
  explicit BriefObserver(Console& console) : inner_(console) {}
  void on_progress(const Progress& progress) override { inner_.on_progress(progress); }
  void on_event(const TrainEvent& event) override { inner_.on_event(event); }
  StopRequest stop_requested() override { return inner_.stop_requested(); }
  void finish_stop(int64_t step) { inner_.finish_stop(step); }

 private:
  ConsoleObserver inner_;
};

}  // namespace

std::optional<Dataset> test_data(const CommandIo& io, const std::string& test,
                                 const DataOptions& options) {
  if (test != "auto") return open_dataset(io.fs(), test, options, io.limits(), "test");
  if (io.arguments.size() != 1 || find_known_set(io.arguments.front()) == nullptr) return {};
  return open_dataset(io.fs(), io.arguments.front(), options, io.limits(), "test");
}

std::string folder_of(CommandIo& io, const std::string& out, const std::string& word,
                      const Dataset& data) {
  if (out != "auto") return out;
  const std::string name = "runs/" + word + "-" + run_name_from_data(data.source);
  std::string path = name;
  for (int number = 2; io.fs().stat(path); ++number) path = name + "-" + std::to_string(number);
  return path;
}

std::optional<double> trained(CommandIo& io, const PlannedModel& model) {
  io.console.info("train", model.name + ": " + model.run);
  BriefObserver observer(io.console);
  const TrainResult result = train(model.request, observer);
  observer.finish_stop(result.steps);
  if (result.status == "stopped") return std::nullopt;
  return result.seconds;
}

ComparedModel measure_run(CommandIo& io, const PlannedModel& planned, double seconds,
                          const Dataset& data, Device& device, const EvalOptions& options) {
  Session session(load_model(planned.run, io.fs(), io.limits()), device,
                  io.memory_beside(data.values.num_bytes()));
  const Model& model = session.model();
  return {.name = planned.name,
          .summary = describe_model(model.setup),
          .run = planned.run,
          .parameters = model.num_parameters(),
          .seconds = seconds,
          .measure = std::string(measure_name(model.measure())),
          .eval = evaluate(session, data, options, io.verb_settings())};
}

void write_comparison(CommandIo& io, const Comparison& comparison, const std::string& folder,
                      const ComparisonFiles& files) {
  std::string shown = escape_for_terminal(folder) + "/  ";  // before the first
  const auto write = [&](const char* file, std::span<const std::byte> bytes, const char* kind) {
    const std::string path = join_path(folder, file);
    io.fs().make_folders(folder);
    io.fs().write_file(path, bytes, Durability::kRename);
    io.note_written(shown + file, wrote_json(path, kind, extension(path), {}, "", bytes.size()));
    shown.clear();
  };
  if (!comparison.picture.empty()) write(files.picture, comparison.picture, "picture");
  const std::string page = comparison_html(comparison);
  write(files.page, std::as_bytes(std::span(page)), "record");
}

}  // namespace isthmus
