// SPDX-License-Identifier: Apache-2.0
// The list of models, and the graph of a training step up to the objective. Gradients and updates
// are added by optim, behind it; how the terms combine is said in the file of each model.
#include "isthmus/models/model.h"

#include <cmath>
#include <limits>

#include "isthmus/models/parts.h"

namespace isthmus {

const std::vector<ModelDef>& all_models() {
  static const std::vector<ModelDef> all = {
#define ISTHMUS_ENTRY(name) models::name(),
#include "isthmus/builtin_models.inc"
#undef ISTHMUS_ENTRY
  };
  return all;
}

std::vector<std::string> model_names() {
  std::vector<std::string> names;
  for (const ModelDef& def : all_models()) names.emplace_back(def.name);
  return names;
}

const ModelDef& find_model(std::string_view name) {
  for (const ModelDef& def : all_models()) {
    if (def.name == name) return def;
  }
  const std::string near = nearest_word(name, model_names());
  throw Error(ErrorCode::kBadValue, "there is no model \"" + std::string(name) + "\"",
              near.empty() ? "vae is the usual one" : "did you mean \"" + near + "\"?",
              {.key = "model.name"});
}

ModelOutput build_training(GraphBuilder& g, const ModelSetup& setup) {
  const ModelDef& def = find_model(setup.model.name);
  g.set_source("models/" + std::string(def.name) + ".cc");
  find_likelihood(setup.model.likelihood).check_range(setup.data);
  const Likelihood likelihood = make_likelihood(g, setup);
  ModelInputs in{.x = data_input(g, setup), .likelihood = &likelihood, .kl_weight = {}};
  if (def.has_posterior) in.kl_weight = g.scalar("kl_weight");
  ModelOutput model = def.build(g, in, setup);
  g.output("objective", model.objective);
  g.output("reconstruction", model.reconstruction);
  if (def.has_posterior) g.output("kl", model.kl);
  return model;
}

double beta_of(const ModelOptions& options) {
  constexpr double kBetaVae = 4;  // Higgins 2017 sweeps 1 to 16
  return options.name == "beta_vae" ? options.beta.value_or(kBetaVae) : 1.0;
}

double log_scale(const ModelSetup& setup) {
  const Measure measure = find_likelihood(setup.model.likelihood).measure(setup.data);
  if (measure == Measure::kMass) return 0;
  if (measure == Measure::kScore) return std::numeric_limits<double>::quiet_NaN();
  const std::vector<double>& scale = setup.data.scaling.scale;
  double sum = 0;
  for (const double s : scale) sum += std::log(s);
  return sum * static_cast<double>(setup.data.num_values()) / static_cast<double>(scale.size());
}

std::string density_of(const ModelSetup& setup) {
  const Measure measure = find_likelihood(setup.model.likelihood).measure(setup.data);
  if (measure == Measure::kMass) return "the data (a mass)";
  if (measure == Measure::kScore) return "grey values (a score)";
  if (setup.data.scaling.kind == "standardize") return "standardized values";
  return setup.data.scaling.kind == "unit" ? "values scaled to [0, 1]" : "the data";
}

std::string resolved_sigma(const ModelSetup& setup) {
  if (setup.model.sigma != "auto") return setup.model.sigma;
  // Without a kl nothing keeps a learned sigma from going to 0 in one column and giving up others.
  if (!find_model(setup.model.name).has_posterior) return "1";
  return setup.data.kind == DataKind::kTable ? "per_dimension" : "learned";
}

}  // namespace isthmus
