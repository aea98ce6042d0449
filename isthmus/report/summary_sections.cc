// SPDX-License-Identifier: Apache-2.0
// What a reader sees first: what was trained on what, the key figures, the pictures, and what to
// run next.
#include <algorithm>
#include <cmath>

#include "isthmus/base/text.h"
#include "isthmus/report/sections.h"

namespace isthmus {
namespace {

constexpr size_t kStripPictures = 6;

/// A field of the kept terms, or of the record as a whole where it stands there.
const Json* beside_terms(const RunFiles& run, std::string_view key) {
  const Json* record = kept_record(run);
  const Json* found = record != nullptr ? member(*record, key) : nullptr;
  if (found == nullptr) found = member(run.run, key);
  return found != nullptr || !run.eval ? found : member(*run.eval, key);
}

/// Unknown where the model sees the units of the data, and in records of older versions.
double elbo_in_data_units(const RunFiles& run) {
  const Json* found = beside_terms(run, "elbo_in_data_units");
  const double value = found != nullptr && found->is_number() ? found->as_double() : kUnknown;
  return value == kept_terms(run).terms.elbo ? kUnknown : value;
}

std::string figure_item(const std::string& number, const std::string& label) {
  return "<li><b>" + number + "</b><span>" + label + "</span></li>";
}

std::string shape_of(const RunFiles& run) {
  const Json* shape = member(run.run, "data.train.shape");
  if (shape == nullptr || !shape->is_array()) return "";
  std::vector<std::string> sizes;
  for (const Json& size : shape->as_array()) {
    if (size.is_number()) sizes.push_back(shown_count(size.as_double()));
  }
  return join(sizes, "\u00d7");
}

/// "1 latent", "20 latents"
std::string counted(double count, const std::string& one) {
  return shown_count(count) + " " + one + (count == 1 ? "" : "s");
}

std::string lead(const RunFiles& run) {
  const std::string name = text_at(run.run, "model.name");
  const double latents = number_at(run.run, "model.latent_dim");
  const bool vowel = !name.empty() && std::string_view("aeiou").find(name[0]) != std::string::npos;
  std::string text = "<p class=\"lead\">A" + std::string(vowel ? "n" : "") + " <b>" + shown(name) +
                     "</b> with " + counted(number_at(run.run, "model.parameters"), "parameter") +
                     (latents > 0 ? " and " + counted(latents, "latent") : "") + ", trained on " +
                     counted(number_at(run.run, "data.train.n"), "item") + " of <b>" +
                     shown(text_at(run.run, "data.train.source")) + "</b>";
  const std::string shape = shape_of(run);
  if (!shape.empty()) text += " (" + shape + (shape == "1" ? " value each)" : " values each)");
  return text + ".</p>";
}

/// " ± 0.2 nats": with as many digits as the value beside it.
std::string plus_minus(double error, double value) {
  if (!std::isfinite(error)) return " nats";
  return " <em>\u00b1 " + format_fixed(error, std::fabs(value) < 100 ? 2 : 1) + " nats</em>";
}

std::string bound_figures(const RunFiles& run) {
  const KeptTerms kept = kept_terms(run);
  std::string list;
  if (std::isfinite(kept.terms.elbo)) {
    list += figure_item(shown_nats(kept.terms.elbo),
                        kept.measured + (kept.terms.exact() ? " log p" : " elbo") +
                            (is_score(run) ? " (a score)" : "") + "," +
                            plus_minus(kept.terms.elbo_se, kept.terms.elbo));
  }
  if (const double own = elbo_in_data_units(run); std::isfinite(own)) {
    list += figure_item(shown_nats(own), "the same in the units of the data, nats");
  }
  if (std::isfinite(kept.terms.reconstruction) && !kept.terms.exact()) {
    list += figure_item(shown_nats(kept.terms.reconstruction), "reconstruction, nats");
  }
  const Json* record = kept_record(run);
  const double loss = record != nullptr ? number_at(*record, "loss") : kUnknown;
  if (std::isfinite(loss)) list += figure_item(format_fixed(loss, 3), kept.measured + " loss");
  if (std::isfinite(kept.terms.kl)) list += figure_item(shown_nats(kept.terms.kl), "kl, nats");
  return list;
}

std::string run_figures(const RunFiles& run) {
  std::string list;
  if (const double active = number_at(run.run, "active_units"); std::isfinite(active)) {
    list += figure_item(
        shown_count(active) + " / " + shown_count(number_at(run.run, "model.latent_dim")),
        "latents active");
  }
  if (text_at(run.run, "stop_reason") != "fitted") {
    list += figure_item(shown_count(number_at(run.run, "epochs")), "epochs");
  }
  return list;
}

std::string score_note(const RunFiles& run) {
  if (!is_score(run)) return "";
  std::string text =
      "<p class=\"score\"><b>A score.</b> " + shown(text_at(run.run, "model.likelihood")) +
      " is not normalized on these data, so its values rank models of the same data and say "
      "nothing beside other distributions.";
  if (std::isfinite(floor_of(run))) {
    text += " The data themselves set a floor: no model can push the reconstruction term below " +
            format_fixed(floor_of(run), 1) + " nats.";
  }
  return text + "</p>";
}

/// A model that is beaten without latents says so.
std::string worse_note(const RunFiles& run) {
  const bool told =
      std::ranges::any_of(run.events, [](const RunEvent& event) { return event.code == "W6003"; });
  const Json* measured = member(run.run, "val");  // where the reference was measured, too
  if (measured == nullptr) measured = member(run.run, "train");
  if (told || measured == nullptr) return "";
  const Terms terms = terms_at(*measured);
  const double reference = number_at(run.run, "independent_columns");
  const double noise = std::isfinite(terms.elbo_se) ? terms.elbo_se : 0;
  if (!(terms.elbo + noise < reference)) return "";
  return "<p class=\"score\"><b>Worse than independent columns.</b> A density that knows the "
         "columns "
         "one by one and nothing of what holds them together reaches " +
         shown_nats(reference) + " nats, the model " + shown_nats(terms.elbo) +
         ".<br><b>What to do:</b> train longer (<code>--epochs</code>), lower <code>--lr</code>, "
         "or "
         "look for outliers: <code>isthmus inspect DATA</code>.</p>";
}

std::string density_note(const RunFiles& run) {
  const Json* density = beside_terms(run, "density_of");
  if (density == nullptr || !density->is_string() || density->as_string().empty()) return "";
  const Terms terms = kept_terms(run).terms;
  if (std::isnan(terms.score())) return "";  // no density
  return "<p class=\"why\">" + std::string(terms.exact() ? "Log p" : "The elbo") +
         " is the log density of " + shown(density->as_string()) + ".</p>";
}

std::string image(const RunPicture& picture, const std::string& alt) {
  return "<img alt=\"" + shown(alt) + "\" src=\"data:image/png;base64," + base64(picture.png) +
         "\">";
}

std::string figure(const RunFiles& run, const std::string& name, const std::string& caption,
                   const std::string& style) {
  const RunPicture* picture = run.picture(name);
  if (picture == nullptr) return "";
  return "<figure" + (style.empty() ? "" : " class=\"" + style + "\"") + ">" +
         image(*picture, name) + "<figcaption>" + caption + "</figcaption></figure>";
}

/// Samples from the first epoch to the last, evenly chosen.
std::string strip(const RunFiles& run) {
  std::vector<const RunPicture*> all;
  for (const RunPicture& p : run.pictures) {
    if (p.epoch > 0 && p.name == "samples") all.push_back(&p);
  }
  if (all.size() < 2) return "";
  std::string text = "<div class=\"strip\">";
  const size_t count = std::min(all.size(), kStripPictures);
  for (size_t i = 0; i < count; ++i) {
    const RunPicture& p = *all[i * (all.size() - 1) / (count - 1)];
    const std::string label = "epoch " + std::to_string(p.epoch);
    text += "<figure>" + image(p, "samples after " + label) + "<figcaption>" + label +
            "</figcaption></figure>";
  }
  return text + "</div>";
}

std::string last_component(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return file_name(path);
}

}  // namespace

std::string header_section(const RunFiles& run) {
  const std::string name = last_component(run.folder);
  return "<header><p class=\"over\">isthmus &middot; run</p><h1>" + shown(name) + "</h1>" +
         lead(run) + "<ul class=\"figures\">" + bound_figures(run) + run_figures(run) + "</ul>" +
         density_note(run) + worse_note(run) + score_note(run) + "</header>";
}

std::string pictures_section(const RunFiles& run) {
  const std::string pair =
      figure(run, "samples",
             "<b>Samples.</b> Decoded from draws of the prior: nothing here is in "
             "the data.",
             "") +
      figure(run, "reconstructions",
             "<b>Reconstructions.</b> Originals left of the line, right of it the "
             "same items through the model.",
             "");
  const std::string rows = figure(run, "interpolation",
                                  "<b>Interpolation.</b> Each row leads in a straight line through "
                                  "the latent space from one item to another.",
                                  "wide");
  if (pair.empty() && rows.empty()) return "";
  std::string text = "<section><h2>What it has learned</h2>";
  if (!pair.empty()) text += "<div class=\"pictures\">" + pair + "</div>";
  return text + rows + strip(run) + "</section>";
}

std::string next_section(const RunFiles& run) {
  const Json* next = run.run.find("next");
  if (next == nullptr || !next->is_array() || next->as_array().empty()) return "";
  std::string text = "<section><h2>What to run next</h2><pre>";
  for (const Json& command : next->as_array()) {
    if (command.is_string()) text += shown(command.as_string()) + "\n";
  }
  return text + "</pre></section>";
}

}  // namespace isthmus
