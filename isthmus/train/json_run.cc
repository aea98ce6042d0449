// SPDX-License-Identifier: Apache-2.0
// The JSON of a run: isthmus.train/1 (and run.json, which is the same and more), and the lines of
// isthmus.progress/1 and isthmus.metrics/1.
#include "isthmus/train/json_run.h"

#include "isthmus/base/version.h"
#include "isthmus/verbs/json_results.h"

namespace isthmus {
namespace {

Json number_or_null(double value) { return Json::finite_or_null(value); }
Json count_or_null(int64_t value) { return value < 0 ? Json() : Json(value); }
Json text_or_null(const std::string& text) { return text.empty() ? Json() : Json(text); }
Json terms_or_null(const std::optional<Terms>& terms) {
  return terms ? terms_json(*terms) : Json();
}

Json shape_json(const Shape& shape) {
  Json out = Json::array();
  for (int64_t size : shape) out.push_back(size);
  return out;
}

Json texts_json(const std::vector<std::string>& texts) {
  Json out = Json::array();
  for (const std::string& text : texts) out.push_back(text);
  return out;
}

Json split_json(const TrainResult& r, const std::string& source, const std::string& split,
                int64_t n) {
  if (n == 0) return Json();
  return Json::object()
      .set("source", source)
      .set("split", text_or_null(split))
      .set("n", n)
      .set("shape", shape_json(r.summary.item_shape))
      .set("dtype", r.summary.dtype)
      .set("labels", count_or_null(r.num_labels))
      .set("fingerprint", text_or_null(r.data_fingerprint));
}

Json run_model_json(const TrainResult& r) {
  return Json::object()
      .set("path", r.model_path)
      .set("digest", text_or_null(r.model_digest))
      .set("name", r.summary.model_name)
      .set("arch", r.summary.arch)
      .set("latent_dim", r.summary.latent_dim)
      .set("parameters", r.summary.parameters)
      .set("likelihood", r.summary.likelihood)
      .set("normalized", r.summary.normalized)
      .set("summary", r.summary.model);
}

Json facts_json(const TrainResult& r) {
  if (r.fit_facts.empty()) return Json();
  Json facts = Json::object();
  for (const auto& [name, value] : r.fit_facts) facts.set(name, number_or_null(value));
  return facts;
}

/// Of what the run was judged by: test, else validation, else training items.
double elbo_in_data_units(const TrainResult& r) {
  const Terms terms = r.test ? *r.test : r.val ? *r.val : r.train.value_or(Terms{});
  return terms.elbo + r.summary.log_scale;
}

/// The fields that progress and metrics lines share.
Json line(std::string_view schema, std::string_view kind, int64_t step, int64_t epoch,
          const Terms& terms) {
  return Json::object()
      .set("schema", schema)
      .set("kind", kind)
      .set("step", step)
      .set("epoch", epoch)
      .set("terms", terms_json(terms));
}

}  // namespace

Json choices_json(const std::vector<Choice>& choices) {
  Json out = Json::array();
  for (const Choice& choice : choices) {
    out.push_back(Json::object()
                      .set("key", choice.key)
                      .set("value", choice.value)
                      .set("origin", choice.origin)
                      .set("reason", text_or_null(choice.reason)));
  }
  return out;
}

Json train_json(const TrainResult& r) {
  Json checkpoint;
  if (!r.checkpoint_path.empty()) {
    checkpoint = Json::object().set("path", r.checkpoint_path).set("step", r.checkpoint_step);
  }
  Json wrote = Json::array();
  for (const WrittenFile& file : r.wrote) {
    const std::string format = extension(file.path);
    const char* kind = format == "png" ? "picture" : format == "safetensors" ? "model" : "record";
    wrote.push_back(wrote_json(file.path, kind, format, {}, "", file.bytes));
  }
  return result_object("isthmus.train/1")
      .set("wrote", std::move(wrote))
      .set("seconds", r.seconds)
      .set("status", r.status)
      .set("stop_reason", text_or_null(r.stop_reason))
      .set("run", text_or_null(r.run))
      .set("seed", r.seed)
      .set("resumed_from_step", r.resumed_from_step ? Json(*r.resumed_from_step) : Json())
      .set("data",
           Json::object()
               .set("train",
                    split_json(r, r.summary.data, r.summary.data_split, r.summary.num_train))
               .set("val", split_json(r, r.summary.val_source, "validation", r.summary.num_val))
               .set("test", r.test_data))
      .set("model", run_model_json(r))
      .set("device", device_json(r.summary.device, r.summary.precision))
      .set("choices", choices_json(r.choices))
      .set("epochs", r.epochs)
      .set("steps", r.steps)
      .set("best_epoch", r.best_epoch == 0 ? Json() : Json(r.best_epoch))
      .set("train", terms_or_null(r.train))
      .set("val", terms_or_null(r.val))
      .set("test", terms_or_null(r.test))
      .set("active_units", count_or_null(r.active_units))
      .set("fit", facts_json(r))
      .set("density_of", r.summary.density_of)
      .set("elbo_in_data_units", number_or_null(elbo_in_data_units(r)))
      .set("independent_columns",
           r.independent_columns ? number_or_null(r.independent_columns->value) : Json())
      .set("data_floor", number_or_null(r.data_floor))
      .set("items_per_second", number_or_null(r.items_per_second))
      .set("rollbacks", r.rollbacks)
      .set("peak_memory_bytes", r.peak_memory_bytes)
      .set("memory_estimate_bytes", r.memory_estimate_bytes)
      .set("checkpoint", std::move(checkpoint))
      .set("weights_sha256", text_or_null(r.weights_sha256))
      .set("determinism", r.determinism)
      .set("next", texts_json(r.next));
}

Json progress_json(const Progress& p) {
  return line("isthmus.progress/1", "step", p.step, p.epoch, p.terms)
      .set("learning_rate", p.learning_rate)
      .set("beta", number_or_null(p.beta))
      .set("grad_norm", number_or_null(p.grad_norm))
      .set("items_per_second", p.items_per_second)
      .set("elapsed_seconds", p.elapsed_seconds)
      .set("eta_seconds", number_or_null(p.eta_seconds))
      .set("active_units", Json())
      .set("event", Json());
}

std::vector<Json> metrics_json(const EpochRecord& r) {
  const auto rest = [&](Json json) {
    return json.set("learning_rate", r.learning_rate)
        .set("beta", number_or_null(r.beta))
        .set("grad_norm", number_or_null(r.grad_norm))
        .set("items_per_second", Json())  // no clock: the same run writes the same bytes
        .set("elapsed_seconds", Json())
        .set("active_units", count_or_null(r.active_units))
        .set("event", Json());
  };
  std::vector<Json> lines = {rest(line("isthmus.metrics/1", "epoch", r.step, r.epoch, r.train))};
  if (!std::isnan(r.val.score())) {
    lines.push_back(rest(line("isthmus.metrics/1", "validation", r.step, r.epoch, r.val)));
    lines.back().set("best", r.best);
  }
  return lines;
}

Json event_json(const TrainEvent& event, int64_t epoch) {
  return line("isthmus.metrics/1", "event", event.step, epoch, {})
      .set("learning_rate", Json())
      .set("beta", Json())
      .set("grad_norm", Json())
      .set("items_per_second", Json())
      .set("elapsed_seconds", Json())
      .set("active_units", Json())
      .set("event", event.kind + ": " + event.text)
      .set("code", event.code.empty() ? Json() : Json(event.code))
      .set("hint", event.hint.empty() ? Json() : Json(event.hint));
}

}  // namespace isthmus
