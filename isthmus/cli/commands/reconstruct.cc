// SPDX-License-Identifier: Apache-2.0
// isthmus reconstruct MODEL DATA -o FILE: items through the model and back, beside the originals.
#include <algorithm>

#include "isthmus/base/text.h"
#include "isthmus/cli/command.h"
#include "isthmus/cli/model_use.h"
#include "isthmus/cli/outputs.h"
#include "isthmus/verbs/infer.h"
#include "isthmus/verbs/json_results.h"
#include "isthmus/verbs/pictures.h"
#include "isthmus/verbs/stored_values.h"

namespace isthmus {
namespace {

constexpr int64_t kShown = 50;

std::vector<std::string> decoder_quantities() { return {"mean", "sample"}; }

struct ReconstructOptions {
  OutputOptions output;
  std::optional<int64_t> n;
  int64_t grid_columns = 5;
  std::string quantity = "mean";
  DataOptions data;
  static constexpr auto fields() {
    using O = ReconstructOptions;
    return std::tuple{
        nested(&O::output, "output", "Where to write."),
        field(&O::n, "reconstruct.n", at_least(1),
              "First N items; none: 50 in a picture of pairs, all in a folder or in a file of "
              "numbers.",
              {.flag = "-n", .alias = "--n"}),
        field(&O::grid_columns, "reconstruct.grid_columns", between(1, 10000),
              "Columns of originals in a picture; as many of reconstructions beside them."),
        field(&O::quantity, "reconstruct.quantity", one_of(decoder_quantities),
              "The expected item, or a draw from the likelihood."),
        nested(&O::data, "data", "Input.")};
  }
};

Json layout_of(const Output& output, int64_t count, int64_t columns) {
  if (output.format != "png") return Json();
  const int64_t rows = (count + columns - 1) / columns;
  return Json::object().set("rows", rows).set("columns", 2 * columns);
}

int run_reconstruct(CommandIo& io, const ReconstructOptions& o) {
  const Output output = require_output(io, o.output, {"png", "npy", "csv", "jsonl", "folder"});
  const Model model = open_model(io, io.arguments[0]);
  require_pictures(output, model.spec());
  const OpenedData opened = open_model_data(io, model, o.data);
  const int64_t all = opened.data.num_items();
  const int64_t count = std::min(all, o.n.value_or(output.format == "png" ? kShown : all));
  const Dataset data = conform(first_items(opened.data, count), model.spec());
  const uint64_t held = require_output_memory(
      io, output, count, model.spec().num_values(),
      opened.data.values.num_bytes() + data.values.num_bytes(), "write fewer items (-n, --limit)");
  const auto device = io.open_device();
  Session session(model, *device, io.memory_beside(held));
  const Quantity quantity = parse_quantity(o.quantity);
  const Tensor items = reconstruct(session, data, quantity, io.verb_settings());
  const EvalResult errors = evaluate(session, data, {}, io.verb_settings());
  if (output.format == "png") {
    write_picture(
        io, output,
        pairs_picture(model_values(model, data, 0, count), items, model.spec(), o.grid_columns));
  } else {
    write_items(io, output, items, model.spec(), o.grid_columns);
  }
  io.console.result("errors", "reconstruction " + format_fixed(errors.terms.reconstruction, 1) +
                                  " nats per item, mean squared error " +
                                  format_fixed(errors.metric("mse"), 5));
  io.print_wrote("");
  io.print_json(reconstruct_json(errors, quantity, layout_of(output, count, o.grid_columns), model,
                                 data_json(opened.data, opened.source),
                                 device_json(device->info(), Precision::kF32)));
  return 0;
}

}  // namespace

CommandDef commands::reconstruct() {
  return {.name = "reconstruct",
          .summary = "Items beside what the model makes of them.",
          .arguments = {"MODEL", "DATA..."},
          .examples = {"isthmus reconstruct runs/demo fashion-mnist -o pairs.png"},
          .make = command_with(run_reconstruct)};
}

}  // namespace isthmus
