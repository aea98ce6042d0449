// SPDX-License-Identifier: Apache-2.0
// isthmus encode MODEL DATA -o FILE: latents of items.
#include "isthmus/cli/command.h"
#include "isthmus/cli/model_use.h"
#include "isthmus/cli/outputs.h"
#include "isthmus/verbs/infer.h"
#include "isthmus/verbs/json_results.h"

namespace isthmus {
namespace {

std::vector<std::string> encoder_quantities() { return {"mean", "sample", "mean_and_log_var"}; }

struct EncodeOptions {
  NumbersOutputOptions output;
  std::string quantity = "mean";
  DataOptions data;
  static constexpr auto fields() {
    using O = EncodeOptions;
    return std::tuple{nested(&O::output, "output", "Where to write."),
                      field(&O::quantity, "encode.quantity", one_of(encoder_quantities),
                            "What of the posterior: its mean, a draw, or mean and log variance."),
                      nested(&O::data, "data", "Input.")};
  }
};

int run_encode(CommandIo& io, const EncodeOptions& o) {
  const Output output = require_output(io, o.output, {"npy", "csv", "jsonl"});
  const Model model = open_model(io, io.arguments[0]);
  const OpenedData opened = open_model_data(io, model, o.data);
  const Quantity quantity = parse_quantity(o.quantity);
  const auto columns = code_columns(model.latent_dim(), quantity);
  const uint64_t held =
      require_output_memory(io, output, opened.data.num_items(), std::ssize(columns),
                            opened.data.values.num_bytes(), "encode fewer items (--limit)");
  const auto device = io.open_device();
  Session session(model, *device, io.memory_beside(held));
  const Tensor codes = encode(session, opened.data, quantity, io.verb_settings());
  write_table(io, output, codes, columns);
  io.print_wrote("");
  io.print_json(encode_json(codes, quantity, model, data_json(opened.data, opened.source),
                            device_json(device->info(), Precision::kF32)));
  return 0;
}

}  // namespace

CommandDef commands::encode() {
  return {.name = "encode",
          .summary = "Latents of items.",
          .arguments = {"MODEL", "DATA..."},
          .examples = {"isthmus encode runs/demo fashion-mnist -o z.npy"},
          .make = command_with(run_encode)};
}

}  // namespace isthmus
