// SPDX-License-Identifier: Apache-2.0
// isthmus decode MODEL FILE -o FILE: items from latents, as encode writes them.
#include <algorithm>
#include <numeric>

#include "isthmus/cli/command.h"
#include "isthmus/cli/model_use.h"
#include "isthmus/cli/outputs.h"
#include "isthmus/data/formats.h"
#include "isthmus/data/narrow.h"
#include "isthmus/verbs/infer.h"
#include "isthmus/verbs/json_results.h"

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
              "The expected item, or a draw from the likelihood; choose sample when the codes are "
              "draws "
              "themselves and the items should vary as the data do."),
        field(&O::columns, "decode.columns", between(1, 10000), "Columns of a grid of pictures.")};
  }
};

/// Where the values of code j stand among the columns of the file: by name where the columns have
/// names, in order where they have none.
std::vector<size_t> places_of_codes(const Dataset& file, int64_t latent_dim) {
  std::vector<std::string> present;
  for (const FieldSpec& field : file.spec.fields) present.push_back(field.name);
  const std::vector<std::string> wanted = code_columns(latent_dim, Quantity::kMean);
  std::vector<size_t> places(static_cast<size_t>(file.spec.num_values()));
  std::iota(places.begin(), places.end(), size_t{0});
  const bool named = file.spec.kind == DataKind::kTable &&
                     present != numbered_names(static_cast<int64_t>(present.size()));
  if (!named) return places;
  const auto refuse = [&](const std::string& message, const std::string& name) {
    throw Error(ErrorCode::kDataMismatch, message,
                "the columns of this model's codes are " + wanted.front() + " to " + wanted.back() +
                    ", as isthmus encode writes them; a table without a header is taken in order",
                {.field = name});
  };
  for (const std::string& name : present) {
    if (std::find(wanted.begin(), wanted.end(), name) == wanted.end()) {
      refuse("the column \"" + name + "\" is no code of this model", name);
    }
  }
  places.clear();
  for (const std::string& name : wanted) {
    const auto at = std::find(present.begin(), present.end(), name);
    if (at == present.end()) refuse("the column \"" + name + "\" is missing", name);
    places.push_back(static_cast<size_t>(at - present.begin()));
  }
  return places;
}

/// A file of codes; its remedies name no option of DATA, which decode does not have.
Dataset open_codes(Fs& fs, const std::string& path, const Limits& limits) {
  try {
    return open_dataset(fs, path, DataOptions{}, limits, "test");
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kOutOfMemory) throw;
    throw Error(error.code(), error.message(), "decode fewer codes, or raise --memory",
                error.where());
  }
}

/// (N, Z) float32 from a CSV, NPY or IDX file.
Tensor read_latents(Fs& fs, const std::string& path, int64_t latent_dim, const Limits& limits) {
  const Dataset file = open_codes(fs, path, limits);
  const int64_t width = file.spec.num_values();
  const Tensor values = widened(file.values, file.spec.narrowing);
  try {
    const std::vector<size_t> places = places_of_codes(file, latent_dim);
    Tensor z(Dtype::kF32, {file.num_items(), static_cast<int64_t>(places.size())});
    const std::span<const double> from = values.values<double>();
    const std::span<float> to = z.values<float>();
    for (size_t i = 0; i < to.size(); ++i) {
      const size_t at = i / places.size() * static_cast<size_t>(width) + places[i % places.size()];
      to[i] = static_cast<float>(from[at]);
    }
    return z;
  } catch (Error& error) {
    error.in_file(path);
    throw;
  }
}

int run_decode(CommandIo& io, const DecodeOptions& o) {
  const Output output = require_output(io, o.output, {"png", "npy", "csv", "jsonl", "folder"});
  const Model model = open_model(io, io.arguments[0]);
  require_pictures(output, model.spec());
  const Tensor z = read_latents(io.fs(), io.arguments[1], model.latent_dim(), io.limits());
  const uint64_t held = require_output_memory(io, output, z.shape()[0], model.spec().num_values(),
                                              z.num_bytes(), "decode fewer codes");
  const auto device = io.open_device();
  Session session(model, *device, io.memory_beside(held));
  const Quantity quantity = parse_quantity(o.quantity);
  const Tensor items = decode(session, z, quantity, io.verb_settings());
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
