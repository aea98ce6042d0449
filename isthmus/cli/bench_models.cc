// SPDX-License-Identifier: Apache-2.0
// A round runs a few steps of each and the products that are the peak; a ratio is formed within a
// round, and what is reported is the median over the rounds.
#include "isthmus/cli/bench_models.h"

#include <algorithm>
#include <functional>

#include "isthmus/base/clock.h"
#include "isthmus/models/model.h"
#include "isthmus/models/posterior.h"
#include "isthmus/models/prior.h"

namespace isthmus {
namespace {

constexpr int64_t kWarmUpSteps = 5, kStepsPerRound = 10, kPeakRunsPerRound = 3;
constexpr double kSecondsPerRound = 0.3;
constexpr const char* kReference = "vae";

struct Named {
  std::string name;
  TrialSettings settings;
};

std::vector<Named> family() {
  std::vector<Named> all = {{kReference, {}}};
  for (const ModelDef& model : all_models()) {
    if (model.name == kReference || model.fit) continue;  // fitted without steps
    if (model.needs_labels) continue;                     // the items of a trial have no classes
    all.push_back({std::string(model.name), {{"model.name", std::string(model.name)}}});
    if (!model.allows("bernoulli")) {
      all.back().settings.emplace_back("model.likelihood", model.likelihoods.front());
    }
  }
  const auto add = [&](const auto& zoo, const std::string& flag) {
    for (const auto& def : zoo) {
      if (def.name == zoo.text().usual) continue;
      const std::string name(def.name);
      all.push_back(
          {kReference + (" " + flag) + " " + name, {{std::string(zoo.text().key), name}}});
    }
  };
  add(all_priors(), "--prior");
  add(all_posteriors(), "--posterior");
  all.push_back({"iwae 50 draws", {{"model.name", "iwae"}, {"objective.samples", "50"}}});
  return all;
}

double median(std::vector<double> values) { return spread_of(std::move(values), 1).median; }

/// A trial and what its rounds took.
struct Running {
  std::unique_ptr<Trial> trial;
  std::vector<double> round_seconds;
};

/// A round of iwae with 50 draws takes some hundred milliseconds: few steps are enough there.
double seconds_of_round(Trial& trial, const Clock& clock) {
  std::vector<double> steps;
  const double begin = clock.seconds();
  while (static_cast<int64_t>(steps.size()) < kStepsPerRound &&
         (steps.empty() || clock.seconds() - begin < kSecondsPerRound)) {
    steps.push_back(trial.step());
  }
  return median(std::move(steps));
}

}  // namespace

std::vector<std::string> bench_model_names() {
  std::vector<std::string> names;
  for (const Named& one : family()) names.push_back(one.name);
  return names;
}

TrialSettings bench_model_settings(const std::string& name) {
  for (const Named& one : family()) {
    if (one.name == name) return one.settings;
  }
  refuse_name({.noun = "model to measure", .key = "bench.model", .usual = kReference}, name,
              bench_model_names());
}

std::vector<StepToTime> steps_of_models(const std::string& preset, const Dataset& data) {
  std::vector<StepToTime> steps;
  for (const Named& one : family()) {
    const ModelSetup setup = trial_model(preset, data, one.settings);
    steps.push_back({one.name, trial_step(setup), setup.data.scaling});
  }
  return steps;
}

std::vector<StepTimes> time_in_turn(const std::vector<StepToTime>& steps, const Dataset& data,
                                    Device& device, const RoundOptions& options) {
  std::vector<Running> running;
  for (const StepToTime& step : steps) {
    auto trial = std::make_unique<Trial>(
        step.graph, step.scaling, data, device,
        CompileOptions{.max_rows = options.batch_size, .precision = options.precision});
    require_kernels(trial->executor(), "a step of " + step.name);
    for (int64_t i = 0; i < kWarmUpSteps; ++i) trial->step();
    trial->executor().reset_profile();
    running.push_back({std::move(trial), {}});
  }
  const Clock& clock = Trial::clock_for(device.info());
  PeakProducts products(device, options.precision);
  std::vector<double> peaks;
  for (int64_t round = 0; round < options.rounds; ++round) {
    peaks.push_back(products.best_gflops(kPeakRunsPerRound, clock));
    for (Running& one : running) one.round_seconds.push_back(seconds_of_round(*one.trial, clock));
  }
  std::vector<StepTimes> results;
  for (size_t s = 0; s < steps.size(); ++s) {
    const Running &one = running[s], &first = running.front();
    const double work = one.trial->step_product_flops() / first.trial->step_product_flops();
    std::vector<double> shares, ratios, over_products;
    for (size_t r = 0; r < peaks.size(); ++r) {
      const double ratio = one.round_seconds[r] / first.round_seconds[r];
      shares.push_back(one.trial->step_product_flops() / one.round_seconds[r] / 1e9 / peaks[r]);
      ratios.push_back(ratio);
      over_products.push_back(ratio / work);
    }
    results.push_back(
        {.name = steps[s].name,
         .step_ms = spread_of(one.round_seconds, 1e3),
         .product_gflop = one.trial->step_product_flops() / 1e9,
         .peak_share = median(std::move(shares)),
         .over_products = spread_of(std::move(over_products), 1),
         .over_first = median(std::move(ratios)),
         .split = per_step_ms(one.trial->executor().profile(), device.info().threads)});
  }
  return results;
}

Json step_times_json(const StepTimes& t, const RoundOptions& options) {
  return Json::object()
      .set("name", t.name)
      .set("precision", std::string(precision_name(options.precision)))
      .set("batch_size", options.batch_size)
      .set("rounds", options.rounds)
      .set("step_ms", spread_json(t.step_ms))
      .set("product_gflop", t.product_gflop)
      .set("peak_share", t.peak_share)
      .set("over_products", spread_json(t.over_products))
      .set("over_first", t.over_first)
      .set("split_ms", split_json(t.split));
}

}  // namespace isthmus
