// SPDX-License-Identifier: Apache-2.0
// Terms as JSON and conditions on them (`--require`, `--target`). Names and signs are fixed here
// and nowhere else.
#include "isthmus/model_file/terms.h"

#include "isthmus/base/options.h"

namespace isthmus {

bool is_common_term(std::string_view name) {
  return name == "objective" || name == "elbo" || name == "elbo_se" || name == "reconstruction" ||
         name == "kl";
}

double Terms::score() const {
  if (!std::isnan(elbo)) return elbo;
  return std::isnan(reconstruction) ? -term_of(*this, "loss") : -reconstruction;
}

double term_of(const Terms& terms, std::string_view name) {
  if (name == "log_prob" && terms.exact()) return terms.elbo;
  if (name == "objective") return terms.objective;
  if (name == "elbo") return terms.elbo;
  if (name == "reconstruction") return terms.reconstruction;
  if (name == "kl") return terms.kl;
  for (const auto& [other, value] : terms.others) {
    if (other == name) return value;
  }
  return kUnknown;
}

Json terms_json(const Terms& terms) {
  Json json = Json::object()
                  .set("objective", Json::finite_or_null(terms.objective))
                  .set("elbo", Json::finite_or_null(terms.elbo))
                  .set("elbo_se", Json::finite_or_null(terms.elbo_se))
                  .set("reconstruction", Json::finite_or_null(terms.reconstruction))
                  .set("kl", Json::finite_or_null(terms.kl));
  for (const auto& [name, value] : terms.others) json.set(name, Json::finite_or_null(value));
  return json;
}

double number_or_unknown(const Json& json) { return json.is_null() ? kUnknown : json.as_double(); }

Terms terms_from_json(const Json& json) {
  Terms terms = {.objective = number_or_unknown(json.at("objective")),
                 .elbo = number_or_unknown(json.at("elbo")),
                 .elbo_se = number_or_unknown(json.at("elbo_se")),
                 .reconstruction = number_or_unknown(json.at("reconstruction")),
                 .kl = number_or_unknown(json.at("kl"))};
  for (const auto& [key, value] : json.as_object()) {
    if (!is_common_term(key)) terms.others.emplace_back(key, number_or_unknown(value));
  }
  return terms;
}

void require_keys(const Json& json, const std::vector<std::string>& keys) {
  for (const auto& [key, value] : json.as_object()) {
    bool known = false;
    for (const std::string& k : keys) known = known || k == key;
    if (!known) {
      throw Error(ErrorCode::kModelConfig, "unknown key \"" + escape_for_terminal(key) + "\"", {},
                  {.key = key});
    }
  }
}

bool Condition::met_by(double value) const {
  if (comparison == ">") return value > bound;
  if (comparison == ">=") return value >= bound;
  if (comparison == "<") return value < bound;
  return value <= bound;
}

Condition parse_condition(const std::string& text, const std::string& key,
                          const std::vector<std::string>& names) {
  const size_t at = text.find_first_of("<>");
  if (at == std::string::npos || at == 0) {
    throw Error(ErrorCode::kBadValue, key + " = \"" + text + "\" is not a condition",
                "a condition looks like \"elbo>-250\"", {.key = key});
  }
  Condition condition{.name = text.substr(0, at), .comparison = text.substr(at, 1), .text = text};
  const bool equal = text.size() > at + 1 && text[at + 1] == '=';
  if (equal) condition.comparison += '=';
  parse_value(key, text.substr(at + condition.comparison.size()), any_value(), condition.bound);
  for (const std::string& name : names) {
    if (name == condition.name) return condition;
  }
  const std::string nearest = nearest_word(condition.name, names);
  std::string known;
  for (const std::string& name : names) known += (known.empty() ? "" : ", ") + name;
  throw Error(ErrorCode::kBadValue,
              key + " = \"" + text + "\": there is no number \"" + condition.name + "\"",
              nearest.empty() ? "known: " + known : "did you mean " + nearest + "?", {.key = key});
}

}  // namespace isthmus
