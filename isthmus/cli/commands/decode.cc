// SPDX-License-Identifier: Apache-2.0
// isthmus decode MODEL FILE -o FILE: items from latents, as encode writes them.
#include <algorithm>

#include "isthmus/cli/command.h"
#include "isthmus/cli/model_use.h"
#include "isthmus/cli/outputs.h"
#include "isthmus/train/infer.h"
#include "isthmus/train/json_results.h"

namespace isthmus {
namespace {

std::vector<std::string> decoder_quantities() { return {"mean", "sample"}; }

struct DecodeOptions {
  OutputOptions output;
  std::string quantity = "mean";
  int64_t columns = 10;
  static constexpr auto fields() {
    using O = DecodeOptions;
    return std::tuple{
        nested(&O::output, "output", "Where to write."),
        field(&O::quantity, "decode.quantity", one_of(decoder_quantities),
              "The expected item, or a draw from the likelihood."),
        field(&O::columns, "decode.columns", between(1, 10000), "Columns of a grid of pictures.")};
  }
};

/// (N, Z) float32 from a CSV, NPY or IDX file.
Tensor read_latents(const std::string& path, const Limits& limits) {
  const Dataset file = open_dataset(path, DataOptions{}, limits, "test");
  const Shape shape = {file.num_items(), file.spec.num_values()};
  if (file.values.dtype() == Dtype::kF32) return file.values.reshaped(shape);
  Tensor z(Dtype::kF32, shape);
  std::ranges::copy(file.values.values<uint8_t>(), z.values<float>().begin());
  return z;
}

int run_decode(CommandIo& io, const DecodeOptions& o) {
  const Output output = require_output(io, o.output, {"png", "npy", "csv", "jsonl", "folder"});
  const Model model = open_model(io, io.arguments[0]);
  require_pictures(output, model.spec());
  const Tensor z = read_latents(io.arguments[1], io.limits());
  const auto device = io.open_device();
  const Quantity quantity = parse_quantity(o.quantity);
  const Tensor items = decode(model, z, *device, quantity, io.verb_settings());
  write_items(io, output, items, model.spec(), o.columns);
  io.print_wrote("");
  io.print_json(decode_json(z, io.arguments[1], quantity, model,
                            device_json(device->info(), Precision::kF32)));
  return 0;
}

}  // namespace

CommandDef commands::decode() {
  return {.name = "decode",
          .summary = "Items from latents.",
          .arguments = {"MODEL", "FILE"},
          .examples = {"isthmus decode runs/demo z.npy -o items.png"},
          .make = command_with(run_decode)};
}

}  // namespace isthmus
