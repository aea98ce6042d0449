// SPDX-License-Identifier: Apache-2.0
// What a resumed run takes over, and what it may change.
#include <algorithm>

#include "isthmus/base/digest.h"
#include "isthmus/optim/schedules.h"
#include "isthmus/train/choices.h"
#include "isthmus/train/option_faults.h"

namespace isthmus {
namespace {

/// Keys a resumed run may set anew: none of them changes a step, but see depends_on_end.
const std::vector<std::string>& harmless_keys() {
  static const std::vector<std::string> keys = {"train.epochs", "train.time", "train.target",
                                                "train.patience", "data.search_path"};
  return keys;
}

bool is_harmless(const std::string& key) {
  if (key == "run.seed") return false;
  for (const char* section : {"run.", "machine.", "limits."}) {
    if (key.rfind(section, 0) == 0) return true;
  }
  const auto& keys = harmless_keys();
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

/// The last epoch decides every step where the schedule spans the run.
bool depends_on_end(const std::string& key, const TrainOptions& run) {
  return key == "train.epochs" && all_schedules().find(run.optimizer.schedule).spans_run;
}

bool is_asked(const BoundOption& option, const OptionOrigins& origins) {
  return origins.count(option.key) > 0 || option.get() != option.default_text;
}

/// What the user set and the run does not have, with the values that the run has without it: keys
/// of newer versions. Error E2005 for those of definitions that the run did not choose.
std::vector<Choice> unstored(TrainOptions& run, const std::vector<Choice>& stored,
                             const std::vector<BoundOption>& asked, const OptionOrigins& origins) {
  const std::vector<BoundOption> bound = bind_options(run);
  OptionFaults faults(run);
  std::vector<Choice> missing;
  for (const BoundOption& ask : asked) {
    const auto same = [&](const Choice& choice) { return choice.key == ask.key; };
    if (!is_asked(ask, origins) || std::ranges::any_of(stored, same)) continue;
    if (!ask.owners.empty() && faults.chosen_option(ask.key) == nullptr) {
      faults.add(ask);
    } else {
      missing.push_back({.key = ask.key, .value = find_option(bound, ask.key).get(), .reason = ""});
    }
  }
  faults.refuse();
  return missing;
}

/// A value that the user asks for in place of the run's. Error E4403.
void change(Choice& choice, const BoundOption& ask, const OptionOrigins& origins,
            const TrainOptions& run) {
  if (!is_asked(ask, origins) || ask.get() == choice.value) return;
  const bool moves_end = depends_on_end(choice.key, run);
  if (moves_end || !is_harmless(choice.key)) {
    const std::string why =
        moves_end ? ", and schedule " + run.optimizer.schedule + " ends with the run" : "";
    throw Error(
        ErrorCode::kResumeConfig,
        choice.key + " is " + choice.value + " in the run, " + ask.get() + " was asked for" + why,
        "leave it out to go on as before, or start a new run", {.key = choice.key});
  }
  const auto origin = origins.find(choice.key);
  choice.value = ask.get();
  choice.origin = origin != origins.end() ? origin->second : "flag";
  choice.reason = "changed on resume";
}

}  // namespace

ResolvedOptions replay_options(const std::vector<Choice>& stored, const TrainOptions& requested,
                               const OptionOrigins& origins) {
  ResolvedOptions resolved;
  const std::vector<BoundOption> bound = bind_options(resolved.options);
  TrainOptions wanted = requested;
  const std::vector<BoundOption> asked = bind_options(wanted);
  for (const Choice& choice : stored) find_option(bound, choice.key).set(choice.value);
  for (Choice choice : stored) {
    change(choice, find_option(asked, choice.key), origins, resolved.options);
    resolved.choices.push_back(std::move(choice));
  }
  for (Choice& choice : unstored(resolved.options, stored, asked, origins)) {
    change(choice, find_option(asked, choice.key), origins, resolved.options);
    resolved.choices.push_back(std::move(choice));
  }
  for (const Choice& choice : resolved.choices) find_option(bound, choice.key).set(choice.value);
  return resolved;
}

std::string config_hash(const std::vector<Choice>& choices) {
  std::string text;
  for (const Choice& choice : choices) {
    if (!is_harmless(choice.key)) text += choice.key + "=" + choice.value + "\n";
  }
  return xxh3_128_label(std::as_bytes(std::span(text)));
}

}  // namespace isthmus
