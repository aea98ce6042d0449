// SPDX-License-Identifier: Apache-2.0
// For the record: every setting with its origin, facts about data, machine and result. None depends
// on a clock: the same run has the same page.
#include <cmath>

#include "isthmus/base/text.h"
#include "isthmus/report/sections.h"

namespace isthmus {
namespace {

/// Limits on sizes are no settings of a run; they matter only when somebody changed one.
bool is_worth_a_row(const Json& choice) {
  return !text_at(choice, "key").starts_with("limits.") || text_at(choice, "origin") != "built-in";
}
bool is_notable(const Json& choice) {
  return text_at(choice, "origin") != "built-in" || !text_at(choice, "reason").empty();
}

std::string choice_row(const Json& choice) {
  const std::string value = text_at(choice, "value");
  return "<tr><td><code>" + shown(text_at(choice, "key")) + "</code></td><td>" +
         (value.empty() ? "<span class=\"why\">none</span>" : shown_setting(value)) + "</td><td>" +
         shown(text_at(choice, "origin")) + "</td><td class=\"why\">" +
         shown(text_at(choice, "reason")) + "</td></tr>";
}

std::string choice_table(const std::string& rows) {
  return "<div class=\"scroll\"><table "
         "class=\"settings\"><thead><tr><th>key</th><th>value</th><th>origin</th><th>"
         "reason</th></tr></thead><tbody>" +
         rows + "</tbody></table></div>";
}

std::string fact(const std::string& name, const std::string& value) {
  return value.empty() || value == "-" ? "" : "<dt>" + name + "</dt><dd>" + value + "</dd>";
}

std::string whole(double value) { return std::isfinite(value) ? shown_count(value) : ""; }

std::string code(const std::string& text) {
  return text.empty() ? "" : "<code>" + shown(text) + "</code>";
}

std::string data_facts(const RunFiles& run, const std::string& part, const std::string& label) {
  const Json* data = member(run.run, "data." + part);
  if (data == nullptr) return "";
  return fact(label, whole(number_at(*data, "n")) + " items, " + shown(text_at(*data, "dtype"))) +
         fact("its fingerprint", code(text_at(*data, "fingerprint")));
}

std::string data_list(const RunFiles& run) {
  const Json& r = run.run;
  return "<div><h3>Data</h3><dl>" + fact("source", shown(text_at(r, "data.train.source"))) +
         data_facts(run, "train", "training") + data_facts(run, "val", "validation") +
         data_facts(run, "test", "test") +
         fact("classes", whole(number_at(r, "data.train.labels"))) +
         fact("floor", std::isfinite(floor_of(run))
                           ? format_fixed(floor_of(run), 2) + " nats per item"
                           : "") +
         "</dl></div>";
}

std::string machine_list(const RunFiles& run) {
  const Json& r = run.run;
  return "<div><h3>Machine</h3><dl>" + fact("processor", shown(text_at(r, "device.name"))) +
         fact("instructions", shown(text_at(r, "device.isa")) + ", " +
                                  whole(number_at(r, "device.threads")) + " threads, " +
                                  shown(text_at(r, "device.precision"))) +
         "</dl><p class=\"why\">Times, speed and memory are in run.json and log.txt.</p></div>";
}

std::string result_list(const RunFiles& run) {
  const Json& r = run.run;
  return "<div><h3>Result</h3><dl>" +
         fact("status",
              shown(text_at(r, "status")) + " (" + shown(text_at(r, "stop_reason")) + ")") +
         fact("steps",
              whole(number_at(r, "steps")) + " in " + whole(number_at(r, "epochs")) + " epochs") +
         fact("rewound",
              number_at(r, "rollbacks") > 0 ? whole(number_at(r, "rollbacks")) + " times" : "") +
         fact("seed", whole(number_at(r, "seed"))) +
         fact("weights, SHA-256", code(text_at(r, "weights_sha256"))) +
         fact("model file", code(text_at(r, "model.digest"))) + "</dl></div>";
}

std::string network_list(const RunFiles& run) {
  std::string rows;
  const Json* layers = member(run.run, "layers");
  if (layers == nullptr || !layers->is_array()) return "";
  for (const Json& layer : layers->as_array()) {
    rows += "<tr><td><code>" + shown(text_at(layer, "name")) + "</code></td><td>" +
            shown(text_at(layer, "kind")) + "</td><td>" + shown(text_at(layer, "activation")) +
            "</td><td class=\"n\">" + whole(number_at(layer, "parameters")) + "</td></tr>";
  }
  return "<div><h3>Network</h3><p class=\"why code\">" + shown(text_at(run.run, "model.summary")) +
         "</p><div class=\"scroll\"><table><thead><tr><th>layer</th><th>kind</th><th>activation"
         "</th><th class=\"n\">parameters</th></tr></thead><tbody>" +
         rows + "</tbody></table></div></div>";
}

}  // namespace

std::string settings_section(const RunFiles& run) {
  const Json* choices = member(run.run, "choices");
  if (choices == nullptr || !choices->is_array()) return "";
  std::string notable, others;
  for (const Json& choice : choices->as_array()) {
    if (is_worth_a_row(choice)) (is_notable(choice) ? notable : others) += choice_row(choice);
  }
  std::string text = "<section><h2>Settings</h2>";
  if (!notable.empty()) text += choice_table(notable);
  if (!others.empty()) {
    text += "<details><summary>All others, at their built-in values</summary>" +
            choice_table(others) + "</details>";
  }
  return text + "</section>";
}

std::string facts_section(const RunFiles& run) {
  return "<section><h2>For the record</h2><div class=\"two\">" + data_list(run) +
         network_list(run) + machine_list(run) + result_list(run) + "</div></section>";
}

}  // namespace isthmus
