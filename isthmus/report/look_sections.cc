// SPDX-License-Identifier: Apache-2.0
// A first look at a table, from look.json: what real and sampled items share, where the items lie,
// what each column costs. The file may come from a stranger: sizes are bounded, kinds are checked.
#include <algorithm>
#include <cmath>
#include <map>

#include "isthmus/base/error.h"
#include "isthmus/base/text.h"
#include "isthmus/report/look_charts.h"
#include "isthmus/report/sections.h"

namespace isthmus {
namespace {

constexpr size_t kMostColumns = 64, kMostBins = 64, kMostPoints = 5000, kMostRows = 24;
constexpr int kGroups = 8;

const Json::Array& array_at(const Json& json, std::string_view path) {
  static const Json::Array none;
  const Json* found = member(json, path);
  return found != nullptr && found->is_array() ? found->as_array() : none;
}

std::vector<double> numbers_of(const Json& list, size_t most) {
  std::vector<double> values;
  if (!list.is_array()) return values;
  for (const Json& value : list.as_array()) {
    if (values.size() == most) break;
    values.push_back(value.is_number() ? value.as_double() : kUnknown);
  }
  return values;
}
std::vector<double> numbers_at(const Json& json, std::string_view path, size_t most) {
  const Json* found = member(json, path);
  return found == nullptr ? std::vector<double>{} : numbers_of(*found, most);
}

std::vector<std::string> column_names(const Json& look) {
  std::vector<std::string> names;
  for (const Json& marginal : array_at(look, "marginals")) {
    if (names.size() == kMostColumns) break;
    names.push_back(escape_for_terminal(text_at(marginal, "name")));
    if (names.back().empty()) names.back() = std::to_string(names.size() - 1);
  }
  return names;
}

/// "150 validation items", "2,000 of 60,000 training items": of `items` or `measured`.
std::string items_text(const Json& look, const std::string& which = "items") {
  const double n = number_at(look, which + ".n"), all = number_at(look, which + ".of");
  const std::string of = n < all ? " of " + shown_count(all) : "";
  return shown_count(n) + of + " " + shown(text_at(look, which + ".from")) + " items";
}

std::string columns_text(const Json& look) {
  const double shown_columns = number_at(look, "columns.shown"),
               all = number_at(look, "columns.of");
  if (!(shown_columns < all)) return "";
  return " Of " + shown_count(all) + " columns " + shown_count(shown_columns) +
         " are shown, evenly spread over the table.";
}

bool has_samples(const Json& look) { return std::isfinite(number_at(look, "draws")); }

std::string marginals_part(const Json& look, const std::vector<std::string>& names) {
  std::string list;
  const Json::Array& marginals = array_at(look, "marginals");
  for (size_t i = 0; i < names.size(); ++i) {
    const Json& m = marginals[i];
    const Json* is_whole = member(m, "whole");
    const std::string svg =
        marginal_chart({.name = names[i],
                        .low = number_at(m, "low"),
                        .width = number_at(m, "width"),
                        .whole = is_whole != nullptr && is_whole->is_bool() && is_whole->as_bool(),
                        .real = numbers_at(m, "real", kMostBins),
                        .sampled = numbers_at(m, "sampled", kMostBins)});
    if (svg.empty()) continue;
    list += "<figure><figcaption><b>" + shown(names[i]) + "</b></figcaption>" + svg + "</figure>";
  }
  if (list.empty()) return "";
  std::string text = "<h3>Column by column</h3><ul class=\"legend\"><li><i class=\"f\"></i>real: " +
                     items_text(look) + "</li>";
  if (has_samples(look)) {
    text += "<li><i class=\"v\"></i>sampled: " + shown_count(number_at(look, "draws")) +
            " draws of the model</li>";
  }
  return text + "</ul><p class=\"why\">Shares per bar; the outer bars also hold what lies beyond." +
         columns_text(look) + "</p><div class=\"marginals\">" + list + "</div>";
}

std::vector<std::vector<double>> matrix_at(const Json& look, std::string_view path) {
  std::vector<std::vector<double>> rows;
  for (const Json& row : array_at(look, path)) {
    if (rows.size() == kMostColumns) break;
    rows.push_back(numbers_of(row, kMostColumns));
  }
  return rows;
}

/// How far the two maps are apart, in words.
std::string correlation_words(const std::vector<std::string>& names,
                              const std::vector<std::vector<double>>& real,
                              const std::vector<std::vector<double>>& sampled) {
  double sum = 0, most = -1, count = 0;
  size_t a = 0, b = 0;
  for (size_t i = 0; i < std::min(real.size(), sampled.size()); ++i) {
    for (size_t j = 0; j < std::min({i, real[i].size(), sampled[i].size()}); ++j) {
      const double apart = std::fabs(real[i][j] - sampled[i][j]);
      if (!std::isfinite(apart)) continue;
      sum += apart;
      ++count;
      if (apart > most) most = apart, a = j, b = i;
    }
  }
  if (count == 0 || b >= names.size()) return "";
  return "<p class=\"why\">Pairs differ by " + format_fixed(sum / count, 2) +
         " in the mean; most of all <b>" + shown(names[a]) + "</b> and <b>" + shown(names[b]) +
         "</b>: " + shown_number(real[b][a], 2) + " real, " + shown_number(sampled[b][a], 2) +
         " sampled.</p>";
}

bool has_gap(const std::vector<std::vector<double>>& rows) {
  return std::ranges::any_of(rows, [](const std::vector<double>& row) {
    return std::ranges::any_of(row, [](double v) { return !std::isfinite(v); });
  });
}

std::string correlations_part(const Json& look, const std::vector<std::string>& names) {
  const auto real = matrix_at(look, "correlations.real");
  const auto sampled = matrix_at(look, "correlations.sampled");
  if (real.size() < 2) return "";
  std::string text =
      "<h3>Pair by pair: correlations</h3><ul class=\"legend\"><li><i class=\"t\"></i>\u22121</li>"
      "<li>none: 0</li><li><i class=\"v\"></i>+1</li>";
  if (has_gap(real) || has_gap(sampled)) {
    text += "<li><i class=\"gone\"></i>one value only: no correlation</li>";
  }
  text += "</ul>" + correlation_words(names, real, sampled) + "<div class=\"charts\"><figure>" +
          correlation_map(names, real, "correlations of real items") +
          "<figcaption><b>Real.</b> Rows and columns in the order of the "
          "table.</figcaption></figure>";
  if (!sampled.empty()) {
    text += "<figure>" + correlation_map(names, sampled, "correlations of sampled items") +
            "<figcaption><b>Sampled.</b></figcaption></figure>";
  }
  return text + "</div>";
}

struct Groups {
  std::vector<int> of_point;
  std::vector<std::string> names;
};

/// The labels by how often they occur: the first seven, then all others together.
Groups groups_of(const Json& look, size_t points) {
  Groups groups{std::vector<int>(points), {}};
  const std::vector<double> labels = numbers_at(look, "latents.labels", kMostPoints);
  if (labels.size() < points || points == 0) return groups;
  std::map<double, size_t> counts;
  for (size_t i = 0; i < points; ++i) {
    if (std::isfinite(labels[i])) ++counts[labels[i]];
  }
  std::vector<std::pair<double, size_t>> order(counts.begin(), counts.end());
  std::stable_sort(order.begin(), order.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  const bool others = order.size() > kGroups;
  if (others) order.resize(kGroups - 1);
  std::sort(order.begin(), order.end());
  const Json::Array& classes = array_at(look, "latents.classes");
  std::map<double, int> group_of;
  for (const auto& [label, count] : order) {
    group_of[label] = static_cast<int>(groups.names.size());
    const bool named = label >= 0 && label < static_cast<double>(classes.size()) &&
                       classes[static_cast<size_t>(label)].is_string();
    groups.names.push_back(named ? classes[static_cast<size_t>(label)].as_string()
                                 : shown_number(label, 0));
  }
  if (others) groups.names.push_back("others");
  for (size_t i = 0; i < points; ++i) {
    const auto found = group_of.find(labels[i]);
    groups.of_point[i] = found != group_of.end() ? found->second : kGroups - 1;
  }
  return groups;
}

std::string latents_part(const Json& look) {
  const Json::Array& means = array_at(look, "latents.means");
  const std::vector<double> latents = numbers_at(look, "latents.shown", 2);
  if (means.empty() || latents.size() < std::min<size_t>(2, means.size())) return "";
  ScatterChart chart;
  chart.title = "posterior means of the items";
  chart.x = numbers_of(means[0], kMostPoints);
  chart.x_label = "latent " + shown_count(latents[0]);
  const bool two = means.size() > 1;
  if (two) {
    chart.y = numbers_of(means[1], kMostPoints);
    chart.y_label = "latent " + shown_count(latents[1]);
  } else {
    constexpr double kGolden = 0.6180339887498949;
    for (size_t i = 0; i < chart.x.size(); ++i) {
      chart.y.push_back(std::fmod(static_cast<double>(i) * kGolden, 1.0));
    }
  }
  const Groups groups = groups_of(look, std::min(chart.x.size(), chart.y.size()));
  chart.group = groups.of_point;
  chart.groups = std::max<int>(1, static_cast<int>(groups.names.size()));
  const std::string svg = scatter_chart(chart);
  if (svg.empty()) return "";
  std::string text =
      "<h3>Where the items lie</h3><p class=\"why\">The means of the code of " + items_text(look);
  text += two ? ", by the two latents that vary most." : "; the height only keeps them apart.";
  if (const double active = number_at(look, "latents.active"); active < 2 && two) {
    text += " Only " + shown_count(active) + " of all latents " + (active == 1 ? "is" : "are") +
            " active: the others hardly vary.";
  }
  text += "</p>";
  if (!groups.names.empty()) {
    text += "<ul class=\"legend\">";
    for (size_t g = 0; g < groups.names.size(); ++g) {
      text += "<li><i class=\"q" + std::to_string(g) + "\"></i>" + shown(groups.names[g]) + "</li>";
    }
    text += "</ul>";
  }
  return text + svg;
}

/// "1 principal component", "8 principal components"
std::string components_text(const Json& look) {
  const double count = number_at(look, "errors.components");
  return shown_count(count) + (count == 1 ? " principal component" : " principal components");
}

std::string error_bar(double value, double high, const char* style) {
  const double share = high > 0 && std::isfinite(value) ? std::clamp(value / high, 0.0, 1.0) : 0;
  return "<i class=\"" + std::string(style) + "\" style=\"width:" + format_fixed(100 * share, 1) +
         "%\"></i>";
}

std::string error_row(const std::string& name, double own, double linear, double high) {
  return "<tr><td>" + shown(name) + "</td><td class=\"errorbars\">" + error_bar(own, high, "v") +
         error_bar(linear, high, "t") + "</td><td class=\"n\">" + format_fixed(own, 3) +
         "</td><td class=\"n\">" + format_fixed(linear, 3) + "</td></tr>";
}

/// All columns, or those that lose most where there are many.
std::vector<size_t> shown_errors(const std::vector<double>& own) {
  std::vector<size_t> order(own.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  if (order.size() <= kMostRows) return order;
  const auto loss = [&](size_t i) { return std::isfinite(own[i]) ? own[i] : INFINITY; };
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return loss(a) > loss(b); });
  order.resize(kMostRows);
  return order;
}

std::string errors_part(const Json& look, const std::vector<std::string>& names) {
  const std::vector<double> own = numbers_at(look, "errors.model", kMostColumns);
  const std::vector<double> linear = numbers_at(look, "errors.pca", kMostColumns);
  if (own.empty() || own.size() != names.size() || linear.size() != names.size()) return "";
  const std::vector<size_t> order = shown_errors(own);
  double high = 0;
  for (size_t i : order) high = std::fmax(high, std::fmax(own[i], linear[i]));
  std::string rows = error_row("all columns", number_at(look, "errors.model_total"),
                               number_at(look, "errors.pca_total"), high);
  for (size_t i : order) rows += error_row(names[i], own[i], linear[i], high);
  return "<h3>What each column loses</h3><p class=\"why\">Mean squared error of the reconstruction "
         "of " +
         items_text(look, "measured") + ", on the scale that the model sees, beside " +
         components_text(look) + " (PCA) of " + shown_count(number_at(look, "measured.fitted_on")) +
         " training items." +
         (order.size() < own.size() ? " The columns that lose most, largest first." : "") +
         "</p><table class=\"errors\"><thead><tr><th>column</th><th></th><th class=\"n\"><i "
         "class=\"v\"></i>model</th><th class=\"n\"><i "
         "class=\"t\"></i>PCA</th></tr></thead><tbody>" +
         rows + "</tbody></table>";
}

std::string bound_row(const Json& look, const char* key, const std::string& name) {
  const std::string path = std::string("bounds.") + key;
  const double value = number_at(look, path + ".value");
  if (!std::isfinite(value)) return "";
  const double error = number_at(look, path + ".standard_error");
  return "<tr><td>" + name + "</td><td class=\"n\">" + shown_number(value, 2) +
         "</td><td class=\"n\">" +
         (std::isfinite(error) ? "\u00b1 " + format_fixed(error, 2) : "") + "</td></tr>";
}

std::string bounds_part(const Json& look) {
  const std::string rows =
      bound_row(look, "independent_columns", "columns that are independent") +
      bound_row(look, "ppca",
                "probabilistic PCA, " + shown_count(number_at(look, "errors.components")) +
                    " components") +
      bound_row(look, "elbo", "<b>this model</b>, its elbo");
  if (rows.empty()) return "";
  return "<h3>What the model is worth</h3><p class=\"why\">Log density of " +
         items_text(look, "measured") +
         " in nats per item, on the scale that the model sees; higher is better. A model below "
         "independent columns has learned nothing of what holds the columns together.</p><table "
         "class=\"bounds\"><tbody>" +
         rows + "</tbody></table>";
}

}  // namespace

std::string look_section(const RunFiles& run) {
  if (!run.look) return "";
  const Json& look = *run.look;
  const std::vector<std::string> names = column_names(look);
  const std::string parts = marginals_part(look, names) + correlations_part(look, names) +
                            latents_part(look) + errors_part(look, names) + bounds_part(look);
  return parts.empty() ? ""
                       : "<section class=\"look\"><h2>A first look</h2>" + parts + "</section>";
}

}  // namespace isthmus
