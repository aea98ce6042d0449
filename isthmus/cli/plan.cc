// SPDX-License-Identifier: Apache-2.0
#include "isthmus/cli/plan.h"

#include "isthmus/base/text.h"
#include "isthmus/checkpoint/generations.h"
#include "isthmus/cli/model_use.h"
#include "isthmus/models/inference.h"
#include "isthmus/train/run_folder.h"
#include "isthmus/train/run_setup.h"
#include "isthmus/train/step_graph.h"
#include "isthmus/verbs/graph_runner.h"
#include "isthmus/verbs/json_results.h"

namespace isthmus {
namespace {

/// A checkpoint that is passed over is said.
class TellWarnings final : public TrainObserver {
 public:
  explicit TellWarnings(Console& console) : console_(console) {}
  void on_event(const TrainEvent& event) override {
    console_.warning(event.code, event.text, event.hint);
  }

 private:
  Console& console_;
};

struct Planned {
  Model model;
  std::string graph;  // "training step" "evaluation"
  StoredStep step;
};

Planned planned_of(CommandIo& io, const std::string& path) {
  const auto info = io.fs().stat(path);
  if (info && info->is_folder) {
    const auto folder = io.fs().open_folder(path);
    refuse_foreign_entries(*folder, path);
    if (!list_checkpoints(*folder, path).empty()) {
      TellWarnings observer(io.console);
      ResumePoint point = load_resume_point(*folder, path, io.limits(), observer);
      StoredStep step = stored_step(point);
      return {std::move(point.model), "training step", std::move(step)};
    }
  }
  Model model = load_model(path, io.fs(), io.limits());
  Graph graph = evaluation_graph(model.setup);
  const CompileOptions options{.max_rows = plan_rows(model.spec().num_values())};
  return {std::move(model), "evaluation", {std::move(graph), options}};
}

Json lines_json(const std::vector<std::string>& lines) {
  Json list = Json::array();
  for (const std::string& line : lines) list.push_back(line);
  return list;
}

Json kernels_json(const Executor& executor) {
  std::map<OperationKernel, int64_t> counts;
  for (const OperationKernel& kernel : executor.kernels()) ++counts[kernel];
  Json list = Json::array();
  for (const auto& [kernel, count] : counts) {
    list.push_back(Json::object()
                       .set("operation", kernel.operation)
                       .set("kernel", kernel.kernel)
                       .set("count", count));
  }
  return list;
}

}  // namespace

void print_program_of(CommandIo& io, const std::string& path) {
  const Planned planned = planned_of(io, path);
  const CompileOptions& options = planned.step.options;
  const auto device = io.open_device();
  const auto executor = device->compile(planned.step.graph, options);
  std::vector<std::string> lines = split(executor->plan_text(), '\n');
  if (!lines.empty() && lines.back().empty()) lines.pop_back();
  io.console.result("plan", planned.graph + " of " + escape_for_terminal(path) + ": " +
                                describe_model(planned.model.setup));
  for (const std::string& line : lines) io.console.result(line);
  io.print_json(result_object("isthmus.plan/1")
                    .set("model", model_json(planned.model))
                    .set("device", device_json(device->info(), options.precision))
                    .set("graph", planned.graph)
                    .set("max_rows", options.max_rows)
                    .set("lines", lines_json(lines))
                    .set("kernels", kernels_json(*executor))
                    .set("interpreted", lines_json(executor->warnings())));
}

}  // namespace isthmus
