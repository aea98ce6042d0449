// SPDX-License-Identifier: Apache-2.0
// isthmus fit-sampler MODEL DATA: a density of the codes, kept in the model file, that `sample`
// draws from instead of the prior.
#include "isthmus/train/fit_sampler.h"

#include "isthmus/base/text.h"
#include "isthmus/cli/command.h"
#include "isthmus/cli/model_use.h"
#include "isthmus/cli/process.h"
#include "isthmus/cli/progress.h"
#include "isthmus/verbs/fit_data.h"
#include "isthmus/verbs/json_results.h"

namespace isthmus {
namespace {

struct FitSamplerOptions {
  std::vector<std::string> sampler = {"auto"};
  std::string out = "none";
  DataOptions data;
  static constexpr auto fields() {
    using O = FitSamplerOptions;
    return std::tuple{
        field(&O::sampler, "fit_sampler.sampler", any_value(),
              "Which, one or several by name: gmm, kde, real_nvp, maf, flow_matching, two_stage. "
              "auto: all of them, and the one whose draws are hardest to tell from held-out codes "
              "is kept. Name gmm for a result in seconds.",
              {.metavar = "A,B"}),
        field(&O::out, "fit_sampler.out", any_value(),
              "Model file to write; none: MODEL itself gets the sampler.",
              {.flag = "-o", .alias = "--out", .metavar = "FILE"}),
        nested(&O::data, "data", "Input: the items that the model was trained on.")};
  }
};

/// Where the model with its sampler goes.
std::string target_of(CommandIo& io, const FitSamplerOptions& o, const Model& model) {
  if (o.out == "none") {
    if (!model.path.empty() && extension(model.path) == "safetensors" &&
        file_name(model.path).starts_with("model")) {
      return model.path;
    }
    throw Error(ErrorCode::kConflict,
                "MODEL is a checkpoint of a run that has no model file yet: its sampler has no "
                "place",
                "name one: -o model.safetensors", {.file = model.path});
  }
  if (extension(o.out) != "safetensors") {
    throw Error(ErrorCode::kUnknownExtension, "a model file ends in .safetensors", {},
                {.file = o.out});
  }
  if (io.fs().stat(o.out)) {
    throw Error(ErrorCode::kOutputExists, "it is there already", "name another file",
                {.file = o.out});
  }
  return o.out;
}

std::string right(const std::string& text, size_t width) {
  return text.size() < width ? std::string(width - text.size(), ' ') + text : text;
}

void print_ranking(CommandIo& io, const SamplerFits& fits) {
  io.console.result("", pad_right("codes from", 16) +
                            "told from held-out codes (auroc)   log p of these   seconds");
  for (const SamplerFit& fit : fits.ranked) {
    const std::string log_prob = std::isnan(fit.log_prob) ? "-" : format_fixed(fit.log_prob, 2);
    const std::string seconds = std::isnan(fit.seconds) ? "-" : format_fixed(fit.seconds, 1);
    io.console.result(
        "",
        pad_right(fit.name, 16) +
            pad_right(format_fixed(fit.test.auroc, 3) + " +- " + format_fixed(fit.test.auroc_se, 3),
                      35) +
            right(log_prob, 14) + right(seconds, 10) + (fit.name == fits.sampler ? "  kept" : ""));
  }
}

Json ranking_json(const SamplerFits& fits) {
  Json ranked = Json::array();
  for (const SamplerFit& fit : fits.ranked) {
    ranked.push_back(Json::object()
                         .set("name", fit.name)
                         .set("auroc", fit.test.auroc)
                         .set("auroc_se", fit.test.auroc_se)
                         .set("log_prob", Json::finite_or_null(fit.log_prob))
                         .set("seconds", Json::finite_or_null(fit.seconds)));
  }
  return ranked;
}

int run_fit_sampler(CommandIo& io, const FitSamplerOptions& o) {
  listen_to_signals();
  const Model model = open_model(io, io.arguments[0]);
  const std::string target = target_of(io, o, model);
  DataOptions for_model = o.data;
  for_model.model = model.spec();
  const std::vector<std::string> arguments(io.arguments.begin() + 1, io.arguments.end());
  const Dataset data =
      fit_to_model(open_datasets(io.fs(), arguments, for_model, io.limits(), "train"), model.setup);
  io.console.info("data", escape_for_terminal(data.source) + ": " + group_digits(data.num_items()) +
                              (data.split.empty() ? "" : " " + data.split) + " items");
  const auto device = io.open_device();
  Session session(model, *device, io.memory_beside(data.values.num_bytes()));
  SamplerRequest request{.samplers = o.sampler,
                         .seed = io.use.run.seed,
                         .folder = target + ".samplers",
                         .machine = io.use.machine,
                         .limits = io.limits()};
  if (request.samplers == std::vector<std::string>{"auto"}) request.samplers.clear();
  ConsoleObserver observer(io.console);
  const SamplerFits fits = fit_samplers(session, data, request, observer);
  if (!fits.best) return stop_status();
  const Bytes bytes = model_bytes(*fits.best, io.limits());
  io.fs().write_file(target, bytes, Durability::kSynced);
  print_ranking(io, fits);
  io.note_written(target + " (" + format_bytes(bytes.size()) + ")",
                  wrote_json(target, "model", "safetensors", {}, "", bytes.size()));
  io.print_wrote("isthmus sample " + target + " -n 100 -o more.png");
  io.print_json(result_object("isthmus.sampler/1")
                    .set("model", model_json(*fits.best))
                    .set("data", data_json(data, data.source))
                    .set("device", device_json(device->info(), Precision::kF32))
                    .set("fitted", fits.num_fitted)
                    .set("held_out", fits.num_held_out)
                    .set("samplers", ranking_json(fits))
                    .set("sampler", fits.sampler));
  return 0;
}

}  // namespace

CommandDef commands::fit_sampler() {
  return {.name = "fit-sampler",
          .summary = "Fits a density to the codes, for better samples.",
          .arguments = {"MODEL", "DATA..."},
          .examples = {"isthmus fit-sampler runs/demo fashion-mnist --sampler gmm",
                       "isthmus fit-sampler runs/demo fashion-mnist"},
          .note =
              "For models without a prior (ae, rae_l2), and where samples look worse than "
              "reconstructions. It is fitted to draws of q(z|x) (codes of an ae) of nine tenths of "
              "the items; a classifier ranks samplers and prior on the rest. isthmus sample uses "
              "the one that was kept; --sampler prior there leaves it out.",
          .make = command_with(run_fit_sampler)};
}

}  // namespace isthmus
