// SPDX-License-Identifier: Apache-2.0
// isthmus eval MODEL DATA: the bound and its parts, image errors, conditions for a gate.
#include "isthmus/verbs/evaluate.h"

#include "isthmus/base/text.h"
#include "isthmus/cli/command.h"
#include "isthmus/cli/model_use.h"
#include "isthmus/verbs/json_results.h"

namespace isthmus {
namespace {

struct EvalCommandOptions {
  EvalOptions eval;
  std::string features = "none";
  std::string train = "none";
  DataOptions data;
  static constexpr auto fields() {
    using O = EvalCommandOptions;
    return std::tuple{nested(&O::eval, "eval", "What to measure."),
                      field(&O::features, "eval.features", any_value(),
                            "MODEL whose codes are the features that samples are judged in: a "
                            "classifier of these data, or an autoencoder; none: 64 principal "
                            "components of the items. Numbers of different features are not "
                            "compared.",
                            {.level = OptionLevel::kRare, .metavar = "MODEL"}),
                      field(&O::train, "eval.train", any_value(),
                            "DATA that the model was trained on, for nearest_ratio.",
                            {.level = OptionLevel::kRare, .metavar = "DATA"}),
                      nested(&O::data, "data", "Input.")};
  }
};

std::string with_error(double value, double standard_error, int digits) {
  std::string text = format_fixed(value, digits);
  if (!std::isnan(standard_error)) text += " +- " + format_fixed(standard_error, digits);
  return text;
}

void print_bounds(CommandIo& io, const EvalResult& r, const Model& model) {
  const std::string kind = r.normalized ? "" : "  (a score, no likelihood: isthmus help auto)";
  if (!std::isnan(r.terms.kl)) {
    io.console.result("elbo", with_error(r.terms.elbo, r.terms.elbo_se, 2) +
                                  " nats per item = -(reconstruction " +
                                  format_fixed(r.terms.reconstruction, 2) + " + kl " +
                                  format_fixed(r.terms.kl, 2) + ")" + kind);
  } else if (!std::isnan(r.terms.reconstruction) && !r.terms.exact()) {
    io.console.result("error", "reconstruction " + format_fixed(r.terms.reconstruction, 2) +
                                   " nats per item (" + model.options().likelihood + ")" + kind);
  }
  if (!std::isnan(r.log_likelihood)) {
    io.console.result("log p", with_error(r.log_likelihood, r.log_likelihood_se, 2) +
                                   " nats per item, exact" + kind);
  }
  for (const auto& [name, value] : r.terms.others) {
    io.console.result(name, format_fixed(value, 4) + "  (lower is better)");
  }
  const double in_units = r.elbo_in_data_units();
  const bool scaled = r.log_scale != 0 && !std::isnan(r.log_scale);
  if (scaled && std::isnan(r.terms.elbo) && !std::isnan(r.terms.reconstruction)) {
    io.console.result("units",
                      "the numbers are of " + r.density_of + ", not in the units of the data");
  } else if (!std::isnan(in_units) && in_units != r.terms.elbo) {
    io.console.result("units", (r.terms.exact() ? "log p " : "elbo ") + format_fixed(in_units, 2) +
                                   " nats in the units of the data; the other numbers are of " +
                                   r.density_of);
  }
  if (r.iwae) {
    io.console.result("iwae", with_error(r.iwae->value, r.iwae->standard_error, 2) +
                                  " nats per item, K = " + group_digits(r.iwae->k) +
                                  ", effective samples " +
                                  format_fixed(r.iwae->effective_samples, 1));
  }
  if (!std::isnan(r.data_floor)) {
    io.console.result("floor", format_fixed(r.data_floor, 2) +
                                   " nats: the least reconstruction term that any model can reach");
  }
  if (!std::isnan(r.bits_per_dim)) {
    io.console.result("bits", format_fixed(r.bits_per_dim, 4) + " per value");
  }
}

void print_metrics(CommandIo& io, const EvalResult& r, int64_t latent_dim) {
  for (const NamedMetric& metric : r.metrics) {
    if (metric.unit != "latents" || r.active_units < 0) continue;
    io.console.result(
        "latents", format_fixed(metric.value, 0) + " of " + std::to_string(latent_dim) + " active");
  }
  std::string of;
  for (const NamedMetric& metric : r.metrics) {
    if (metric.unit == "latents") continue;
    const double se = metric.standard_error.value_or(kUnknown);
    if (metric.of != of) io.console.result("judged", metric.of);
    of = metric.of;
    const bool long_name = !of.empty();
    io.console.result(long_name ? "" : metric.name,
                      (long_name ? pad_right(metric.name, 20) : "") +
                          with_error(metric.value, se, 4) +
                          (metric.unit.empty() ? "" : " " + metric.unit) + " (" + metric.better +
                          " is better" + (metric.note.empty() ? "" : "; " + metric.note) + ")");
  }
}

int check_gate(CommandIo& io, const EvalResult& r) {
  for (const RequireResult& condition : r.require) {
    if (condition.met) {
      io.console.result("require", condition.expression + " is met");
      continue;
    }
    io.console.error(Error(
        ErrorCode::kGateNotMet,
        condition.expression + " is not met: the value is " + format_fixed(condition.value, 4)));
  }
  return r.gate_met() ? 0 : exit_status(ErrorCode::kGateNotMet);
}

int run_eval(CommandIo& io, const EvalCommandOptions& o) {
  io.console.lines_are_the_result();
  const Model model = open_model(io, io.arguments[0]);
  if (io.origins.count("eval.samples") > 0 && !model.abilities().elbo) {
    throw Error(ErrorCode::kConflict,
                "eval.samples has no effect on " + model.options().name +
                    ", which has no posterior to draw from",
                "leave it out", {.key = "eval.samples"});
  }
  const OpenedData opened = open_model_data(io, model, o.data);
  const auto device = io.open_device();
  Session session(model, *device, io.memory_beside(opened.data.values.num_bytes()));
  print_device(io, *device);
  std::optional<Session> extractor;
  if (o.features != "none") {
    extractor.emplace(load_model(o.features, io.fs(), io.limits()), *device,
                      io.memory_beside(opened.data.values.num_bytes()));
  }
  std::optional<Dataset> train;
  if (o.train != "none") {
    DataOptions for_model = o.data;
    for_model.model = model.spec();
    train = open_dataset(io.fs(), o.train, for_model, io.limits(), "train");
  }
  const EvalResult result = evaluate(
      session, opened.data, o.eval, io.verb_settings(),
      {.extractor = extractor ? &*extractor : nullptr, .train = train ? &*train : nullptr});
  print_bounds(io, result, model);
  print_metrics(io, result, model.latent_dim());
  const int status = check_gate(io, result);
  io.print_json(eval_json(result, model, data_json(opened.data, opened.source),
                          device_json(device->info(), Precision::kF32)));
  return status;
}

}  // namespace

CommandDef commands::eval() {
  return {.name = "eval",
          .summary = "What a model is worth on data: bound, terms, image errors.",
          .arguments = {"MODEL", "DATA..."},
          .examples = {"isthmus eval runs/demo fashion-mnist --iwae 1000",
                       "isthmus eval runs/demo fashion-mnist --require \"elbo>-250\""},
          .make = command_with(run_eval, "", "eval.limit")};
}

}  // namespace isthmus
