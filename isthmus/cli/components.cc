// SPDX-License-Identifier: Apache-2.0
// Reads the registries; no component is named here.
#include "isthmus/cli/components.h"

#include "isthmus/cli/help.h"
#include "isthmus/cli/kernel_table.h"
#include "isthmus/metrics/metric.h"
#include "isthmus/models/corruption.h"
#include "isthmus/models/posterior.h"
#include "isthmus/models/prior.h"
#include "isthmus/nn/net.h"
#include "isthmus/optim/optimizer.h"
#include "isthmus/optim/schedules.h"

namespace isthmus {
namespace {

/// Flag, default and meaning of each option of a definition.
std::string options_table(const std::vector<BoundOption>& options) {
  std::string text;
  for (const BoundOption& option : options) {
    std::string item = "`" + (option.alias.empty() ? option.flag : option.alias) + "`";
    if (!option.default_text.empty()) item += " (" + option.default_text + ")";
    text += "- " + wrap(item + ": " + option.help, 80, 2).substr(2);
  }
  return text;
}

template <class Def>
std::string zoo_section(const char* title, const Registry<Def>& zoo) {
  std::string text = "\n## " + std::string(title) + "\n";
  for (const Def& def : zoo) {
    std::string about = std::string(def.summary) + ".";
    if constexpr (requires { def.help; }) {
      if (!def.help.empty()) about += " *When:* " + std::string(def.help) + ".";
    }
    if (!def.source.empty()) about += " [" + std::string(def.source) + "]";
    text += "\n### " + std::string(def.name) + "\n\n" + wrap(about, 80, 0);
    if constexpr (requires { def.options(); }) {
      const std::string options = options_table(def.options());
      if (!options.empty()) text += "\n" + options;
    }
  }
  return text;
}

}  // namespace

std::string components_page() {
  return "# Components\n\n" +
         wrap(
             "Made by `isthmus help components`. In parentheses the default; an option that the "
             "chosen components do not have is refused (E2005). Sources are keys of "
             "[references.bib](references.bib).",
             80, 0) +
         zoo_section("Models (`--model`)", all_models()) +
         zoo_section("Networks (`--arch`)", all_nets()) +
         zoo_section("Priors (`--prior`)", all_priors()) +
         zoo_section("Posteriors (`--posterior`)", all_posteriors()) +
         zoo_section("Likelihoods (`--likelihood`)", all_likelihoods()) +
         zoo_section("Corruptions (`--corruption`)", all_corruptions()) +
         zoo_section("Optimizers (`--optimizer`)", all_optimizers()) +
         zoo_section("Schedules of the learning rate (`--schedule`)", all_schedules()) +
         zoo_section("Metrics (`eval --metrics`)", all_metrics()) + "\n## Operations\n\n" +
         wrap(
             "What runs each operation of a graph, as compiled programs say it: those of every "
             "operation alone and of a training step of every model. A chunk is a part of an "
             "elementwise program ([cpu.md](cpu.md)); *no work* means that the value lies in the "
             "memory of its input. `isthmus doctor --plan MODEL` prints the program of a model.",
             80, 0) +
         "\n" + kernel_table();
}

}  // namespace isthmus
