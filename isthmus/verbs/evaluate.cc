// SPDX-License-Identifier: Apache-2.0
// Measures a model on data: terms per item from the evaluation graph, metrics of the
// reconstruction, the floor of the data, conditions. The bound with K samples is in bound.cc.
#include "isthmus/verbs/evaluate.h"

#include <algorithm>
#include <cmath>

#include "isthmus/base/clock.h"
#include "isthmus/data/labels.h"
#include "isthmus/data/scaling.h"
#include "isthmus/metrics/metric.h"
#include "isthmus/models/inference.h"
#include "isthmus/verbs/bound.h"
#include "isthmus/verbs/fit_data.h"
#include "isthmus/verbs/graph_runner.h"
#include "isthmus/verbs/infer.h"
#include "isthmus/verbs/item_terms.h"
#include "isthmus/verbs/judge.h"

namespace isthmus {
namespace {

std::vector<std::string> condition_names() {
  std::vector<std::string> names = {"elbo",           "reconstruction", "kl",       "iwae",
                                    "log_likelihood", "bits_per_dim",   "accuracy", "loss"};
  for (const MetricDef& metric : all_metrics()) names.emplace_back(metric.name);
  for (const JudgeDef& metric : all_judgements()) names.emplace_back(metric.name);
  return names;
}

double value_of(const EvalResult& r, const std::string& name) {
  if (name == "iwae") return r.iwae ? r.iwae->value : kUnknown;
  if (name == "log_likelihood") return r.log_likelihood;
  if (name == "bits_per_dim") return r.bits_per_dim;
  const double term = term_of(r.terms, name);
  return std::isnan(term) ? r.metric(name) : term;
}

/// One metric that was asked for and what it needs.
struct ActiveMetric {
  const MetricDef* def = nullptr;
  std::unique_ptr<Metric> metric;
  bool needs(Need need) const {
    return std::find(def->needs.begin(), def->needs.end(), need) != def->needs.end();
  }
};

/// What a metric of codes and reconstructions needs is there.
bool has_needs(const MetricDef& def, const Abilities& has) {
  return std::all_of(def.needs.begin(), def.needs.end(), [&](Need need) {
    return need == Need::kReconstruction ? has.codes : has.encodes;
  });
}

std::vector<ActiveMetric> choose_metrics(const Model& model, const EvalOptions& options) {
  std::vector<ActiveMetric> active;
  const Abilities has = model.abilities();
  const MetricSetup setup{.item_shape = model.spec().item_shape,
                          .latent_dim = model.latent_dim(),
                          .dynamic_range = dynamic_range(model.spec())};
  const auto add = [&](const MetricDef& def) {
    active.push_back({.def = &def, .metric = def.make(setup)});
  };
  for (const std::string& name : options.metrics) {
    if (is_judgement(name)) continue;
    const MetricDef& def = all_metrics().find(name);
    if (!def.applies(model.spec())) {
      throw Error(ErrorCode::kImpossible, "metric " + name + " does not apply to these data",
                  std::string(def.summary), {.key = "metrics"});
    }
    if (!has_needs(def, has)) {
      throw Error(ErrorCode::kImpossible,
                  "metric " + name + " is one of codes, and " + model.options().name + " has none",
                  "leave it out", {.key = "metrics"});
    }
    add(def);
  }
  for (const MetricDef& def : all_metrics()) {
    if (options.metrics.empty() && def.applies(model.spec()) && has_needs(def, has)) add(def);
  }
  return active;
}

/// Runs the cheapest graph that gives what the metrics need.
void feed_metrics(Session& session, const Dataset& fitted, int64_t count,
                  const VerbSettings& settings, std::vector<ActiveMetric>& metrics) {
  const Model& model = session.model();
  const bool decodes = std::any_of(metrics.begin(), metrics.end(), [](const ActiveMetric& m) {
    return m.needs(Need::kReconstruction);
  });
  GraphRunner& runner = decodes ? reconstruct_runner(session, Draw::kNone, settings)
                                : encode_runner(session, Draw::kNone, settings);
  runner.bind(fitted, model.spec());
  runner.for_each_batch(count, [&](int64_t first, int64_t rows) {
    MetricBatch batch{.rows = rows, .posterior_means = runner.executor().rows("posterior_mean")};
    Tensor originals;
    if (decodes) {
      originals =
          apply_scaling(fitted.values.rows(first, rows), memory_scaling(fitted, model.spec()));
      batch.originals = originals.values<float>();
      batch.reconstructions = runner.executor().rows("mean");
    }
    for (ActiveMetric& active : metrics) active.metric->add_batch(batch);
  });
}

double bits_per_dim(const Model& model, const EvalResult& r) {
  if (model.measure() != Measure::kMass) return kUnknown;
  const double exact = std::isnan(r.terms.elbo) ? r.log_likelihood : r.terms.elbo;
  const double bound = r.iwae ? r.iwae->value : exact;
  return -bound / (static_cast<double>(model.spec().num_values()) * std::log(2.0));
}

std::vector<Condition> parse_requirements(const EvalOptions& options) {
  std::vector<Condition> conditions;
  for (const std::string& text : options.require) {
    conditions.push_back(parse_condition(text, "require", condition_names()));
    const std::string& name = conditions.back().name;
    if (name == "iwae" && options.iwae == 0) {
      throw Error(ErrorCode::kConflict,
                  "require \"" + text + "\" needs the bound, which is not asked for",
                  "add --iwae K", {.key = "require"});
    }
  }
  return conditions;
}

void fill_log_likelihood(EvalResult& r, const ItemTerms& items) {
  ItemMean mean;
  for (double log_prob : items.log_prob) mean.add(log_prob);
  if (mean.count() > 0) r.log_likelihood = mean.mean();
  if (mean.count() > 1) r.log_likelihood_se = mean.standard_error();
}

void fill_metrics(EvalResult& r, const std::vector<ActiveMetric>& metrics) {
  for (const ActiveMetric& active : metrics) {
    const MetricResult result = active.metric->finish();
    r.metrics.push_back({.name = std::string(active.def->name),
                         .value = result.value,
                         .unit = std::string(active.def->unit),
                         .better = active.def->better == Better::kHigher ? "higher" : "lower",
                         .standard_error = result.standard_error});
  }
}

/// Share of the items whose most probable class is their own; those whose class training did not
/// have count as wrong.
void add_accuracy(EvalResult& r, Session& session, const Dataset& fitted,
                  const VerbSettings& settings) {
  if (fitted.labels.empty()) return;
  const std::vector<std::string>& classes = session.model().spec().classes;
  const std::vector<int32_t> labels = labels_among(fitted, classes);
  const auto width = static_cast<ptrdiff_t>(classes.size());
  ItemMean right;
  GraphRunner& runner = session.runner("classify", "eval", settings, classify_graph);
  runner.bind(fitted, session.model().spec());
  runner.for_each_batch(r.n, [&](int64_t first, int64_t rows) {
    const std::span<const float> all = runner.executor().rows("log_class");
    for (int64_t row = 0; row < rows; ++row) {
      const auto begin = all.begin() + row * width;
      const auto best = std::max_element(begin, begin + width) - begin;
      right.add(best == labels[static_cast<size_t>(first + row)] ? 1 : 0);
    }
  });
  NamedMetric accuracy{.name = "accuracy",
                       .value = right.mean(),
                       .unit = "",
                       .better = "higher",
                       .standard_error = {}};
  if (right.count() > 1) accuracy.standard_error = right.standard_error();
  r.metrics.push_back(std::move(accuracy));
}

}  // namespace

double EvalResult::metric(std::string_view name) const {
  for (const NamedMetric& metric : metrics) {
    if (metric.name == name) return metric.value;
  }
  return kUnknown;
}

bool EvalResult::gate_met() const {
  return std::all_of(require.begin(), require.end(), [](const RequireResult& r) { return r.met; });
}

EvalResult evaluate(Session& session, const Dataset& data, const EvalOptions& options,
                    const VerbSettings& settings, const JudgeSources& sources) {
  const Model& model = session.model();
  const double start = monotonic_clock().seconds();
  const std::vector<Condition> conditions = parse_requirements(options);
  std::vector<ActiveMetric> metrics = choose_metrics(model, options);
  const Abilities has = model.abilities();
  if (options.iwae > 0 && !has.elbo) {
    throw Error(ErrorCode::kImpossible,
                model.options().name + " has no posterior: there is no bound to compute",
                "leave out --iwae", {.key = "iwae"});
  }
  if (!has.measurable()) {
    throw Error(ErrorCode::kImpossible,
                model.options().name +
                    " has neither a likelihood nor codes: nothing of it can be measured on items",
                "its draws can be: isthmus sample MODEL -n 1000 -o draws.npy",
                {.key = "model.name"});
  }
  const Dataset fitted = fit_to_model(data, model.setup);
  EvalResult r;
  r.n = std::min(options.limit.value_or(fitted.num_items()), fitted.num_items());
  r.samples = options.samples;
  r.normalized =
      all_likelihoods().find(model.options().likelihood).measure(fitted.spec) != Measure::kScore;
  r.log_scale = log_scale(model.setup);
  r.density_of = density_of(model.setup);
  TermsRunner terms(evaluation_runner(session, settings), model.setup);
  terms.bind(fitted);
  const ItemTerms items = terms.run(r.n, options.samples);
  r.terms = mean_terms(items);
  fill_log_likelihood(r, items);
  if (has.elbo) {
    if (terms.runner().has_output("kl_per_dim")) r.kl_per_dim = terms.kl_per_dim();
    r.active_units = terms.active_units();
  }
  if (!metrics.empty()) feed_metrics(session, fitted, r.n, settings, metrics);
  fill_metrics(r, metrics);
  JudgeSettings judged{.metrics = {},
                       .samples = options.drawn,
                       .extractor = sources.extractor,
                       .train = sources.train,
                       .verb = settings};
  std::ranges::copy_if(options.metrics, std::back_inserter(judged.metrics), is_judgement);
  for (NamedMetric& metric : judge(session, data, judged)) r.metrics.push_back(std::move(metric));
  if (has.classifies) add_accuracy(r, session, fitted, settings);
  if (!std::isnan(r.terms.reconstruction)) r.data_floor = data_floor(model, fitted, r.n);
  if (options.iwae > 0) {
    r.iwae = importance_bound(session, fitted, r.n, options.iwae, settings);
  }
  r.bits_per_dim = bits_per_dim(model, r);
  for (const Condition& condition : conditions) {
    const double value = value_of(r, condition.name);
    r.require.push_back(
        {.expression = condition.text, .value = value, .met = condition.met_by(value)});
  }
  r.seconds = monotonic_clock().seconds() - start;
  return r;
}

ItemTerms item_terms(Session& session, const Dataset& data, int64_t samples,
                     const VerbSettings& settings) {
  const ModelSetup& setup = session.model().setup;
  const Dataset fitted = fit_to_model(data, setup);
  TermsRunner terms(evaluation_runner(session, settings), setup);
  terms.bind(fitted);
  return terms.run(fitted.num_items(), samples);
}

}  // namespace isthmus
