// SPDX-License-Identifier: Apache-2.0
// isthmus superresolve MODEL DATA -o FILE: larger images from averages of blocks; with --factor the
// DATA are whole and the result stands beside bicubic interpolation.
#include "isthmus/verbs/superresolve.h"

#include <algorithm>

#include "isthmus/base/log.h"
#include "isthmus/base/text.h"
#include "isthmus/cli/command.h"
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
  int64_t proposals = 1000;
  int64_t draws = 1;
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
        field(&O::grid_columns, "superresolve.grid_columns", between(1, 10000),
              "Items in a picture. Its rows: the small ones, bicubic, the model's, and with "
              "--factor the truth."),
        field(&O::quantity, "superresolve.quantity", one_of(result_words),
              "The mean over all proposals by weight, or --draws of them, item after item. Choose "
              "sample for sharper images that may be wrong."),
        field(&O::proposals, "superresolve.proposals", between(2, 1000000),
              "Posterior draws of each item that are weighted. Raise it when few are effective."),
        field(&O::draws, "superresolve.draws", between(1, 1000),
              "Images of each item with --quantity sample."),
        field(&O::sigma, "superresolve.sigma", greater_than(0),
              "Standard deviation of a pixel about the decoder's mean, on the model's scale; none: "
              "that of the likelihood. Set it for a likelihood that has none or, as bernoulli of "
              "grey values, too wide a one; raise it when few draws are effective.",
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

/// The whole images and what averaging leaves of them.
SmallImages average_here(CommandIo& io, const Model& model, const SuperresolveOptions& o,
                         const Output& output) {
  SmallImages images{.opened = open_model_data(io, model, o.data)};
  const Dataset& data = images.opened.data;
  images.fitted =
      fit_to_model(first_items(data, shown_count(o, output, data.num_items())), model.setup);
  images.truth = apply_scaling(images.fitted.values, memory_scaling(images.fitted, model.spec()));
  const Shape& item = model.spec().item_shape;
  if (item.size() < 2 || item[0] % *o.factor != 0 || item[1] % *o.factor != 0) {
    throw Error(
        ErrorCode::kBadValue,
        "factor " + std::to_string(*o.factor) + " does not divide " + describe_item(model.spec()),
        "choose a divisor of height and width", {.key = "superresolve.factor"});
  }
  images.small = block_means(images.truth, *o.factor);
  return images;
}

/// Small images as they came, on the model's scale.
SmallImages read_small(CommandIo& io, const Model& model, const SuperresolveOptions& o,
                       const Output& output) {
  const std::vector<std::string> arguments(io.arguments.begin() + 1, io.arguments.end());
  SmallImages images{
      .opened = {open_datasets(arguments, o.data, io.limits(), "test"), join(arguments, ", ")}};
  const Dataset& data = images.opened.data;
  io.console.info("data", escape_for_terminal(data.source) + ": " + group_digits(data.num_items()) +
                              ", " + describe_item(data.spec));
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

/// The first of `repeats` draws of each item.
Tensor first_draws(const Tensor& draws, int64_t repeats) {
  Shape shape = draws.shape();
  shape[0] /= repeats;
  Tensor out(Dtype::kF32, shape);
  const int64_t width = draws.num_values() / draws.shape()[0];
  for (int64_t i = 0; i < shape[0]; ++i) {
    const auto from = draws.values<float>().subspan(static_cast<size_t>(i * repeats * width));
    std::copy_n(from.begin(), width, out.values<float>().begin() + i * width);
  }
  return out;
}

/// Rows: small, bicubic, the model's, and the truth where it is known.
Bytes picture(const SuperresolveOptions& o, const SmallImages& images, const Tensor& bicubic,
              const Superresolved& result, const DataSpec& spec, int64_t factor) {
  const Tensor blocks = enlarge_blocks(images.small, factor);
  const Tensor shown = o.quantity == "sample" ? first_draws(result.draws, o.draws) : result.mean;
  std::vector<const Tensor*> rows = {&blocks, &bicubic, &shown};
  if (o.factor) rows.push_back(&images.truth);
  return rows_picture(rows, spec, std::min(o.grid_columns, images.small.shape()[0]));
}

std::string error_text(const DenoiseError& error) {
  return "psnr " + format_fixed(error.psnr, 2) + " dB, mean squared error " +
         format_fixed(error.mse, 5);
}

void print_weights(CommandIo& io, const SuperresolveOptions& o, const Superresolved& result,
                   int64_t count) {
  io.console.result("weights", format_fixed(result.effective_samples, 1) + " effective of " +
                                   group_digits(o.proposals) + " draws per item");
  if (result.few == 0) return;
  log_warning("W6004",
              "fewer than " + format_fixed(kFewSamples, 0) + " draws are effective for " +
                  group_digits(result.few) + " of " + group_digits(count) + " items",
              "raise --proposals; the result is hardly more than the best draw");
}

int run_superresolve(CommandIo& io, const SuperresolveOptions& o) {
  const Output output = require_output(io, o.output, {"png", "npy", "csv", "jsonl", "folder"});
  if (o.quantity == "mean" && io.origins.count("superresolve.draws") > 0) {
    throw Error(ErrorCode::kConflict, "superresolve.draws has no effect with --quantity mean",
                "add --quantity sample, or leave it out", {.key = "superresolve.draws"});
  }
  const Model model = open_model(io, io.arguments[0]);
  require_resolution(model.spec());
  require_pictures(output, model.spec());
  const SmallImages images =
      o.factor ? average_here(io, model, o, output) : read_small(io, model, o, output);
  const int64_t count = images.small.shape()[0];
  require_output_memory(io, output, count * (2 + o.draws), model.spec().num_values(),
                        images.opened.data.values.num_bytes());
  const auto device = io.open_device();
  const SuperresolveSettings settings = {
      .proposals = o.proposals, .draws = o.draws, .sigma = o.sigma, .verb = io.verb_settings()};
  const Superresolved result =
      superresolve(model, images.small, images.fitted.context, *device, settings);
  const int64_t factor = factor_of(model.spec(), images.small.shape());
  const Tensor bicubic = enlarge_bicubic(images.small, factor);
  print_weights(io, o, result, count);
  std::optional<SuperresolveComparison> comparison;
  if (o.factor) {
    comparison = {.bicubic = denoise_error(model.spec(), images.truth, bicubic),
                  .superresolved = denoise_error(model.spec(), images.truth, result.mean)};
    io.console.result("bicubic", error_text(comparison->bicubic));
    io.console.result("model", error_text(comparison->superresolved));
  }
  const Tensor& chosen = o.quantity == "sample" ? result.draws : result.mean;
  if (output.format == "png") {
    write_picture(io, output, picture(o, images, bicubic, result, model.spec(), factor));
  } else {
    write_items(io, output, chosen, model.spec(), o.grid_columns);
  }
  io.print_wrote("");
  io.print_json(superresolve_json({.n = count,
                                   .factor = factor,
                                   .settings = settings,
                                   .effective_samples = result.effective_samples,
                                   .few = result.few},
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
          .common = {"output.path", "superresolve.factor", "superresolve.proposals",
                     "superresolve.sigma"},
          .make = command_with(run_superresolve)};
}

}  // namespace isthmus
