// SPDX-License-Identifier: Apache-2.0
// The list of models, and the graph of a training step up to the objective. Gradients and updates
// are added by optim, behind it; how the terms combine is said in the file of each model.
#include "isthmus/models/model.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "isthmus/models/corruption.h"
#include "isthmus/models/items.h"
#include "isthmus/models/posterior.h"
#include "isthmus/models/prior.h"
#include "isthmus/nn/net.h"
#include "isthmus/prob/levels.h"

namespace isthmus {
namespace {

Likelihood make_likelihood(GraphBuilder& g, const ModelSetup& setup, const std::string& sigma,
                           Mode mode = Mode::kInference) {
  const LikelihoodSetup likelihood = {
      .num_values = setup.data.num_values(),
      .initial_sigma = setup.initial_sigma.value_or(default_sigma(setup.data)),
      .min_sigma = least_sigma(setup),
      .levels = levels_of(setup.data),
      .training = mode == Mode::kTraining};
  OwnOptions own = setup.own;
  own.texts["model.sigma"] = sigma;
  return all_likelihoods().find(setup.model.likelihood).make(g, likelihood, own);
}

}  // namespace

const Registry<ModelDef>& all_models() {
  static const Registry<ModelDef> all({.noun = "model", .key = "model.name", .usual = "vae"}, {
#define ISTHMUS_ENTRY(name) models::name(),
#include "isthmus/builtin_models.inc"
#undef ISTHMUS_ENTRY
                                                                                              });
  return all;
}

const Registry<PriorDef>& all_priors() {
  static const Registry<PriorDef> all({.noun = "prior", .key = "model.prior", .usual = "normal"},
                                      {
#define ISTHMUS_ENTRY(name) priors::name(),
#include "isthmus/builtin_priors.inc"
#undef ISTHMUS_ENTRY
                                      });
  return all;
}

const Registry<PosteriorDef>& all_posteriors() {
  static const Registry<PosteriorDef> all(
      {.noun = "posterior", .key = "model.posterior", .usual = "normal"}, {
#define ISTHMUS_ENTRY(name) posteriors::name(),
#include "isthmus/builtin_posteriors.inc"
#undef ISTHMUS_ENTRY
                                                                          });
  return all;
}

const Registry<CorruptionDef>& all_corruptions() {
  static const Registry<CorruptionDef> all(
      {.noun = "corruption", .key = "model.corruption", .usual = "gaussian"}, {
#define ISTHMUS_ENTRY(name) corruptions::name(),
#include "isthmus/builtin_corruptions.inc"
#undef ISTHMUS_ENTRY
                                                                              });
  return all;
}

const std::vector<OptionOwner>& model_option_owners() {
  static const std::vector<OptionOwner> owners = [] {
    std::vector<OptionOwner> all;
    for (auto zoo :
         {all_models().owners(), all_nets().owners(), all_priors().owners(),
          all_posteriors().owners(), all_likelihoods().owners(), all_corruptions().owners()}) {
      all.insert(all.end(), zoo.begin(), zoo.end());
    }
    return all;
  }();
  return owners;
}

std::vector<BoundOption> all_model_options() { return united_options(model_option_owners()); }

std::vector<const OptionOwner*> chosen_owners(const ModelSetup& setup) {
  ModelOptions model = setup.model;
  const std::vector<BoundOption> bound = bind_options(model, "model.");
  return chosen_owners(model_option_owners(), setup.own, [&](std::string_view key) {
    for (const BoundOption& option : bound) {
      if (option.key == key) return option.get();
    }
    return std::string();
  });
}

std::vector<BoundOption> ModelDef::options() const {
  std::vector<BoundOption> all = make.options();
  for (BoundOption& option : fit.options()) {
    const auto same = [&](const BoundOption& other) { return other.key == option.key; };
    if (std::none_of(all.begin(), all.end(), same)) all.push_back(std::move(option));
  }
  return all;
}

bool ModelDef::allows(std::string_view likelihood) const {
  return likelihoods.empty() ||
         std::find(likelihoods.begin(), likelihoods.end(), likelihood) != likelihoods.end();
}

Parts make_parts(const ModelBuild& b) {
  const ModelDef& def = all_models().find(b.setup.model.name);
  require_likelihood(def, b.setup.model.likelihood);
  return def.make(b, b.setup.own);
}

void require_likelihood(const ModelDef& def, const std::string& likelihood) {
  if (def.allows(likelihood)) return;
  throw Error(ErrorCode::kConflict,
              "model " + std::string(def.name) + " does not go with likelihood " + likelihood,
              "--likelihood " + std::string(def.likelihoods.front()) + ", or leave it out",
              {.key = "model.likelihood"});
}

std::vector<double> least_sigma(const ModelSetup& setup) {
  std::vector<double> errors = rounding_errors(setup.data);
  if (!all_models().find(setup.model.name).one_sigma) return errors;
  double squares = 0;
  for (const double error : errors) squares += error * error;
  return {std::sqrt(squares / static_cast<double>(errors.size()))};
}

ModelBuild start_build(GraphBuilder& g, const ModelSetup& setup, Mode mode) {
  return {{g, mode}, setup, make_likelihood(g, setup, resolved_sigma(setup), mode)};
}

Value given_items(const ModelBuild& b) {
  Value x = b.g.input("x", b.setup.data.item_shape);
  if (b.setup.data.item_shape.size() == 1) return x;
  return b.g.reshape({{"shape", Shape{b.setup.data.num_values()}}}, x);
}

namespace {

/// In training, grey items that are drawn to black and white anew.
Value training_items(const ModelBuild& b) {
  const Value x = given_items(b);
  if (b.mode == Mode::kInference || b.setup.data.binarize != "dynamic") return x;
  return b.g.less(b.g.uniform("binarize", b.g.shape(x)), x);
}

}  // namespace

Given given_data(const ModelBuild& b) {
  const Value x = training_items(b);
  Given given = given_condition(b);
  const auto& view = b.likelihood.encoder_view;
  given.x = corrupted(b, x);
  if (view) given.x = view(b.g, given.x);
  given.target = x;
  return given;
}

Given given_condition(const ModelBuild& b) {
  Given given;
  const int64_t width = b.setup.data.condition.width();
  if (width > 0) given.context = b.g.input("context", {width});
  return given;
}

void require_noise(const DataSpec& data, double level, double per_level) {
  const ValueRange range = scaled_range(data);
  const double span = range.high - range.low, most = kMostNoise * span / per_level;
  if (!(span > 0) || level <= most) return;
  const auto text = [](double v) { return print_value(static_cast<float>(v)); };
  throw Error(ErrorCode::kBadValue,
              std::string(kLevelKey) + " = " + print_value(level) + " is noise of more than " +
                  text(kMostNoise) + " times the range of the data (" + text(range.low) + " to " +
                  text(range.high) + " on the model's scale): nothing of an item is left",
              "at most " + text(most), {.key = std::string(kLevelKey)});
}

Value corrupted(const ModelBuild& b, Value x) {
  const std::string& name = b.setup.model.corruption;
  if (b.mode == Mode::kInference || name == "none") return x;
  return all_corruptions().find(name).corrupt(b, x, b.setup.own);
}

Abilities abilities_of(const ModelSetup& setup) {
  GraphBuilder g;
  // Any sigma will do: the automatic one asks for these abilities.
  const ModelBuild b{{g, Mode::kInference}, setup, make_likelihood(g, setup, "1")};
  const Parts parts = make_parts(b);
  Abilities abilities{.latent_dim = parts.latent_dim,
                      .encodes = static_cast<bool>(parts.code),
                      .decodes = static_cast<bool>(parts.decode),
                      .codes = parts.code && parts.decode,
                      .elbo = parts.posterior && parts.prior,
                      .samples = parts.draw || (parts.prior && parts.decode),
                      .draws_at_once = static_cast<bool>(parts.draw),
                      .density = static_cast<bool>(parts.log_prob),
                      .exact = parts.log_prob && !parts.code && !parts.posterior,
                      .loss = static_cast<bool>(parts.loss),
                      .classifies = static_cast<bool>(parts.classify)};
  if (parts.prior) abilities.standard_prior = parts.prior({}).standard_normal;
  if (parts.posterior)
    abilities.normal_posterior = parts.posterior(given_data(b)).normal.has_value();
  return abilities;
}

void require_range(const ModelSetup& setup) {
  try {
    all_likelihoods().find(setup.model.likelihood).check_range(setup.data);
  } catch (const Error& error) {
    if (all_models().find(setup.model.name).likelihoods.empty()) throw;
    // The remedy of the likelihood names others, which this model does not go with.
    throw Error(error.code(), error.message(),
                "scale them: --scale unit    or choose another model: --model vae", error.where());
  }
}

Training build_training(GraphBuilder& g, const ModelSetup& setup) {
  g.set_source("models/zoo/" + setup.model.name + ".cc");
  require_range(setup);
  const ModelBuild b = start_build(g, setup, Mode::kTraining);
  const Parts parts = make_parts(b);
  if (!parts.training) {
    throw Error(ErrorCode::kImpossible, "model " + setup.model.name + " is fitted without steps",
                "isthmus train fits it", {.key = "model.name"});
  }
  const Training training = parts.training(given_data(b));
  for (const Objective& objective : training.objectives) {
    g.output(objective.name.empty() ? "objective" : "objective/" + objective.name, objective.value);
  }
  for (const Term& term : training.terms) g.output("term/" + term.name, term.mean);
  return training;
}

double log_scale(const ModelSetup& setup) {
  const Measure measure = all_likelihoods().find(setup.model.likelihood).measure(setup.data);
  if (measure == Measure::kMass) return 0;
  if (measure == Measure::kScore) return std::numeric_limits<double>::quiet_NaN();
  const std::vector<double>& scale = setup.data.scaling.scale;
  double sum = 0;
  for (const double s : scale) sum += std::log(s);
  return sum * static_cast<double>(setup.data.num_values()) / static_cast<double>(scale.size());
}

std::string density_of(const ModelSetup& setup) {
  const Measure measure = all_likelihoods().find(setup.model.likelihood).measure(setup.data);
  if (measure == Measure::kMass) return "the data (a mass)";
  if (measure == Measure::kScore) return "grey values (a score)";
  if (setup.data.scaling.kind == "standardize") return "standardized values";
  return setup.data.scaling.kind == "unit" ? "values scaled to [0, 1]" : "the data";
}

std::string resolved_sigma(const ModelSetup& setup) {
  const auto stated = setup.own.texts.find("model.sigma");
  if (stated != setup.own.texts.end() && stated->second != "auto") return stated->second;
  for (const auto& [key, value] : all_models().find(setup.model.name).defaults) {
    if (key == "model.sigma") return std::string(value);
  }
  // Without a kl nothing keeps a learned sigma from going to 0 in one column and giving up others.
  if (!abilities_of(setup).elbo) return "1";
  return setup.data.kind == DataKind::kTable ? "per_dimension" : "learned";
}

}  // namespace isthmus
