// SPDX-License-Identifier: Apache-2.0
// Opens models and data for commands and says what was opened.
#include "isthmus/cli/model_use.h"

#include <numeric>

#include "isthmus/base/log.h"
#include "isthmus/base/text.h"
#include "isthmus/train/run_setup.h"
#include "isthmus/train/train_data.h"
#include "isthmus/verbs/fit_data.h"

namespace isthmus {

Model open_model(CommandIo& io, const std::string& path) {
  Model model = load_model(path, io.fs(), io.limits());
  io.console.info("model", escape_for_terminal(model.path) + ": " + describe_model(model.setup) +
                               ", " + group_digits(model.num_parameters()) + " parameters");
  return model;
}

OpenedData open_model_data(CommandIo& io, const Model& model, const DataOptions& options,
                           DataSupport support) {
  const std::vector<std::string> arguments(io.arguments.begin() + 1, io.arguments.end());
  refuse_run_folders(io.fs(), arguments);
  DataOptions for_model = options;
  for_model.model = model.spec();
  OpenedData opened{open_datasets(io.fs(), arguments, for_model, io.limits(), "test"),
                    join(arguments, ", ")};
  const Dataset& data = opened.data;
  const std::string split = data.split.empty() ? "" : " " + data.split;
  io.console.info("data", escape_for_terminal(data.source) + ": " + group_digits(data.num_items()) +
                              split + ", " + describe_item(data.spec) + ", " +
                              std::string(dtype_name(data.spec.dtype)) +
                              (data.note.empty() ? "" : " (" + data.note + ")"));
  try {
    if (support == DataSupport::kAny) {
      conform(data, model.spec());
      return opened;
    }
    const Dataset fitted = fit_to_model(data, model.setup);
    if (!model.spec().binarize.empty() && !data.spec.binary()) {
      io.console.info("drawn", "to black and white, each value once, with seed " +
                                   std::to_string(model.spec().binarize_seed));
    }
    for (const DataWarning& w : warnings_of(data.spec, fitted.spec, model.setup)) {
      log_warning(w.code, w.text, w.hint);
    }
  } catch (Error& error) {
    error.in_file(opened.source);
    throw;
  }
  return opened;
}

Dataset first_items(const Dataset& data, int64_t count) {
  std::vector<int64_t> rows(static_cast<size_t>(count));
  std::iota(rows.begin(), rows.end(), int64_t{0});
  return select_rows(data, rows);
}

void print_device(CommandIo& io, const Device& device) {
  const DeviceInfo& info = device.info();
  io.console.info("device", info.kind + ", " + std::to_string(info.threads) +
                                (info.threads == 1 ? " thread, " : " threads, ") +
                                info.instruction_set + ", fp32");
}

}  // namespace isthmus
