// SPDX-License-Identifier: Apache-2.0
// isthmus superresolve MODEL DATA -o FILE: larger images from averages of blocks; with --factor the
// DATA are whole and the result stands beside bicubic interpolation.
#include "isthmus/verbs/superresolve.h"

#include <algorithm>
#include <numeric>

#include "isthmus/base/text.h"
#include "isthmus/cli/command.h"
#include "isthmus/cli/mixing.h"
#include "isthmus/cli/model_use.h"
#include "isthmus/cli/outputs.h"
#include "isthmus/data/scaling.h"
#include "isthmus/verbs/fit_data.h"
#include "isthmus/verbs/infer.h"
#include "isthmus/verbs/json_results.h"
#include "isthmus/verbs/pictures.h"

namespace isthmus {
namespace {

std::vector<std::string> result_words() { return {"mean", "sample"}; }

struct SuperresolveOptions {
  OutputOptions output;
  std::optional<int64_t> factor;
  std::optional<int64_t> n;
  int64_t grid_columns = 10;
  std::string quantity = "mean";
  std::string deviation = "none";
  int64_t steps = CompletionSettings{}.steps;
  int64_t draws = CompletionSettings{}.draws;
  std::optional<double> sigma;
  DataOptions data;
  static constexpr auto fields() {
    using O = SuperresolveOptions;
    return std::tuple{
        nested(&O::output, "output", "Where to write."),
        field(&O::factor, "superresolve.factor", between(2, 1024),
              "The DATA are whole images: average blocks of N x N pixels here, and tell how well "
              "the whole ones come back. None: the DATA are the small images.",
              {.metavar = "N"}),
        field(&O::n, "superresolve.n", at_least(1),
              "First N items; none: those that a picture shows, else all.",
              {.flag = "-n", .alias = "--n"}),
        field(
            &O::grid_columns, "superresolve.grid_columns", between(1, 10000),
            "Items in a picture. Its rows: the small ones, bicubic, the model's mean, up to three "
            "draws, the standard deviation (white is half of the range), and with --factor the "
            "truth."),
        field(&O::quantity, "superresolve.quantity", one_of(result_words),
              "The mean over all chains, or all draws, item after item. Choose sample for sharper "
              "images that may be wrong."),
        field(&O::deviation, "superresolve.deviation", any_value(),
              "Also write the standard deviation of each value: .npy or .csv.",
              {.metavar = "FILE"}),
        field(&O::steps, "superresolve.steps", between(1, kMostSteps),
              "Steps of a chain, of which the second half counts. Raise it when R-hat is above 1.2 "
              "for many items, or when twice as many give another result."),
        field(&O::draws, "superresolve.draws", between(1, kMostDraws),
              "Chains of each item, each of which gives one draw. Raise it to 100 for 90 % "
              "intervals; lower it for many items in little time."),
        field(&O::sigma, "superresolve.sigma", greater_than(0),
              "Standard deviation of a pixel about the decoder's mean, on the model's scale; none: "
              "that of the likelihood. Set it for a likelihood that has none or, as bernoulli of "
              "grey values, too wide a one.",
              {.metavar = "SIGMA"}),
        nested(&O::data, "data", "Input.")};
  }
};

struct SmallImages {
  OpenedData opened;
  Dataset fitted = {};
  Tensor small = {}, truth = {};
};

int64_t shown_count(const SuperresolveOptions& o, const Output& output, int64_t all) {
  return std::min(all, o.n.value_or(output.format == "png" ? o.grid_columns : all));
}

/// The factors that these images have.
std::string factors_text(const Shape& item) {
  const int64_t most = std::gcd(item[0], item[1]);
  std::vector<std::string> factors;
  for (int64_t factor = 2; factor <= most; ++factor) {
    if (most % factor == 0) factors.push_back(std::to_string(factor));
  }
  if (!factors.empty()) return "height and width have the common divisors " + join(factors, ", ");
  return "height and width have no common divisor above 1: train a model of images of another "
         "size (--resize HxW)";
}

/// The whole images and what averaging leaves of them.
SmallImages average_here(CommandIo& io, const Model& model, const SuperresolveOptions& o,
                         const Output& output) {
  SmallImages images{.opened = open_model_data(io, model, o.data)};
  const Dataset& data = images.opened.data;
  images.fitted =
      fit_to_model(first_items(data, shown_count(o, output, data.num_items())), model.setup);
  images.truth = apply_scaling(images.fitted.values, memory_scaling(images.fitted, model.spec()));
  const Shape& item = model.spec().item_shape;
  if (item[0] % *o.factor != 0 || item[1] % *o.factor != 0) {
    throw Error(
        ErrorCode::kBadValue,
        "factor " + std::to_string(*o.factor) + " does not divide " + describe_item(model.spec()),
        factors_text(item), {.key = "superresolve.factor"});
  }
  images.small = block_means(images.truth, *o.factor);
  return images;
}

/// Small images as they came, on the model's scale.
SmallImages read_small(CommandIo& io, const Model& model, const SuperresolveOptions& o,
                       const Output& output) {
  const std::vector<std::string> arguments(io.arguments.begin() + 1, io.arguments.end());
  DataOptions options = o.data;
  options.model = model.spec();
  options.own_size = true;
  SmallImages images{.opened = {open_datasets(io.fs(), arguments, options, io.limits(), "test"),
                                join(arguments, ", ")}};
  const Dataset& data = images.opened.data;
  io.console.info("data", escape_for_terminal(data.source) + ": " + group_digits(data.num_items()) +
                              ", " + describe_item(data.spec) +
                              (data.note.empty() ? "" : " (" + data.note + ")"));
  try {
    factor_of(model.spec(), data.values.shape());
    ModelSetup setup = model.setup;
    setup.data.item_shape = data.spec.item_shape;
    images.fitted =
        fit_to_model(first_items(data, shown_count(o, output, data.num_items())), setup);
  } catch (Error& error) {
    error.in_file(images.opened.source);
    throw;
  }
  images.small = apply_scaling(images.fitted.values, memory_scaling(images.fitted, model.spec()));
  return images;
}

/// Rows: small, bicubic, the mean, draws, the deviation, and the truth where it is known.
Bytes picture(const SuperresolveOptions& o, const SmallImages& images, const Tensor& bicubic,
              const Completion& result, const DataSpec& spec, int64_t factor) {
  const Tensor blocks = enlarge_blocks(images.small, factor);
  const Tensor deviation = shown_deviation(result.deviation, spec);
  std::vector<Tensor> draws;
  for (int64_t d = 0; d < std::min(kShownDraws, o.draws); ++d) {
    draws.push_back(draw_of_each(result.draws, o.draws, d));
  }
  std::vector<const Tensor*> rows = {&blocks, &bicubic, &result.mean};
  for (const Tensor& draw : draws) rows.push_back(&draw);
  rows.push_back(&deviation);
  if (o.factor) rows.push_back(&images.truth);
  return rows_picture(rows, spec, std::min(o.grid_columns, images.small.shape()[0]));
}

/// Every value counts as one to be told.
Mask all_missing(const Model& model) {
  return Mask(Tensor(Dtype::kU8, {1, model.spec().num_values()}));
}

int run_superresolve(CommandIo& io, const SuperresolveOptions& o) {
  const Output output = require_output(io, o.output, {"png", "npy", "csv", "jsonl", "folder"});
  std::optional<Output> deviation;
  if (o.deviation != "none") deviation = require_output(io, {.path = o.deviation}, {"npy", "csv"});
  const Model model = open_model(io, io.arguments[0]);
  require_resolution(model.spec());
  require_pictures(output, model.spec());
  const SmallImages images =
      o.factor ? average_here(io, model, o, output) : read_small(io, model, o, output);
  const int64_t count = images.small.shape()[0];
  const uint64_t held = require_output_memory(
      io, output, count * (o.quantity == "sample" ? o.draws : 1), model.spec().num_values(),
      images.opened.data.values.num_bytes(), fewer_results(o.quantity));
  require_draws_memory(io, model, count, o.draws);
  const auto device = io.open_device();
  Session session(model, *device, io.memory_beside(held));
  const CompletionSettings settings = {
      .steps = o.steps, .draws = o.draws, .verb = io.verb_settings()};
  const Completion result =
      superresolve(session, images.small, images.fitted.context, o.sigma, settings);
  const int64_t factor = factor_of(model.spec(), images.small.shape());
  const Tensor bicubic = enlarge_bicubic(images.small, factor);
  print_mixing(io, model, settings, result.mixing, count);
  std::optional<SuperresolveComparison> comparison;
  if (o.factor) {
    comparison = {.bicubic = denoise_error(model.spec(), images.truth, bicubic),
                  .superresolved = denoise_error(model.spec(), images.truth, result.mean),
                  .coverage = interval_coverage(images.truth, result.draws, all_missing(model))};
    const DenoiseError &bicubic_error = comparison->bicubic, &own = comparison->superresolved;
    print_fills(io,
                {{.name = "bicubic", .mse = bicubic_error.mse, .psnr = bicubic_error.psnr},
                 {.name = "model", .mse = own.mse, .psnr = own.psnr}},
                comparison->coverage, "values");
  }
  const Tensor& chosen = o.quantity == "sample" ? result.draws : result.mean;
  if (output.format == "png") {
    write_picture(io, output, picture(o, images, bicubic, result, model.spec(), factor));
  } else {
    write_items(io, output, chosen, model.spec(), o.grid_columns);
  }
  if (deviation) write_deviation(io, *deviation, result.deviation, model.spec());
  io.print_wrote("");
  io.print_json(superresolve_json({.n = count,
                                   .factor = factor,
                                   .sigma = o.sigma,
                                   .settings = settings,
                                   .mixing = result.mixing},
                                  comparison ? &*comparison : nullptr, model,
                                  data_json(images.opened.data, images.opened.source),
                                  device_json(device->info(), Precision::kF32)));
  return 0;
}

}  // namespace

CommandDef commands::superresolve() {
  return {.name = "superresolve",
          .summary = "Larger images from small ones.",
          .arguments = {"MODEL", "DATA..."},
          .examples = {"isthmus superresolve runs/vae small/ -o large.png",
                       "isthmus superresolve runs/vae fashion-mnist --factor 2 -o rows.png"},
          .note =
              "The small images are averages of blocks of the large ones, and so are those of "
              "the result. Bicubic interpolation, which it is compared with, is isthmus's own: "
              "cubic convolution with a = -1/2, edges repeated.",
          .common = {"output.path", "superresolve.factor", "superresolve.steps",
                     "superresolve.draws", "superresolve.sigma"},
          .make = command_with(run_superresolve)};
}

}  // namespace isthmus
