// SPDX-License-Identifier: Apache-2.0
// isthmus interpolate MODEL DATA -o FILE: rows of items between pairs of items.
#include "isthmus/cli/command.h"
#include "isthmus/cli/model_use.h"
#include "isthmus/cli/outputs.h"
#include "isthmus/verbs/infer.h"
#include "isthmus/verbs/json_results.h"

namespace isthmus {
namespace {

std::vector<std::string> path_words() { return {"linear", "spherical"}; }

struct InterpolateOptions {
  OutputOptions output;
  std::vector<std::string> pairs = {"0:1", "2:3"};
  int64_t steps = 10;
  std::string path = "linear";
  DataOptions data;
  static constexpr auto fields() {
    using O = InterpolateOptions;
    return std::tuple{
        nested(&O::output, "output", "Where to write."),
        field(&O::pairs, "interpolate.pairs", any_value(), "Numbers of the items, from 0.",
              {.metavar = "0:1,2:3"}),
        field(&O::steps, "interpolate.steps", between(2, 100000), "Items per row, ends included."),
        field(&O::path, "interpolate.path", one_of(path_words), "Way through the latent space."),
        nested(&O::data, "data", "Input.")};
  }
};

int run_interpolate(CommandIo& io, const InterpolateOptions& o) {
  const Output output = require_output(io, o.output, {"png", "npy", "csv", "jsonl", "folder"});
  const InterpolateSettings settings{.pairs = parse_pairs(o.pairs),
                                     .steps = o.steps,
                                     .path = parse_latent_path(o.path),
                                     .verb = io.verb_settings()};
  const Model model = open_model(io, io.arguments[0]);
  require_pictures(output, model.spec());
  const OpenedData opened = open_model_data(io, model, o.data);
  const uint64_t held = require_output_memory(
      io, output, std::ssize(settings.pairs) * settings.steps, model.spec().num_values(),
      opened.data.values.num_bytes(), "write fewer items (--steps, --pairs)");
  const auto device = io.open_device();
  Session session(model, *device, io.memory_beside(held));
  const Tensor items = interpolate(session, opened.data, settings);
  write_items(io, output, items, model.spec(), settings.steps);
  io.print_wrote("");
  io.print_json(interpolate_json(settings, model, data_json(opened.data, opened.source),
                                 device_json(device->info(), Precision::kF32)));
  return 0;
}

}  // namespace

CommandDef commands::interpolate() {
  return {.name = "interpolate",
          .summary = "Rows of items between pairs of items.",
          .arguments = {"MODEL", "DATA..."},
          .examples = {"isthmus interpolate runs/demo fashion-mnist --pairs 0:1,2:3 -o rows.png"},
          .make = command_with(run_interpolate)};
}

}  // namespace isthmus
