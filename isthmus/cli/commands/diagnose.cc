// SPDX-License-Identifier: Apache-2.0
// isthmus diagnose RUN: what is wrong with a trained model, and what helps.
#include "isthmus/verbs/diagnose.h"

#include "isthmus/base/text.h"
#include "isthmus/cli/command.h"
#include "isthmus/cli/model_use.h"
#include "isthmus/report/run_files.h"
#include "isthmus/train/train_data.h"
#include "isthmus/verbs/fit_data.h"
#include "isthmus/verbs/json_results.h"

namespace isthmus {
namespace {

struct DiagnoseOptions {
  int64_t items = 2000;
  DataOptions data;
  static constexpr auto fields() {
    using O = DiagnoseOptions;
    return std::tuple{
        field(&O::items, "diagnose.items", between(40, 1000000),
              "Most items to measure on. More make rare copies and small gaps visible, and take "
              "longer: all pairs are compared.",
              {.level = OptionLevel::kRare}),
        nested(&O::data, "data", "Input: where DATA is given.")};
  }
};

/// The data of a run as it divided them.
struct RunData {
  Dataset train, held_out;
};

/// From the records of the run: its DATA, and the options that read and divide them.
RunData data_of_run(CommandIo& io, const std::string& run) {
  if (!io.fs().stat(join_path(run, "run.json"))) {
    throw Error(ErrorCode::kMissingArgument, "this is no run folder, so DATA has to be given",
                "isthmus diagnose MODEL DATA", {.file = run});
  }
  const RunFiles files = read_run(io.fs(), run);
  TrainOptions options;
  options.machine = io.use.machine;
  options.limits = io.limits();
  if (const Json* choices = member(files.run, "choices")) {
    for (const Json& choice : choices->as_array()) {
      const std::string key = text_at(choice, "key");
      if (key.starts_with("data.") || key == "run.seed") {
        set_option(options, key, text_at(choice, "value"));
      }
    }
  }
  std::vector<std::string> arguments;
  std::string source = text_at(files.run, "data.train.source");
  for (size_t at = source.find(", "); at != std::string::npos; at = source.find(", ")) {
    arguments.push_back(source.substr(0, at));
    source.erase(0, at + 2);
  }
  arguments.push_back(source);
  try {
    const TrainData data = open_train_data(io.fs(), arguments, nullptr, options);
    return {select_rows(data.train, data.train_rows),
            data.num_val() > 0 ? select_rows(data.val_data(), data.val_rows)
                               : select_rows(data.train, data.train_rows)};
  } catch (Error& error) {
    if (error.code() != ErrorCode::kFileMissing) throw;
    throw Error(error.code(), error.message(),
                "the data of the run are not there any more: isthmus diagnose RUN DATA",
                error.where());
  }
}

Json findings_json(const std::vector<Finding>& findings) {
  Json list = Json::array();
  for (const Finding& f : findings) {
    list.push_back(Json::object()
                       .set("name", f.name)
                       .set("warning", f.warning)
                       .set("value", Json::finite_or_null(f.value))
                       .set("text", f.text)
                       .set("remedy", f.remedy));
  }
  return list;
}

int run_diagnose(CommandIo& io, const DiagnoseOptions& o) {
  io.console.lines_are_the_result();
  const Model model = open_model(io, io.arguments[0]);
  std::optional<Dataset> train, held_out;
  if (io.arguments.size() > 1) {
    held_out = open_model_data(io, model, o.data).data;
  } else {
    RunData data = data_of_run(io, io.arguments[0]);
    train = std::move(data.train);
    held_out = std::move(data.held_out);
  }
  const auto device = io.open_device();
  Session session(model, *device, io.memory_beside(held_out->values.num_bytes()));
  const DiagnosisFacts facts = measure_facts(
      session, *held_out,
      {.train = train ? &*train : nullptr, .most_items = o.items, .verb = io.verb_settings()});
  const std::vector<Finding> findings = diagnose(facts);
  for (const Finding& f : findings) {
    io.console.result(f.warning ? "warning" : "note", f.text);
    io.console.result("", f.remedy);
  }
  if (findings.empty()) io.console.result("healthy", "none of the known faults was found");
  io.print_json(result_object("isthmus.diagnose/1")
                    .set("model", model_json(model))
                    .set("data", data_json(*held_out, held_out->source))
                    .set("device", device_json(device->info(), Precision::kF32))
                    .set("findings", findings_json(findings)));
  return 0;
}

}  // namespace

CommandDef commands::diagnose() {
  return {.name = "diagnose",
          .summary = "What is wrong with a trained model, and what helps.",
          .arguments = {"MODEL", "[DATA...]"},
          .examples = {"isthmus diagnose runs/demo", "isthmus diagnose runs/demo test.csv"},
          .note =
              "Measured on the items that a run held out, or on DATA: a code that says nothing, "
              "draws that miss the codes, copies of training items, overfitting, outputs and "
              "sigmas at their ends. Copies and overfitting need the training items: leave DATA "
              "out.",
          .make = command_with(run_diagnose)};
}

}  // namespace isthmus
