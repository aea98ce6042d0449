// SPDX-License-Identifier: Apache-2.0
// isthmus datasets: which known sets are here, and how to get the others.
#include "isthmus/base/text.h"
#include "isthmus/cli/command.h"
#include "isthmus/cli/known_data.h"
#include "isthmus/verbs/json_results.h"

namespace isthmus {
namespace {

struct DatasetsOptions {
  std::vector<std::string> search_path = DataOptions{}.search_path;
  static constexpr auto fields() {
    return std::tuple{field(&DatasetsOptions::search_path, "data.search_path", any_value(),
                            "Folders of known data sets.")};
  }
};

int run_datasets(CommandIo& io, const DatasetsOptions& o) {
  io.console.lines_are_the_result();
  for (const KnownSet& set : known_sets()) {
    const auto folder = folder_of(io.fs(), set, o.search_path);
    io.console.result(pad_right(set.name, 15) + (folder ? " installed   " : " missing     ") +
                      std::string(set.summary));
    io.console.result(pad_right("", 29) +
                      (folder ? escape_for_terminal(*folder) : std::string(set.install)));
  }
  io.print_json(
      result_object("isthmus.datasets/1").set("datasets", known_sets_json(io.fs(), o.search_path)));
  return 0;
}

}  // namespace

CommandDef commands::datasets() {
  return {.name = "datasets",
          .summary = "Known data sets: which are installed, how to install the others.",
          .examples = {"isthmus datasets"},
          .make = command_with(run_datasets)};
}

}  // namespace isthmus
