// SPDX-License-Identifier: Apache-2.0
// isthmus denoise MODEL DATA -o FILE: clean items from noisy ones; with --add the DATA are clean
// and the result stands beside that of the best linear denoiser.
#include "isthmus/verbs/denoise.h"

#include <algorithm>
#include <cmath>

#include "isthmus/base/text.h"
#include "isthmus/cli/command.h"
#include "isthmus/cli/model_use.h"
#include "isthmus/cli/outputs.h"
#include "isthmus/data/scaling.h"
#include "isthmus/models/corruption.h"
#include "isthmus/verbs/fit_data.h"
#include "isthmus/verbs/infer.h"
#include "isthmus/verbs/json_results.h"
#include "isthmus/verbs/pictures.h"
#include "isthmus/verbs/stored_values.h"

namespace isthmus {
namespace {

constexpr int64_t kShown = 50;

std::vector<std::string> noise_words() { return {"none", "gaussian", "flip"}; }

struct DenoiseOptions {
  OutputOptions output;
  std::optional<int64_t> n;
  int64_t grid_columns = 10;
  std::string noise = "none";
  std::optional<double> noise_level;
  int64_t draws = 64;
  std::string add = "none";
  std::optional<double> level;
  std::string clean = "none";
  DataOptions data;
  static constexpr auto fields() {
    using O = DenoiseOptions;
    return std::tuple{
        nested(&O::output, "output", "Where to write."),
        field(&O::n, "denoise.n", at_least(1),
              "First N items; none: 50 in a picture, all in a file of numbers and with --add.",
              {.flag = "-n", .alias = "--n"}),
        field(&O::grid_columns, "denoise.grid_columns", between(2, 10000),
              "Columns of a picture: half of them noisy items, half the denoised ones beside them; "
              "with --add items, clean, noisy, denoised and linear below each other."),
        field(&O::noise, "denoise.noise", one_of(noise_words),
              "What is known of the noise: none is one pass through a model that was trained with "
              "--corruption. Set it for a vae of clean items: draws of its posterior are weighted "
              "with their probability under this noise."),
        field(&O::noise_level, "denoise.noise_level", greater_than(0),
              "Of --noise. gaussian: standard deviation on the model's scale (pixels from 0 to 1, "
              "columns in standard deviations); flip: probability that a value is the other one.",
              {.metavar = "LEVEL"}),
        field(&O::draws, "denoise.draws", between(1, 1000000),
              "Posterior draws per item with --noise. Raise it when few samples are effective."),
        field(
            &O::add, "denoise.add", one_of(corruption_words),
            "The DATA are clean: add this noise here and tell how much of it is taken away. Set it "
            "to measure a denoiser."),
        field(&O::level, "denoise.level", greater_than(0),
              "Of --add; none: the default of that corruption, as in training.",
              {.metavar = "LEVEL"}),
        field(
            &O::clean, "denoise.clean", any_value(),
            "Clean DATA that the linear denoiser of --add is fitted to, such as those of training; "
            "none: the given ones, which favours it.",
            {.metavar = "DATA"}),
        nested(&O::data, "data", "Input.")};
  }
};

[[noreturn]] void refuse(ErrorCode code, const std::string& message, const std::string& hint,
                         const std::string& key) {
  throw Error(code, message, hint, {.key = key});
}

/// Options that would be without effect are refused.
void check_options(const CommandIo& io, const DenoiseOptions& o) {
  const auto needs = [&](bool set, const char* key, const char* other) {
    if (set) {
      refuse(ErrorCode::kConflict, std::string(key) + " has no effect without " + other,
             std::string("add ") + other + " gaussian, or leave it out", key);
    }
  };
  if (o.noise == "none") {
    needs(o.noise_level.has_value(), "denoise.noise_level", "--noise");
    needs(io.origins.count("denoise.draws") > 0, "denoise.draws", "--noise");
  } else if (!o.noise_level) {
    refuse(ErrorCode::kMissingArgument, "--noise " + o.noise + " needs its level",
           o.noise == "flip" ? "--noise-level 0.1" : "--noise-level 0.3", "denoise.noise_level");
  }
  if (o.noise == "flip" && *o.noise_level > 0.5) {
    refuse(ErrorCode::kBadValue,
           "noise_level = " + print_value(*o.noise_level) + " is above 0.5 for flips",
           "with more than half of the values flipped, invert the data first",
           "denoise.noise_level");
  }
  if (o.add != "none") return;
  needs(o.level.has_value(), "denoise.level", "--add");
  needs(o.clean != "none", "denoise.clean", "--add");
}

std::optional<KnownNoise> known_noise(const DenoiseOptions& o) {
  if (o.noise == "none") return std::nullopt;
  return KnownNoise{.kind = o.noise == "flip" ? NoiseKind::kFlips : NoiseKind::kNormal,
                    .level = *o.noise_level};
}

/// The level of added noise as its definition takes it. Error E2003.
OwnOptions added_level(const DenoiseOptions& o) {
  OwnOptions own;
  if (o.add == "none") return own;
  for (const BoundOption& option : all_corruptions().find(o.add).options()) {
    std::string text = option.default_text;
    if (option.key == kLevelKey && o.level) text = print_value(*o.level);
    try {
      option.set(text);
    } catch (const Error& error) {  // under the name that it has here
      refuse(error.code(), "level = " + text + " is out of range for " + o.add, error.hint(),
             "denoise.level");
    }
    own.texts[option.key] = text;
  }
  return own;
}

/// Clean data beside what became of them.
struct Comparison {
  Tensor clean, linear;
  DenoiseComparison numbers;
};

Tensor clean_items(CommandIo& io, const Model& model, const DenoiseOptions& o) {
  DataOptions options = o.data;
  options.model = model.spec();
  const Dataset data = open_dataset(io.fs(), o.clean, options, io.limits(), "train");
  io.require_memory(CheckedU64(data.values.num_bytes()) + uint64_t{8} * data.values.num_values(),
                    "the clean data and their noisy copies", "give fewer with --limit");
  try {
    return model_values(model, data, 0, data.num_items());
  } catch (Error& error) {
    error.in_file(o.clean);
    throw;
  }
}

/// Fits the linear denoiser to pairs with noise of their own and measures everything.
void compare(CommandIo& io, Session& session, const DenoiseOptions& o, const OwnOptions& own,
             const Tensor& noisy, const Tensor& denoised, Comparison& c) {
  const Model& model = session.model();
  VerbSettings settings = io.verb_settings();
  settings.noise = "denoise/fit";
  Tensor other, other_noisy;
  if (o.clean != "none") {
    other = clean_items(io, model, o);
    other_noisy = corrupt_items(session, other, o.add, own, settings);
  }
  const Tensor& pairs = o.clean != "none" ? other : c.clean;
  const LinearDenoiser linear(item_rows(pairs), item_rows(o.clean != "none" ? other_noisy : noisy));
  c.linear = denoise_linearly(linear, noisy);
  const DataSpec& spec = model.spec();
  c.numbers = {.corruption = o.add,
               .level = own.texts.find(kLevelKey)->second,
               .noisy = denoise_error(spec, c.clean, noisy),
               .denoised = denoise_error(spec, c.clean, denoised),
               .linear = denoise_error(spec, c.clean, c.linear),
               .fitted_to = o.clean,
               .fitted_items = pairs.shape()[0],
               .components = linear.components(),
               .gain = linear.gain(),
               .noise_sigma = linear.noise_sigma()};
}

std::string error_text(const DenoiseError& error) {
  const std::string mse = "mean squared error " + format_fixed(error.mse, 5);
  return std::isnan(error.psnr) ? mse : "psnr " + format_fixed(error.psnr, 2) + " dB, " + mse;
}

void print_comparison(CommandIo& io, const DenoiseOptions& o, const DenoiseComparison& c) {
  io.console.result("noisy", error_text(c.noisy));
  io.console.result("denoised", error_text(c.denoised));
  io.console.result("linear", error_text(c.linear) + " (shrinkage of " +
                                  group_digits(c.components) + " principal components, fitted to " +
                                  (o.clean == "none" ? "these clean items themselves"
                                                     : group_digits(c.fitted_items) + " items of " +
                                                           escape_for_terminal(o.clean)) +
                                  ")");
}

/// Items on the model's scale and their conditions. Noisy ones may lie outside of the likelihood's
/// support.
struct Items {
  Tensor values, context;
};

Items read_items(const Model& model, const OpenedData& opened, int64_t count, bool noisy) {
  const Dataset data =
      noisy ? conform(opened.data, model.spec()) : fit_to_model(opened.data, model.setup);
  return {apply_scaling(data.values.rows(0, count), memory_scaling(data, model.spec())),
          data.context};
}

void write_result(CommandIo& io, const Output& output, const DenoiseOptions& o, const Model& model,
                  const Tensor& noisy, const Tensor& items, const Comparison* comparison) {
  if (output.format != "png") {
    write_items(io, output, items, model.spec(), o.grid_columns);
  } else if (comparison != nullptr) {
    const int64_t columns = std::min(o.grid_columns, items.shape()[0]);
    write_picture(io, output,
                  rows_picture({&comparison->clean, &noisy, &items, &comparison->linear},
                               model.spec(), columns));
  } else {
    write_picture(io, output, pairs_picture(noisy, items, model.spec(), o.grid_columns / 2));
  }
}

int run_denoise(CommandIo& io, const DenoiseOptions& o) {
  const Output output = require_output(io, o.output, {"png", "npy", "csv", "jsonl", "folder"});
  check_options(io, o);
  const bool adds = o.add != "none";
  const OwnOptions own = added_level(o);
  const Model model = open_model(io, io.arguments[0]);
  require_pictures(output, model.spec());
  const OpenedData opened =
      open_model_data(io, model, o.data, adds ? DataSupport::kRequired : DataSupport::kAny);
  const int64_t all = opened.data.num_items();
  const int64_t count = std::min(all, o.n.value_or(output.format == "png" && !adds ? kShown : all));
  const uint64_t held = require_output_memory(io, output, count, model.spec().num_values(),
                                              opened.data.values.num_bytes() * (adds ? 4 : 2),
                                              "write fewer items (-n, --limit)");
  const auto device = io.open_device();
  Session session(model, *device, io.memory_beside(held));
  Items items = read_items(model, opened, count, !adds);
  Tensor noisy = std::move(items.values);
  std::optional<Comparison> comparison;
  if (adds) {
    comparison = Comparison{.clean = std::move(noisy)};
    VerbSettings settings = io.verb_settings();
    settings.noise = "denoise/add";
    noisy = corrupt_items(session, comparison->clean, o.add, own, settings);
  }
  const Denoised result =
      denoise(session, noisy, items.context,
              {.noise = known_noise(o), .draws = o.draws, .verb = io.verb_settings()});
  if (comparison) {
    compare(io, session, o, own, noisy, result.items, *comparison);
    print_comparison(io, o, comparison->numbers);
  }
  write_result(io, output, o, model, noisy, result.items, comparison ? &*comparison : nullptr);
  if (o.noise != "none") {
    io.console.result("weights", format_fixed(result.effective_samples, 1) + " effective of " +
                                     group_digits(o.draws) + " draws per item");
  }
  io.print_wrote("");
  io.print_json(denoise_json({.n = count,
                              .noise = o.noise,
                              .noise_level = o.noise_level,
                              .draws = o.draws,
                              .effective_samples = result.effective_samples,
                              .seed = io.use.run.seed},
                             comparison ? &comparison->numbers : nullptr, model,
                             data_json(opened.data, opened.source),
                             device_json(device->info(), Precision::kF32)));
  return 0;
}

}  // namespace

CommandDef commands::denoise() {
  return {.name = "denoise",
          .summary = "Clean items from noisy ones.",
          .arguments = {"MODEL", "DATA..."},
          .examples = {"isthmus denoise runs/dae noisy.npy -o clean.npy",
                       "isthmus denoise runs/dae fashion-mnist --add gaussian -o rows.png",
                       "isthmus denoise runs/vae x.npy --noise flip --noise-level 0.1 -o y.npy"},
          .common = {"output.path", "denoise.noise", "denoise.noise_level", "denoise.draws",
                     "denoise.add", "denoise.level", "denoise.clean"},
          .make = command_with(run_denoise)};
}

}  // namespace isthmus
