// SPDX-License-Identifier: Apache-2.0
// Results as JSON objects: one function per schema, fields in the order of the documentation. No
// number is computed here.
#include "isthmus/verbs/json_results.h"

#include <algorithm>

#include "isthmus/base/version.h"
#include "isthmus/models/coder.h"

namespace isthmus {
namespace {

Json number_or_null(double value) { return Json::finite_or_null(value); }
Json count_or_null(int64_t value) { return value < 0 ? Json() : Json(value); }
Json optional_number(const std::optional<double>& value) {
  return value ? Json::finite_or_null(*value) : Json();
}
Json shape_json(const Shape& shape) {
  Json out = Json::array();
  for (int64_t size : shape) out.push_back(size);
  return out;
}
Json text_or_null(const std::string& text) { return text.empty() ? Json() : Json(text); }
/// Of any struct with mse and psnr.
template <class Error>
Json error_json(const Error& error) {
  return Json::object()
      .set("mse", number_or_null(error.mse))
      .set("psnr", number_or_null(error.psnr));
}

Json mixing_json(const Mixing& mixing) {
  return Json::object()
      .set("local_acceptance", number_or_null(mixing.local))
      .set("encoder_acceptance", number_or_null(mixing.encoder))
      .set("r_hat", number_or_null(mixing.r_hat))
      .set("apart", mixing.apart)
      .set("effective_draws", number_or_null(mixing.effective));
}
Json coverage_json(const std::optional<Coverage>& coverage) {
  if (!coverage) return {};
  return Json::object()
      .set("level", coverage->level)
      .set("expected", coverage->expected)
      .set("share", coverage->share);
}

}  // namespace

Json result_object(std::string_view schema) {
  return Json::object()
      .set("schema", schema)
      .set("version", kVersion)
      .set("warnings", Json::array());
}

Json wrote_json(const std::string& path, const std::string& kind, const std::string& format,
                const Shape& shape, const std::string& dtype, uint64_t bytes) {
  return Json::object()
      .set("path", path)
      .set("kind", kind)
      .set("format", format)
      .set("shape", shape.empty() ? Json() : shape_json(shape))
      .set("dtype", text_or_null(dtype))
      .set("bytes", bytes);
}

Json model_json(const Model& model) {
  return Json::object()
      .set("path", model.path)
      .set("digest", text_or_null(model.digest))
      .set("name", model.options().name)
      .set("arch", network_name(model.setup))
      .set("latent_dim", model.latent_dim())
      .set("parameters", model.num_parameters())
      .set("likelihood", model.options().likelihood)
      .set("normalized", model.normalized());
}

int64_t num_classes(const Dataset& data) {
  if (data.labels.empty()) return -1;
  return int64_t{*std::max_element(data.labels.begin(), data.labels.end())} + 1;
}

Json data_json(const Dataset& data, const std::string& source) {
  return Json::object()
      .set("source", source)
      .set("split", text_or_null(data.split))
      .set("n", data.num_items())
      .set("shape", shape_json(data.spec.item_shape))
      .set("dtype", dtype_name(data.spec.dtype))
      .set("labels", count_or_null(num_classes(data)))
      .set("fingerprint", fingerprint(data));
}

Json device_json(const DeviceInfo& device, Precision precision) {
  return Json::object()
      .set("kind", device.kind)
      .set("name", device.name)
      .set("isa", device.instruction_set)
      .set("threads", device.threads)
      .set("precision", precision_name(precision))
      .set("arithmetic", device.arithmetic);
}

Json eval_json(const EvalResult& result, const Model& model, Json data, Json device) {
  Json kl_per_dim = Json::array();
  for (double kl : result.kl_per_dim) kl_per_dim.push_back(number_or_null(kl));
  Json iwae;
  if (result.iwae) {
    iwae = Json::object()
               .set("k", result.iwae->k)
               .set("value", number_or_null(result.iwae->value))
               .set("standard_error", number_or_null(result.iwae->standard_error))
               .set("effective_samples", number_or_null(result.iwae->effective_samples));
  }
  Json metrics = Json::object();
  for (const NamedMetric& metric : result.metrics) {
    metrics.set(metric.name, Json::object()
                                 .set("value", number_or_null(metric.value))
                                 .set("unit", metric.unit)
                                 .set("better", metric.better)
                                 .set("standard_error", optional_number(metric.standard_error))
                                 .set("of", text_or_null(metric.of))
                                 .set("note", text_or_null(metric.note)));
  }
  Json require = Json::array();
  for (const RequireResult& r : result.require) {
    require.push_back(Json::object()
                          .set("expression", r.expression)
                          .set("value", number_or_null(r.value))
                          .set("met", r.met));
  }
  Json json = result_object("isthmus.eval/1")
                  .set("seconds", result.seconds)
                  .set("model", model_json(model))
                  .set("data", std::move(data))
                  .set("device", std::move(device))
                  .set("elbo", number_or_null(result.terms.elbo))
                  .set("elbo_se", number_or_null(result.terms.elbo_se))
                  .set("reconstruction", number_or_null(result.terms.reconstruction))
                  .set("kl", number_or_null(result.terms.kl))
                  .set("log_likelihood", number_or_null(result.log_likelihood))
                  .set("log_likelihood_se", number_or_null(result.log_likelihood_se))
                  .set("samples", result.samples)
                  .set("kl_per_dim", std::move(kl_per_dim))
                  .set("active_units", count_or_null(result.active_units))
                  .set("normalized", result.normalized)
                  .set("density_of", result.density_of)
                  .set("elbo_in_data_units", number_or_null(result.elbo_in_data_units()))
                  .set("data_floor", number_or_null(result.data_floor))
                  .set("iwae", std::move(iwae))
                  .set("bits_per_dim", number_or_null(result.bits_per_dim))
                  .set("mse", number_or_null(result.metric("mse")))
                  .set("psnr", number_or_null(result.metric("psnr")))
                  .set("ssim", number_or_null(result.metric("ssim")))
                  .set("metrics", std::move(metrics))
                  .set("require", std::move(require));
  for (const auto& [name, value] : result.terms.others) json.set(name, number_or_null(value));
  return json;
}

Json sample_json(const SampleSettings& settings, const Model& model, Json device) {
  Json given;
  if (!settings.given.empty()) {
    given = Json::array();
    for (const std::string& text : settings.given) given.push_back(text);
  }
  return result_object("isthmus.sample/1")
      .set("model", model_json(model))
      .set("device", std::move(device))
      .set("n", settings.count)
      .set("seed", settings.verb.seed)
      .set("temperature", settings.temperature)
      .set("quantity", quantity_name(settings.quantity))
      .set("condition", given);
}

Json encode_json(const Tensor& codes, Quantity quantity, const Model& model, Json data,
                 Json device) {
  Json columns = Json::array();
  for (const std::string& name : code_columns(model.latent_dim(), quantity)) {
    columns.push_back(name);
  }
  return result_object("isthmus.encode/1")
      .set("model", model_json(model))
      .set("data", std::move(data))
      .set("device", std::move(device))
      .set("n", codes.shape().at(0))
      .set("latent_dim", model.latent_dim())
      .set("quantity", quantity_name(quantity))
      .set("columns", std::move(columns));
}

Json decode_json(const Tensor& z, const std::string& source, Quantity quantity, const Model& model,
                 Json device) {
  return result_object("isthmus.decode/1")
      .set("model", model_json(model))
      .set("device", std::move(device))
      .set("input", Json::object()
                        .set("source", source)
                        .set("n", z.shape().at(0))
                        .set("latent_dim", z.shape().at(1)))
      .set("n", z.shape().at(0))
      .set("quantity", quantity_name(quantity));
}

Json reconstruct_json(const EvalResult& errors, Quantity quantity, Json layout, const Model& model,
                      Json data, Json device) {
  return result_object("isthmus.reconstruct/1")
      .set("model", model_json(model))
      .set("data", std::move(data))
      .set("device", std::move(device))
      .set("n", errors.n)
      .set("quantity", quantity_name(quantity))
      .set("reconstruction", number_or_null(errors.terms.reconstruction))
      .set("mse", number_or_null(errors.metric("mse")))
      .set("psnr", number_or_null(errors.metric("psnr")))
      .set("ssim", number_or_null(errors.metric("ssim")))
      .set("layout", std::move(layout));
}

Json denoise_json(const DenoiseRun& run, const DenoiseComparison* comparison, const Model& model,
                  Json data, Json device) {
  const bool weighs = run.noise != "none";
  Json noise, added;
  if (weighs) {
    noise = Json::object()
                .set("kind", run.noise)
                .set("level", *run.noise_level)
                .set("draws", run.draws)
                .set("effective_samples", number_or_null(run.effective_samples));
  }
  if (comparison != nullptr) {
    const DenoiseComparison& c = *comparison;
    added = Json::object()
                .set("corruption", c.corruption)
                .set("level", std::stod(c.level))
                .set("noisy", error_json(c.noisy))
                .set("denoised", error_json(c.denoised))
                .set("linear", error_json(c.linear))
                .set("linear_fit", Json::object()
                                       .set("data", c.fitted_to == "none" ? Json() : c.fitted_to)
                                       .set("items", c.fitted_items)
                                       .set("components", c.components)
                                       .set("gain", c.gain)
                                       .set("noise_sigma", c.noise_sigma));
  }
  return result_object("isthmus.denoise/1")
      .set("model", model_json(model))
      .set("data", std::move(data))
      .set("device", std::move(device))
      .set("n", run.n)
      .set("seed", run.seed)
      .set("method", weighs ? "weighted_draws" : "one_pass")
      .set("noise", std::move(noise))
      .set("added", std::move(added));
}

Json inpaint_json(const InpaintRun& run, const InpaintComparison* comparison, const Model& model,
                  Json data, Json device) {
  Json compared;
  if (comparison != nullptr) {
    const InpaintComparison& c = *comparison;
    compared = Json::object()
                   .set("truth", c.truth)
                   .set("naive", error_json(c.naive))
                   .set("filled", error_json(c.filled))
                   .set("means", c.fitted_to == "none" ? Json() : c.fitted_to)
                   .set("interval_coverage", coverage_json(c.coverage));
  }
  return result_object("isthmus.inpaint/1")
      .set("model", model_json(model))
      .set("data", std::move(data))
      .set("device", std::move(device))
      .set("n", run.n)
      .set("seed", run.settings.verb.seed)
      .set("missing", run.missing)
      .set("method", run.settings.pseudo_gibbs ? "pseudo_gibbs" : "metropolis_within_gibbs")
      .set("steps", run.settings.steps)
      .set("draws", run.settings.draws)
      .set("mixing", mixing_json(run.mixing))
      .set("comparison", std::move(compared));
}

Json superresolve_json(const SuperresolveRun& run, const SuperresolveComparison* comparison,
                       const Model& model, Json data, Json device) {
  Json compared;
  if (comparison != nullptr) {
    compared = Json::object()
                   .set("bicubic", error_json(comparison->bicubic))
                   .set("superresolved", error_json(comparison->superresolved))
                   .set("interval_coverage", coverage_json(comparison->coverage));
  }
  return result_object("isthmus.superresolve/1")
      .set("model", model_json(model))
      .set("data", std::move(data))
      .set("device", std::move(device))
      .set("n", run.n)
      .set("seed", run.settings.verb.seed)
      .set("factor", run.factor)
      .set("steps", run.settings.steps)
      .set("draws", run.settings.draws)
      .set("sigma", optional_number(run.sigma))
      .set("mixing", mixing_json(run.mixing))
      .set("comparison", std::move(compared));
}

Json interpolate_json(const InterpolateSettings& settings, const Model& model, Json data,
                      Json device) {
  Json pairs = Json::array();
  for (const auto& [a, b] : settings.pairs) pairs.push_back(shape_json({a, b}));
  return result_object("isthmus.interpolate/1")
      .set("model", model_json(model))
      .set("data", std::move(data))
      .set("device", std::move(device))
      .set("pairs", std::move(pairs))
      .set("steps", settings.steps)
      .set("path", settings.path == LatentPath::kLinear ? "linear" : "spherical");
}

}  // namespace isthmus
