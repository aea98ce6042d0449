// SPDX-License-Identifier: Apache-2.0
// The numbers: their course over the epochs, where the nats go, what the latents carry.
#include <algorithm>
#include <cmath>

#include "isthmus/base/text.h"
#include "isthmus/report/charts.h"
#include "isthmus/report/sections.h"

namespace isthmus {
namespace {

constexpr double kSilentNats = 0.01;

Series series_of(const std::vector<EpochPoint>& points, const char* label, const char* style,
                 const std::string& term) {
  Series series{label, style, {}};
  for (const EpochPoint& p : points) series.points.emplace_back(p.epoch, term_of(p.terms, term));
  return series;
}

/// Titles are escaped: a name may come from a stranger's file.
std::string chart_of(const RunFiles& run, const std::string& title, const std::string& term,
                     double level) {
  LineChart chart;
  chart.title = title;
  chart.series = {series_of(run.train, "training", "t", term),
                  series_of(run.validation, "validation", "v", term)};
  chart.level = level;
  chart.level_label = "floor of the data";
  chart.mark = number_at(run.run, "best_epoch");
  const std::string svg = line_chart(chart);
  return svg.empty() ? "" : "<div><h3>" + shown(title) + "</h3>" + svg + "</div>";
}

std::string legend(const RunFiles& run) {
  std::string text =
      "<ul class=\"legend\"><li><i class=\"t\"></i>training, while the weights moved</li>";
  if (!run.validation.empty())
    text += "<li><i class=\"v\"></i>validation, at the end of an epoch</li>";
  if (const double best = number_at(run.run, "best_epoch"); std::isfinite(best)) {
    text += "<li>dotted upright: epoch " + format_fixed(best, 0) + ", the model that was kept</li>";
  }
  return text + "</ul>";
}

std::vector<double> kl_per_dim(const RunFiles& run) {
  std::vector<double> values;
  const Json* list = run.eval ? member(*run.eval, "kl_per_dim") : nullptr;
  if (list == nullptr || !list->is_array()) return values;
  for (const Json& value : list->as_array()) {
    values.push_back(value.is_number() ? value.as_double() : kUnknown);
  }
  return values;
}

}  // namespace

std::string events_section(const RunFiles& run) {
  std::string list;
  for (const RunEvent& event : run.events) {
    list += "<p class=\"score\">" + shown(event.text);
    if (!event.code.empty()) list += " <span class=\"why code\">" + shown(event.code) + "</span>";
    if (!event.hint.empty()) list += "<br><b>What to do:</b> " + shown(event.hint);
    list += "</p>";
  }
  return list.empty() ? "" : "<section><h2>What happened</h2>" + list + "</section>";
}

std::string course_section(const RunFiles& run) {
  std::string charts =
      kept_terms(run).terms.exact()
          ? chart_of(run, "Log p, nats per item", "elbo", kUnknown)
          : chart_of(run, "Objective, nats per item", "objective", kUnknown) +
                chart_of(run, "Reconstruction, nats per item", "reconstruction", floor_of(run)) +
                chart_of(run, "KL, nats per item", "kl", kUnknown);
  if (!run.train.empty()) {
    for (const auto& [name, value] : run.train.back().terms.others) {
      charts += chart_of(run, "Term " + name, name, kUnknown);
    }
  }
  if (charts.empty()) return "";
  std::string text = "<section><h2>The course of training</h2>" + legend(run) +
                     "<div class=\"charts\">" + charts + "</div>";
  return text + "</section>";
}

std::string nats_section(const RunFiles& run) {
  const KeptTerms kept = kept_terms(run);
  const double floor = floor_of(run), above = kept.terms.reconstruction - floor;
  if (!(floor > 0) || !(above >= 0) || !std::isfinite(kept.terms.kl)) return "";
  return "<section><h2>Where the nats go</h2><p>The " + kept.measured + " items cost " +
         format_fixed(kept.terms.reconstruction + kept.terms.kl, 1) +
         " nats each. The floor is noise of the data that no model can remove; the rest is "
         "what this model still pays.</p>" +
         parts_bar({{"floor of the data", "f", floor},
                    {"reconstruction above the floor", "t", above},
                    {"kl, the length of the code", "v", kept.terms.kl}}) +
         "</section>";
}

std::string latents_section(const RunFiles& run) {
  const std::vector<double> values = kl_per_dim(run);
  std::vector<std::pair<std::string, double>> bars;
  for (size_t i = 0; i < values.size(); ++i) bars.emplace_back(std::to_string(i), values[i]);
  std::stable_sort(bars.begin(), bars.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  const std::string chart = bar_chart(bars, "nats");
  if (chart.empty()) return "";
  const auto silent =
      std::count_if(values.begin(), values.end(), [](double v) { return !(v > kSilentNats); });
  std::string text =
      "<section><h2>What the latents carry</h2><p>KL per latent in nats, largest "
      "first";
  const double n = number_at(*run.eval, "data.n");
  if (std::isfinite(n)) {
    text += ", over " + shown_count(n) + " items";
  }
  text += silent == 0 ? ". None is silent.</p>"
                      : ". " + std::to_string(silent) + " of " + std::to_string(values.size()) +
                            " carry next to nothing.</p>";
  return text + chart + "</section>";
}

}  // namespace isthmus
