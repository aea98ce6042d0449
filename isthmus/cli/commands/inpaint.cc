// SPDX-License-Identifier: Apache-2.0
// isthmus inpaint MODEL DATA --mask F -o FILE: missing values filled in; with --truth the error
// stands beside that of the mean.
#include "isthmus/verbs/inpaint.h"

#include <algorithm>
#include <cmath>

#include "isthmus/base/text.h"
#include "isthmus/cli/command.h"
#include "isthmus/cli/mixing.h"
#include "isthmus/cli/model_use.h"
#include "isthmus/cli/outputs.h"
#include "isthmus/data/scaling.h"
#include "isthmus/verbs/denoise.h"
#include "isthmus/verbs/fit_data.h"
#include "isthmus/verbs/infer.h"
#include "isthmus/verbs/json_results.h"
#include "isthmus/verbs/pictures.h"
#include "isthmus/verbs/stored_values.h"

namespace isthmus {
namespace {

std::vector<std::string> fill_words() { return {"mean", "sample"}; }

struct InpaintOptions {
  OutputOptions output;
  std::string mask = "none";
  std::optional<int64_t> n;
  int64_t grid_columns = 10;
  std::string quantity = "mean";
  std::string deviation = "none";
  int64_t steps = CompletionSettings{}.steps;
  int64_t draws = CompletionSettings{}.draws;
  bool pseudo_gibbs = false;
  std::string truth = "none";
  std::string means = "none";
  DataOptions data;
  static constexpr auto fields() {
    using O = InpaintOptions;
    return std::tuple{
        nested(&O::output, "output", "Where to write."),
        field(
            &O::mask, "inpaint.mask", any_value(),
            "File of 1 (known) and 0 (missing): npy, png (white is known), idx or csv, of the "
            "shape of an item for all of them, or with one mask for each; columns that it "
            "names are found by name. Values that are not there (empty cells, NaN) are missing in "
            "any case; none: they alone.",
            {.metavar = "FILE"}),
        field(&O::n, "inpaint.n", at_least(1),
              "First N items; none: those that a picture shows, else all.",
              {.flag = "-n", .alias = "--n"}),
        field(&O::grid_columns, "inpaint.grid_columns", between(1, 10000),
              "Items in a picture. Its rows: the truth if it is given, the items as they came, the "
              "filled ones, up to three draws, the standard deviation (white is half of the "
              "range)."),
        field(&O::quantity, "inpaint.quantity", one_of(fill_words),
              "Into the missing places: their expected values, or all draws, item after item. "
              "Choose sample to hand the uncertainty on."),
        field(&O::deviation, "inpaint.deviation", any_value(),
              "Also write the standard deviation of each value, 0 where known: .npy or .csv.",
              {.metavar = "FILE"}),
        field(&O::steps, "inpaint.steps", between(1, kMostSteps),
              "Steps of a chain, of which the second half counts. Raise it when R-hat is above 1.2 "
              "for many items, or when twice as many give another result."),
        field(&O::draws, "inpaint.draws", between(1, kMostDraws),
              "Chains of each item, each of which gives one draw. Raise it for a smoother "
              "deviation, or to 100 for 90 % intervals; lower it for many items in little time."),
        field(&O::pseudo_gibbs, "inpaint.pseudo_gibbs", any_value(),
              "Take every proposal of the encoder and make no other moves. It is biased wherever "
              "the encoder is not exact; set it to see by how much."),
        field(&O::truth, "inpaint.truth", any_value(),
              "The same items whole, such as DATA itself: tells the error on the missing values.",
              {.metavar = "DATA"}),
        field(&O::means, "inpaint.means", any_value(),
              "Whole DATA, such as those of training, whose mean of each value is the naive fill "
              "and what the encoder first sees; none: the means in the model file, one for each "
              "column "
              "of a table and one for all pixels. Set it for images.",
              {.metavar = "DATA"}),
        nested(&O::data, "data", "Input.")};
  }
};

/// The items of one call.
struct Items {
  OpenedData opened;
  Dataset fitted = {};
  Tensor values = {}, truth = {};
  std::optional<Mask> mask = {};
  std::vector<float> fill = {};
};

/// Other DATA for the same model on its scale.
Tensor more_values(CommandIo& io, const Model& model, const DataOptions& given,
                   const std::string& name, std::string_view split,
                   std::optional<int64_t> count = {}) {
  DataOptions options = given;
  options.model = model.spec();
  const Dataset data = open_dataset(io.fs(), name, options, io.limits(), split);
  const int64_t all = data.num_items();
  if (count && all < *count) {
    throw Error(ErrorCode::kSizesDisagree,
                group_digits(all) + " items, but " + group_digits(*count) + " are to be compared",
                "give the same items whole, in the same order", {.file = name});
  }
  const int64_t used = count.value_or(all);
  io.require_memory(checked_product(std::vector<int64_t>{used, model.spec().num_values()}) * 4 +
                        data.values.num_bytes(),
                    escape_for_terminal(name), "give fewer with --limit");
  try {
    return model_values(model, data, 0, used);
  } catch (Error& error) {
    error.in_file(name);
    throw;
  }
}

std::vector<float> naive_fill(CommandIo& io, const Model& model, const InpaintOptions& o) {
  if (o.means == "none") return training_means(model.spec());
  const Tensor values = more_values(io, model, o.data, o.means, "train");
  const std::vector<double> means = column_facts(item_rows(values)).mean;
  return {means.begin(), means.end()};
}

/// The mask that was given, and what was not there.
Mask mask_of(CommandIo& io, const Model& model, const InpaintOptions& o, const Dataset& fitted,
             const ItemCounts& counts) {
  std::optional<Mask> given;
  if (o.mask != "none") given = read_mask(io.fs(), o.mask, model.spec(), counts, io.limits());
  Mask mask = with_absent(given, fitted, counts.used);
  if (mask.num_missing(counts.used) == 0) {
    throw Error(ErrorCode::kMissingArgument, "nothing is missing: a mask is needed: --mask FILE",
                "1 where a value is known, 0 where it is missing; without one, empty cells and NaN "
                "are missing",
                {.key = "inpaint.mask"});
  }
  return mask;
}

Items read_items(CommandIo& io, const Model& model, const InpaintOptions& o, const Output& output) {
  DataOptions with_holes = o.data;
  with_holes.holes = true;
  Items items{.opened = open_model_data(io, model, with_holes)};
  const int64_t all = items.opened.data.num_items();
  const int64_t count = std::min(all, o.n.value_or(output.format == "png" ? o.grid_columns : all));
  require_output_memory(io, output, count * (o.quantity == "sample" ? o.draws : 1),
                        model.spec().num_values(), items.opened.data.values.num_bytes(),
                        fewer_results(o.quantity));
  require_draws_memory(io, model, count, o.draws);
  items.fitted = fit_to_model(first_items(items.opened.data, count), model.setup);
  items.mask = mask_of(io, model, o, items.fitted, {.all = all, .used = count});
  items.values = apply_scaling(items.fitted.values, memory_scaling(items.fitted, model.spec()));
  if (o.truth != "none") items.truth = more_values(io, model, o.data, o.truth, "test", count);
  items.fill = naive_fill(io, model, o);
  return items;
}

void print_comparison(CommandIo& io, const InpaintComparison& c) {
  const std::string means = c.fitted_to == "none"
                                ? " (means in the model)"
                                : " (means of " + escape_for_terminal(c.fitted_to) + ")";
  print_fills(io,
              {{.name = "naive", .mse = c.naive.mse, .psnr = c.naive.psnr, .note = means},
               {.name = "filled", .mse = c.filled.mse, .psnr = c.filled.psnr}},
              c.coverage, "missing values");
}

/// For the eye: the middle of the range in missing places, and deviations up to half of the range.
Bytes picture(const Items& items, const Completion& result, int64_t chains, const DataSpec& spec,
              int64_t columns) {
  const ValueRange range = scaled_range(spec);
  const auto low = static_cast<float>(range.low), high = static_cast<float>(range.high);
  const std::vector<float> middle(items.fill.size(), (low + high) / 2);
  const Tensor masked = filled_with(items.values, *items.mask, middle);
  const Tensor deviation = shown_deviation(result.deviation, spec);
  std::vector<Tensor> draws;
  for (int64_t d = 0; d < std::min(kShownDraws, chains); ++d) {
    draws.push_back(draw_of_each(result.draws, chains, d));
  }
  std::vector<const Tensor*> rows = {&masked, &result.mean};
  for (const Tensor& draw : draws) rows.push_back(&draw);
  rows.push_back(&deviation);
  if (items.truth.num_values() > 0) rows.insert(rows.begin(), &items.truth);
  return rows_picture(rows, spec, std::min(columns, items.values.shape()[0]));
}

void write_result(CommandIo& io, const Output& output, const InpaintOptions& o, const Model& model,
                  const Items& items, const Completion& result) {
  const DataSpec& spec = model.spec();
  const Tensor& chosen = o.quantity == "sample" ? result.draws : result.mean;
  if (output.format == "png") {
    write_picture(io, output, picture(items, result, o.draws, spec, o.grid_columns));
  } else if (output.format == "folder") {
    write_items(io, output, chosen, spec, o.grid_columns);
  } else {
    write_stored(io, output, with_known(stored_values(chosen, spec), items.fitted, *items.mask),
                 spec);
  }
}

InpaintComparison compare(const Model& model, const InpaintOptions& o, const Items& items,
                          const Completion& result) {
  const Tensor naive = filled_with(items.values, *items.mask, items.fill);
  return {.truth = o.truth,
          .naive = missing_error(model.spec(), items.truth, naive, *items.mask),
          .filled = missing_error(model.spec(), items.truth, result.mean, *items.mask),
          .fitted_to = o.means,
          .coverage = interval_coverage(items.truth, result.draws, *items.mask)};
}

std::optional<Output> deviation_output(const CommandIo& io, const InpaintOptions& o,
                                       const Output& output) {
  if (o.deviation == "none") return std::nullopt;
  if (o.deviation == output.path) {
    throw Error(ErrorCode::kConflict, "-o and --deviation name the same file",
                "give each a name of its own", {.key = "inpaint.deviation"});
  }
  return require_output(io, {.path = o.deviation}, {"npy", "csv"});
}

int run_inpaint(CommandIo& io, const InpaintOptions& o) {
  const Output output = require_output(io, o.output, {"png", "npy", "csv", "jsonl", "folder"});
  const std::optional<Output> deviation = deviation_output(io, o, output);
  const Model model = open_model(io, io.arguments[0]);
  require_pictures(output, model.spec());
  const Items items = read_items(io, model, o, output);
  const auto device = io.open_device();
  Session session(
      model, *device,
      io.memory_beside(items.opened.data.values.num_bytes() + 4 * items.values.num_bytes()));
  const CompletionSettings settings = {.steps = o.steps,
                                       .draws = o.draws,
                                       .pseudo_gibbs = o.pseudo_gibbs,
                                       .verb = io.verb_settings()};
  const Completion result =
      inpaint(session, items.values, items.fitted.context, *items.mask, items.fill, settings);
  const int64_t count = items.values.shape()[0];
  const InpaintRun run = {.n = count,
                          .missing = items.mask->num_missing(count),
                          .settings = settings,
                          .mixing = result.mixing};
  io.console.result("missing", group_digits(run.missing) + " of " +
                                   group_digits(items.values.num_values()) + " values of " +
                                   group_digits(count) + " items");
  print_mixing(io, model, settings, result.mixing, count);
  std::optional<InpaintComparison> comparison;
  if (o.truth != "none") {
    comparison = compare(model, o, items, result);
    print_comparison(io, *comparison);
  }
  write_result(io, output, o, model, items, result);
  if (deviation) write_deviation(io, *deviation, result.deviation, model.spec());
  io.print_wrote("");
  io.print_json(inpaint_json(run, comparison ? &*comparison : nullptr, model,
                             data_json(items.opened.data, items.opened.source),
                             device_json(device->info(), Precision::kF32)));
  return 0;
}

}  // namespace

CommandDef commands::inpaint() {
  return {
      .name = "inpaint",
      .summary = "Missing values filled in.",
      .arguments = {"MODEL", "DATA..."},
      .examples = {"isthmus inpaint runs/vae photos.npy --mask mask.npy -o filled.png",
                   "isthmus inpaint runs/vae a.csv --mask mask.csv --draws 20 -o filled.csv"},
      .common = {"output.path", "inpaint.mask", "inpaint.truth", "inpaint.steps", "inpaint.draws"},
      .make = command_with(run_inpaint)};
}

}  // namespace isthmus
