// SPDX-License-Identifier: Apache-2.0
// Thresholds first: they are what a finding says.
#include "isthmus/verbs/diagnose.h"

#include <algorithm>
#include <cmath>

#include "isthmus/base/text.h"
#include "isthmus/verbs/fit_data.h"
#include "isthmus/verbs/infer.h"
#include "isthmus/verbs/item_terms.h"
#include "isthmus/verbs/stored_values.h"

namespace isthmus {
namespace {

constexpr double kCollapsedKl = 0.5;  // nats
constexpr double kHole = 0.8;         // AUROC
constexpr double kCopies = 0.8;       // ratio of distances
constexpr double kGap = 0.03;         // of the reconstruction term above its floor
constexpr double kGapOfDensity = 1, kGapOfValue = 0.01;  // nats, nats per value
constexpr double kInformation = 0.98;                    // of log N
constexpr double kSaturation = 0.05;  // share of values, beyond those of the data
constexpr double kSaturatedLogit = 15;
constexpr double kSigmaAtBound = 1.05;  // times the least sigma

std::string nats(double value) { return format_fixed(value, 2) + " nats"; }

void find_collapse(const DiagnosisFacts& f, std::vector<Finding>& out) {
  if (!(f.held_out.kl < kCollapsedKl)) return;
  out.push_back({.name = "collapse",
                 .text = "the decoder ignores the code: kl is " + nats(f.held_out.kl) +
                         " per item, below " + format_fixed(kCollapsedKl, 1),
                 .remedy = "--kl-warmup 20 or --free-bits 0.1; or a smaller beta",
                 .value = f.held_out.kl});
}

/// Unused latents are no fault by themselves: models with fewer active ones are often the best.
void find_pruned(const DiagnosisFacts& f, std::vector<Finding>& out) {
  if (f.active < 0 || f.active >= f.latents) return;
  out.push_back(
      {.name = "pruned_dimensions",
       .text = std::to_string(f.latents - f.active) + " of " + std::to_string(f.latents) +
               " latents say nothing about items",
       .remedy = "none is needed where the elbo is good; --free-bits 0.1 keeps them in use",
       .value = static_cast<double>(f.latents - f.active),
       .warning = false});
}

void find_hole(const DiagnosisFacts& f, std::vector<Finding>& out) {
  if (!f.hole || !(f.hole->auroc > kHole)) return;
  out.push_back(
      {.name = "prior_hole",
       .text = "samples will look worse than reconstructions: a classifier tells codes from draws "
               "of the " +
               std::string(f.sampler ? "sampler" : "prior") + " with auroc " +
               format_fixed(f.hole->auroc, 2) + ", above " + format_fixed(kHole, 1),
       .remedy = f.sampler ? "another one: isthmus fit-sampler MODEL DATA --sampler auto"
                           : "isthmus fit-sampler MODEL DATA, or train with --prior vamp",
       .value = f.hole->auroc});
}

void find_copies(const DiagnosisFacts& f, std::vector<Finding>& out) {
  if (!f.copies || !(f.copies->high < kCopies)) return;
  out.push_back({.name = "memorisation",
                 .text = "samples are copies: they lie at " + format_fixed(f.copies->value, 2) +
                         " times the distance from training items that new items have, below " +
                         format_fixed(kCopies, 1),
                 .remedy = "more items, fewer latents, or a sampler with fewer parts "
                           "(isthmus fit-sampler --sampler gmm)",
                 .value = f.copies->value});
}

void find_information(const DiagnosisFacts& f, std::vector<Finding>& out) {
  if (!f.mutual_information || f.information_items < 2) return;
  const double most = std::log(static_cast<double>(f.information_items));
  if (*f.mutual_information < kInformation * most) return;
  out.push_back({.name = "codes_identify_items",
                 .text = "every code names its item: it tells " + nats(*f.mutual_information) +
                         " of the " + nats(most) + " that " + group_digits(f.information_items) +
                         " items can be told by",
                 .remedy = "where codes should group items: fewer latents or a larger --beta",
                 .value = *f.mutual_information,
                 .warning = false});
}

void find_sigma(const DiagnosisFacts& f, std::vector<Finding>& out) {
  if (!(f.least_sigma > 0) || !(f.sigma < kSigmaAtBound * f.least_sigma)) return;
  out.push_back(
      {.name = "sigma_at_bound",
       .text = "a sigma of the likelihood is as small as the rounding of the data: " +
               print_value(static_cast<float>(f.sigma)) + ", at least " +
               print_value(static_cast<float>(f.least_sigma)),
       .remedy = "leave out columns that follow from others (--exclude), or give a --sigma",
       .value = f.sigma});
}

void find_saturation(const DiagnosisFacts& f, std::vector<Finding>& out) {
  if (!(f.saturated > f.extreme + kSaturation)) return;
  out.push_back({.name = "saturated_outputs",
                 .text = format_fixed(100 * f.saturated, 1) +
                         " % of the reconstructed values are certain to be 0 or 1, of the items' " +
                         format_fixed(100 * f.extreme, 1) + " % are",
                 .remedy = "stop earlier (--patience 10), --dropout 0.1, or a smaller network",
                 .value = f.saturated});
}

void find_gap(const DiagnosisFacts& f, std::vector<Finding>& out) {
  // Items differ in what is least possible for them, on grey values by far more than in the gap.
  const double least = std::isnan(f.floor) ? 0 : f.floor;
  const double least_train = std::isnan(f.train_floor) ? least : f.train_floor;
  const double gap = (f.train.score() + least_train) - (f.held_out.score() + least);
  const double above = f.held_out.reconstruction - least;
  // A density has no floor to measure from.
  const double allowed = f.density
                             ? std::max(kGapOfDensity, kGapOfValue * static_cast<double>(f.values))
                             : kGap * above;
  const double noise = std::isnan(f.held_out.elbo_se) ? 0 : 2 * f.held_out.elbo_se;
  if (!(gap > allowed + noise)) return;
  out.push_back({.name = "overfit",
                 .text = "training items are " + nats(gap) +
                         " better than held-out ones, more than " + nats(allowed),
                 .remedy =
                     "stop earlier (--patience 10), --dropout 0.1, a smaller network, or more "
                     "items",
                 .value = gap});
}

Dataset some_items(const Dataset& data, int64_t most) {
  const int64_t all = data.num_items();
  if (all <= most) return data;
  std::vector<int64_t> rows;
  for (int64_t i = 0; i < most; ++i) rows.push_back(i * all / most);
  return select_rows(data, rows);
}

std::vector<double> sigmas_of(const Model& model) {
  const auto at = model.parameters.find("likelihood/log_sigma");
  std::vector<double> sigmas;
  if (at == model.parameters.end()) return sigmas;
  const std::vector<double> least = least_sigma(model.setup);
  const std::span<const float> logs = at->second.values<float>();
  for (size_t i = 0; i < logs.size(); ++i) {
    sigmas.push_back(sigma_value(static_cast<double>(logs[i]), least[least.size() == 1 ? 0 : i]));
  }
  return sigmas;
}

void measure_sigma(const Model& model, DiagnosisFacts& f) {
  const std::vector<double> sigmas = sigmas_of(model), least = least_sigma(model.setup);
  double nearest = INFINITY;
  for (size_t i = 0; i < sigmas.size(); ++i) {
    const double bound = least[least.size() == 1 ? 0 : i];
    if (!(bound > 0) || sigmas[i] / bound >= nearest) continue;
    nearest = sigmas[i] / bound;
    f.sigma = sigmas[i];
    f.least_sigma = bound;
  }
}

/// Shares of values that are certain, where values are from 0 to 1.
void measure_saturation(Session& session, const Dataset& items, DiagnosisFacts& f) {
  const LikelihoodDef& likelihood = all_likelihoods().find(session.model().options().likelihood);
  if (likelihood.columns != ColumnFamily::kBernoulli) return;
  const double least = 1 / (1 + std::exp(kSaturatedLogit));
  const auto share = [](std::span<const float> values, double margin) {
    double count = 0;
    for (const float v : values) {
      const auto value = static_cast<double>(v);
      count += value <= margin || value >= 1 - margin ? 1 : 0;
    }
    return count / static_cast<double>(values.size());
  };
  const Tensor decoded = reconstruct(session, items, Quantity::kMean, {});
  f.saturated = share(decoded.values<float>(), least);
  const Tensor own = model_values(session.model(), items, 0, items.num_items());
  f.extreme = share(own.values<float>(), 0);
}

void measure_codes(Session& session, const Dataset& items, const VerbSettings& settings,
                   DiagnosisFacts& f) {
  const Model& model = session.model();
  const Abilities has = model.abilities();
  f.sampler = model.sampler != nullptr;
  const bool draws = (has.samples && !has.draws_at_once) || f.sampler;
  if (!has.codes || items.num_items() < kLeastTestRows) return;
  const Tensor codes =
      encode(session, items, has.elbo ? Quantity::kSample : Quantity::kMean, settings);
  if (draws) {
    const Tensor drawn = latent_draws(session, {.count = items.num_items(), .verb = settings});
    f.hole = two_sample_test(codes.values<float>(), drawn.values<float>(), model.latent_dim(),
                             settings.seed);
  }
  if (!has.normal_posterior) return;
  const Tensor both = encode(session, items, Quantity::kMeanAndLogVar, settings);
  const auto z = static_cast<size_t>(model.latent_dim());
  std::vector<float> mean, log_var;
  const std::span<const float> values = both.values<float>();
  for (size_t r = 0; r < values.size(); r += 2 * z) {
    mean.insert(mean.end(), &values[r], &values[r] + z);
    log_var.insert(log_var.end(), &values[r] + z, &values[r] + 2 * z);
  }
  const AggregatePosterior a =
      aggregate_posterior(mean, log_var, codes.values<float>(), model.latent_dim(), 500);
  f.mutual_information = a.mutual_information.value;
  f.information_items = a.items;
}

/// All pairs are compared, value by value: fewer of each.
void measure_copies(Session& session, const Dataset& items, const Dataset& train,
                    const VerbSettings& settings, DiagnosisFacts& f) {
  constexpr int64_t kMostCopies = 500;
  const Dataset held_out = some_items(items, kMostCopies);
  const Model& model = session.model();
  const Abilities has = model.abilities();
  if (!has.samples && !model.sampler) return;
  const bool table = model.spec().kind == DataKind::kTable;
  const Tensor drawn = sample(session, {.count = held_out.num_items(),
                                        .quantity = table ? Quantity::kSample : Quantity::kMean,
                                        .verb = settings});
  const Tensor of_train = model_values(model, train, 0, train.num_items()),
               of_held_out = model_values(model, held_out, 0, held_out.num_items());
  f.copies = nearest_ratio(drawn.values<float>(), of_train.values<float>(),
                           of_held_out.values<float>(), model.spec().num_values(), settings.seed);
}

}  // namespace

std::vector<Finding> diagnose(const DiagnosisFacts& facts) {
  std::vector<Finding> found;
  find_collapse(facts, found);
  find_hole(facts, found);
  find_copies(facts, found);
  find_gap(facts, found);
  find_sigma(facts, found);
  find_saturation(facts, found);
  find_pruned(facts, found);
  find_information(facts, found);
  return found;
}

DiagnosisFacts measure_facts(Session& session, const Dataset& held_out,
                             const FactsRequest& request) {
  const Model& model = session.model();
  const Dataset items = fit_to_model(some_items(held_out, request.most_items), model.setup);
  DiagnosisFacts f;
  f.latents = model.latent_dim();
  f.values = model.spec().num_values();
  f.density = model.measure() == Measure::kDensity;
  TermsRunner terms(evaluation_runner(session, request.verb), model.setup);
  terms.bind(items);
  f.held_out = mean_terms(terms.run(items.num_items(), 1));
  if (model.abilities().normal_posterior) f.active = terms.active_units();
  f.floor = data_floor(model, items, items.num_items());
  measure_sigma(model, f);
  if (model.abilities().codes) measure_saturation(session, items, f);
  measure_codes(session, items, request.verb, f);
  if (request.train == nullptr) return f;
  const Dataset train =
      fit_to_model(some_items(*request.train, 2 * request.most_items), model.setup);
  const Dataset as_many = some_items(train, request.most_items);
  terms.bind(as_many);
  f.train = mean_terms(terms.run(as_many.num_items(), 1));
  f.train_floor = data_floor(model, as_many, as_many.num_items());
  measure_copies(session, items, train, request.verb, f);
  return f;
}

}  // namespace isthmus
