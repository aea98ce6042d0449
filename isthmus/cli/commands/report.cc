// SPDX-License-Identifier: Apache-2.0
// isthmus report RUN: builds the page of a run again from its files.
#include "isthmus/report/report.h"

#include "isthmus/cli/command.h"
#include "isthmus/verbs/json_results.h"

namespace isthmus {
namespace {

struct ReportOptions {
  std::string path = "none";
  static constexpr auto fields() {
    return std::tuple{field(&ReportOptions::path, "report.path", any_value(),
                            "Output; none: report.html in the run folder.",
                            {.flag = "-o", .alias = "--out", .metavar = "FILE"})};
  }
};

int run_report(CommandIo& io, const ReportOptions& o) {
  const std::string& run = io.arguments[0];
  const auto info = io.fs().stat(run);
  const std::unique_ptr<Fs> folder = info && info->is_folder ? io.fs().open_folder(run) : nullptr;
  if (!folder || !folder->stat(join_path(run, "run.json"))) {
    throw Error(ErrorCode::kFileMissing, "there is no run.json: this is no run folder",
                "give the folder that train has printed", {.file = run});
  }
  if (o.path == "-") io.take_stdout();
  const std::string page = report_html(*folder, run);
  const bool own = o.path == "none";
  const std::string path = own ? join_path(run, "report.html") : o.path;
  if (!own && io.fs().stat(path) && !io.edge.force) {
    throw Error(ErrorCode::kOutputExists, "the output exists already", {}, {.file = path});
  }
  io.write(path, std::as_bytes(std::span(page)),
           wrote_json(path, "report", "html", {}, "", page.size()), own ? *folder : io.fs());
  io.print_wrote("");
  io.print_json(result_object("isthmus.report/1"));
  return 0;
}

}  // namespace

CommandDef commands::report() {
  return {.name = "report",
          .summary = "Builds report.html of a run again.",
          .arguments = {"RUN"},
          .examples = {"isthmus report runs/demo"},
          .make = command_with(run_report)};
}

}  // namespace isthmus
