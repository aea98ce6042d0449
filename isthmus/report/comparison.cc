// SPDX-License-Identifier: Apache-2.0
// comparison_html(): one table, one picture, and what the numbers mean.
#include "isthmus/report/comparison.h"

#include <cmath>

#include "isthmus/base/text.h"
#include "isthmus/report/sections.h"

namespace isthmus {
namespace {

constexpr std::string_view kPolicy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'";
constexpr std::string_view kTableStyle =
    ".models{border-collapse:collapse;font:.86rem/1.5 var(--sans);font-variant-numeric:lining-nums "
    "tabular-nums}.models th,.models td{padding:.45rem .9rem .45rem "
    "0;text-align:right;border-bottom:"
    "1px solid var(--rule);white-space:nowrap}.models th:first-child,.models td:first-child{"
    "text-align:left}.models th{font-weight:600;color:var(--soft)}.scroll{overflow-x:auto}";

std::string cell(const std::string& text) { return "<td>" + text + "</td>"; }

std::string model_row(const ComparedModel& m) {
  const double exact = m.eval.log_likelihood;
  const double bound = std::isnan(exact) ? m.eval.terms.elbo : exact;
  return "<tr>" + cell(shown(m.name)) + cell(shown_number(m.eval.metric("mse"), 6)) +
         cell(shown_nats(m.eval.terms.reconstruction)) + cell(shown_nats(m.eval.terms.kl)) +
         cell(shown_nats(bound)) + cell(shown(m.measure)) +
         cell(shown_count(static_cast<double>(m.parameters))) + cell(shown_number(m.seconds, 1)) +
         "</tr>\n";
}

std::string picture_section(const Comparison& c) {
  if (c.picture.empty()) return "";
  std::string rows;
  for (const std::string& name : c.row_names) rows += (rows.empty() ? "" : " / ") + shown(name);
  return "<h2>The same items</h2><figure class=\"wide\"><img alt=\"Rows: " + rows +
         "\" src=\"data:image/png;base64," + base64(c.picture) + "\"><figcaption>Rows: <b>" + rows +
         "</b>.</figcaption></figure>\n";
}

}  // namespace

std::string comparison_html(const Comparison& c) {
  std::string page =
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"";
  page.append(kPolicy);
  page += "\"><title>" + shown(c.data) + " - isthmus compare</title><style>";
  page.append(report_style()).append(kTableStyle);
  page += "</style></head><body><main>\n<p class=\"over\">Comparison</p><h1>" + shown(c.data) +
          "</h1><p class=\"lead\">Measured on <b>" + shown(c.measured_on) +
          "</b>. Terms are nats per item, the error is the mean square per value.</p>\n"
          "<div class=\"scroll\"><table class=\"models\"><thead><tr><th>model</th><th>error</th>"
          "<th>reconstruction</th><th>kl</th><th>elbo or log p</th><th>measure</th>"
          "<th>parameters</th><th>seconds</th></tr></thead><tbody>\n";
  double floor = kUnknown;
  for (const ComparedModel& m : c.models) {
    page += model_row(m);
    if (!std::isnan(m.eval.data_floor)) floor = m.eval.data_floor;
  }
  page += "</tbody></table></div>\n";
  if (!std::isnan(floor)) {
    page += "<p>No reconstruction term of a Bernoulli likelihood can be below <b>" +
            shown_nats(floor) + "</b>, the entropy of these values.</p>\n";
  }
  page +=
      "<p class=\"score\"><b>Errors can be compared; bounds only within one measure.</b> A score "
      "(a "
      "Bernoulli likelihood on grey values) is neither a mass nor a density: it ranks "
      "scores.</p>\n";
  page += picture_section(c);
  page += "<h2>The models</h2><ul>";
  for (const ComparedModel& m : c.models) {
    page +=
        "<li><b>" + shown(m.name) + "</b>: " + shown(m.summary) + ", in " + shown(m.run) + "</li>";
  }
  return page + "</ul>\n</main></body></html>\n";
}

}  // namespace isthmus
