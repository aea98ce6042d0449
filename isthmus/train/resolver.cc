// SPDX-License-Identifier: Apache-2.0
// Whose an option is, and what becomes of those that nobody has.
#include "isthmus/train/resolver.h"

#include <algorithm>

#include "isthmus/base/text.h"
#include "isthmus/models/parts.h"

namespace isthmus {
namespace {

constexpr std::string_view kLatentKey = "model.latent_dim", kSigmaKey = "model.sigma";

bool is_of_steps(const std::string& key) {
  return key.starts_with("train.") || key.starts_with("optimizer.");
}

}  // namespace

Resolver::Resolver(const TrainOptions& options, const OptionOrigins& origins)
    : options_(options), bound_(bind_options(options_)) {
  for (const BoundOption& option : bound_) {
    Choice choice{.key = option.key, .value = "", .origin = "built-in", .reason = ""};
    const auto at = origins.find(option.key);
    if (at != origins.end()) choice.origin = at->second;
    if (at == origins.end() && option.get() != option.default_text) choice.origin = "flag";
    choices_.push_back(std::move(choice));
  }
}

bool Resolver::set_by_user(const std::string& key) {
  const std::string& origin = choice(key).origin;
  return origin != "built-in" && origin != "auto" && origin != "preset" && origin != "model";
}

void Resolver::set(const std::string& key, const std::string& value, const std::string& origin,
                   const std::string& reason) {
  find_option(bound_, key).set(value);
  choice(key).origin = origin;
  choice(key).reason = reason;
}

void Resolver::settle_own_options() {
  OptionFaults faults(options_);
  if (fitted()) drop_options_of_steps(faults);
  if (!takes_latent_dim()) drop_latent_dim(faults);
  if (!takes_sigma()) drop_sigma(faults);
  for (const BoundOption& option : bound_) {
    if (option.owners.empty() || (fitted() && is_of_steps(option.key))) continue;
    if (option.key == kSigmaKey && !takes_sigma()) continue;
    const BoundOption* own = faults.chosen_option(option.key);
    OwnOptions& texts =
        option.key.starts_with("optimizer.") ? options_.optimizer.own : options_.own;
    if (own != nullptr) {
      const auto at = texts.texts.emplace(option.key, own->default_text).first;
      own->set(at->second);
      continue;
    }
    if (set_by_user(option.key)) faults.add(option);
    texts.texts.erase(option.key);
    std::erase_if(choices_, [&](const Choice& c) { return c.key == option.key; });
  }
  faults.refuse();
}

std::vector<std::string> Resolver::without_effect() {
  const OptionFaults chosen(options_);
  std::vector<std::string> keys;
  for (const BoundOption& option : bound_) {
    if (!set_by_user(option.key)) continue;
    const bool foreign = !option.owners.empty() && chosen.chosen_option(option.key) == nullptr;
    const bool no_latent = (option.key == kLatentKey && !takes_latent_dim()) ||
                           (option.key == kSigmaKey && !takes_sigma());
    const bool other = option.key == "model.likelihood" && option.get() != "auto" &&
                       !all_models().find(options_.model.name).allows(option.get());
    const bool of_steps = is_of_steps(option.key) || option.of_steps;
    if (foreign || no_latent || other || (fitted() && of_steps)) keys.push_back(option.key);
  }
  return keys;
}

bool Resolver::fitted() const {
  return static_cast<bool>(all_models().find(options_.model.name).fit);
}

bool Resolver::takes_latent_dim() const {
  return all_models().find(options_.model.name).takes_latent_dim;
}

bool Resolver::takes_sigma() const { return all_models().find(options_.model.name).takes_sigma; }

std::vector<Choice> Resolver::finish() {
  for (Choice& choice : choices_) choice.value = find_option(bound_, choice.key).get();
  return choices_;
}

void Resolver::drop_options_of_steps(OptionFaults& faults) {
  std::vector<std::string> keys;
  for (const BoundOption& option : bound_) {
    if (is_of_steps(option.key) && set_by_user(option.key)) keys.push_back(option.key);
  }
  if (!keys.empty()) {
    faults.add(join(keys, ", ") + (keys.size() == 1 ? " has" : " have") + " no effect on " +
               options_.model.name + ", which is fitted without steps");
  }
  std::erase_if(choices_, [](const Choice& choice) { return is_of_steps(choice.key); });
}

void Resolver::drop_latent_dim(OptionFaults& faults) {
  if (set_by_user(std::string(kLatentKey))) {
    faults.add(std::string(kLatentKey) + " has no effect on " + options_.model.name +
               ", whose size it does not decide");
  }
  options_.model.latent_dim = "auto";
  std::erase_if(choices_, [](const Choice& choice) { return choice.key == kLatentKey; });
}

void Resolver::drop_sigma(OptionFaults& faults) {
  const std::string key(kSigmaKey);
  if (set_by_user(key)) {
    faults.add(key + " has no effect on " + options_.model.name + ", which has no such width");
  }
  options_.own.texts.erase(key);
  std::erase_if(choices_, [&](const Choice& choice) { return choice.key == key; });
}

Choice& Resolver::choice(const std::string& key) {
  for (Choice& c : choices_) {
    if (c.key == key) return c;
  }
  ISTHMUS_CHECK(false, "no option " + key);
}

}  // namespace isthmus
