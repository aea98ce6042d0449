// SPDX-License-Identifier: Apache-2.0
// isthmus sample MODEL -n 100 -o FILE: new items from draws of the prior.
#include "isthmus/base/log.h"
#include "isthmus/cli/command.h"
#include "isthmus/cli/model_use.h"
#include "isthmus/cli/outputs.h"
#include "isthmus/verbs/fit_data.h"
#include "isthmus/verbs/infer.h"
#include "isthmus/verbs/json_results.h"

namespace isthmus {
namespace {

std::vector<std::string> sample_quantities() { return {"auto", "mean", "sample"}; }

std::vector<std::string> sampler_choices() { return {"auto", "prior"}; }

/// A table of means is too narrow and too correlated; a picture of draws is noisy in every pixel.
Quantity quantity_of(const std::string& word, const DataSpec& spec) {
  if (word != "auto") return parse_quantity(word);
  return spec.kind == DataKind::kTable ? Quantity::kSample : Quantity::kMean;
}

struct SampleOptions {
  OutputOptions output;
  int64_t n = 100;
  double temperature = 1;
  std::string quantity = "auto";
  int64_t columns = 10;
  std::string class_name = "none";
  std::vector<std::string> given;
  std::string sampler = "auto";
  static constexpr auto fields() {
    using O = SampleOptions;
    return std::tuple{
        nested(&O::output, "output", "Where to write."),
        field(&O::n, "sample.n", between(1, 100000000), "How many.",
              {.flag = "-n", .alias = "--n"}),
        field(&O::temperature, "sample.temperature", greater_than(0),
              "Standard deviation of the draws of the prior."),
        field(&O::quantity, "sample.quantity", one_of(sample_quantities),
              "A draw from the likelihood or the expected item; auto draws rows of tables, which "
              "then "
              "vary as the data do, and takes the means of images and arrays. Choose mean for one "
              "typical row per code, sample to see the noise that the model assumes."),
        field(&O::columns, "sample.columns", between(1, 10000), "Columns of a grid of pictures."),
        field(&O::class_name, "sample.class", any_value(),
              "Only items of this class, by name or number, from a model trained with --condition "
              "label; none: the classes in turn.",
              {.metavar = "CLASS"}),
        field(&O::given, "sample.given", any_value(),
              "Values of the columns that are the condition of the model; none: their means.",
              {.metavar = "COLUMN=VALUE"}),
        field(&O::sampler, "sample.sampler", one_of(sampler_choices),
              "Where codes come from: auto: from the sampler that was fitted to them (isthmus "
              "fit-sampler), if there is one; prior: from the model's prior all the same, to see "
              "what the sampler adds.")};
  }
};

std::vector<std::string> condition_of_options(const SampleOptions& o) {
  if (o.class_name == "none") return o.given;
  if (o.given.empty()) return {o.class_name};
  throw Error(ErrorCode::kConflict, "--class and --given both say the condition",
              "leave one of them out", {.key = "sample.class"});
}

int run_sample(CommandIo& io, const SampleOptions& o) {
  const Output output = require_output(io, o.output, {"png", "npy", "csv", "jsonl", "folder"});
  const Model model = open_model(io, io.arguments[0]);
  require_pictures(output, model.spec());
  const uint64_t held = require_output_memory(io, output, o.n, model.spec().num_values(), 0,
                                              "write fewer items (-n)");
  const auto device = io.open_device();
  Session session(model, *device, io.memory_beside(held));
  const SampleSettings settings{.count = o.n,
                                .temperature = o.temperature,
                                .prior = o.sampler == "prior",
                                .quantity = quantity_of(o.quantity, model.spec()),
                                .given = condition_of_options(o),
                                .verb = io.verb_settings()};
  for (const DataWarning& w : warnings_of_given(model.spec().condition, settings.given)) {
    log_warning(w.code, w.text, w.hint);
  }
  const Tensor items = sample(session, settings);
  write_items(io, output, items, model.spec(), o.columns);
  io.print_wrote("");
  io.print_json(sample_json(settings, model, device_json(device->info(), Precision::kF32)));
  return 0;
}

}  // namespace

CommandDef commands::sample() {
  return {.name = "sample",
          .summary = "New items from a model.",
          .arguments = {"MODEL"},
          .examples = {"isthmus sample runs/demo -n 100 -o more.png",
                       "isthmus sample runs/sales -n 5000 -o new.csv"},
          .note =
              "Writes a grid (.png), arrays (.npy), a table with the columns of the data "
              "(.csv, .jsonl) or a folder of PNGs (folder/). Rows of tables are draws, images are "
              "means, unless --quantity says otherwise.",
          .make = command_with(run_sample)};
}

}  // namespace isthmus
