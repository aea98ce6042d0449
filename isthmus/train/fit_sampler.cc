// SPDX-License-Identifier: Apache-2.0
// Codes as data, a run for each sampler, one test for all.
#include "isthmus/train/fit_sampler.h"

#include <algorithm>
#include <cmath>

#include "isthmus/base/text.h"
#include "isthmus/data/split.h"
#include "isthmus/models/model.h"
#include "isthmus/verbs/evaluate.h"
#include "isthmus/verbs/infer.h"

namespace isthmus {
namespace {

constexpr double kHeldOut = 0.1;

/// What the observer of all samplers hears of one run: no summaries, choices and ends of it.
class OneRun final : public TrainObserver {
 public:
  explicit OneRun(TrainObserver& outer) : outer_(outer) {}
  void on_progress(const Progress& progress) override { outer_.on_progress(progress); }
  StopRequest stop_requested() override { return outer_.stop_requested(); }

 private:
  TrainObserver& outer_;
};

void remove_all(Fs& fs, const std::string& path) {
  const auto info = fs.stat(path);
  if (!info) return;
  if (!info->is_folder) return fs.remove_file(path);
  for (const std::string& name : fs.list_folder(path)) remove_all(fs, join_path(path, name));
  fs.remove_folder(path);
}

/// A folder that was not there before, and is gone with all that the runs leave in it at the end.
/// Nothing in it that leads elsewhere is followed.
class RunsFolder {
 public:
  RunsFolder(Fs& fs, const std::string& path) : fs_(fs), path_(path) {
    for (int number = 2; !fs_.make_new_folder(path_); ++number) {
      path_ = path + "-" + std::to_string(number);
    }
  }
  ~RunsFolder() {
    try {
      const std::unique_ptr<Fs> inside = fs_.open_folder(path_);
      for (const std::string& name : inside->list_folder(path_)) {
        remove_all(*inside, join_path(path_, name));
      }
      fs_.remove_folder(path_);
    } catch (const Error&) {
      // What cannot be removed stays; the samplers are done or have failed already.
    }
  }
  RunsFolder(const RunsFolder&) = delete;
  RunsFolder& operator=(const RunsFolder&) = delete;
  std::string run(std::string_view name) const { return join_path(path_, name); }

 private:
  Fs& fs_;
  std::string path_;
};

Dataset codes_of(Session& session, const Dataset& data, const VerbSettings& settings) {
  const Quantity quantity = session.model().abilities().elbo ? Quantity::kSample : Quantity::kMean;
  return make_dataset(encode(session, data, quantity, settings), {.source = "codes"},
                      {.as = "table"});
}

TrainRequest request_of(const SamplerDef& def, const Dataset& codes, const std::string& run,
                        const SamplerRequest& all, Device& device) {
  TrainRequest request;
  request.dataset = &codes;
  request.device = &device;
  request.options.machine = all.machine;
  request.options.limits = all.limits;
  request.options.run.out = run;
  request.options.run.seed = all.seed;
  request.options.run.report = false;
  for (const auto& [key, value] : def.settings) {
    set_option(request.options, std::string(key), value);
    request.origins[std::string(key)] = "flag";
  }
  return request;
}

std::vector<SamplerDef> chosen(const std::vector<std::string>& names, int64_t latent_dim) {
  const std::vector<SamplerDef> all = all_samplers(latent_dim);
  if (names.empty()) return all;
  std::vector<SamplerDef> kept;
  for (const std::string& name : names) {
    const auto at = std::ranges::find_if(all, [&](const auto& def) { return def.name == name; });
    if (at == all.end()) {
      throw Error(ErrorCode::kBadValue, "\"" + escape_for_terminal(name) + "\" is no sampler",
                  "one of " + join(sampler_words(), ", "), {.key = "sampler"});
    }
    kept.push_back(*at);
  }
  return kept;
}

/// The samplers on their way, and what they are measured on.
struct Contest {
  Session& session;
  const Dataset& held_out;  // codes
  const SamplerRequest& request;
  std::vector<std::pair<SamplerFit, std::shared_ptr<const Model>>> entries = {};

  void enter(SamplerFit fit, std::shared_ptr<const Model> sampler) {
    Model model = session.model();
    model.sampler = sampler;
    Session with(std::move(model), session.device());
    const int64_t count = std::min(kMostTestRows, held_out.num_items());
    const Tensor draws = latent_draws(
        with, {.count = count, .prior = sampler == nullptr, .verb = {.seed = request.seed}});
    const std::span<const float> real = held_out.values.values<float>();
    fit.test =
        two_sample_test(real, draws.values<float>(), session.model().latent_dim(), request.seed);
    if (sampler && sampler->abilities().density) {
      Session of_codes(*sampler, session.device());
      const EvalResult r = evaluate(of_codes, held_out, {}, {});
      fit.log_prob = r.log_likelihood + r.log_scale;
    }
    entries.emplace_back(std::move(fit), std::move(sampler));
  }
};

/// Codes as floats, whatever narrower form their data set found for them.
Dataset as_floats(Dataset codes) {
  if (codes.values.dtype() == Dtype::kF32 && codes.spec.narrowing.origin.empty()) return codes;
  const Scaling identity = memory_scaling(codes, codes.spec);
  Tensor values(Dtype::kF32, codes.values.shape());
  const size_t width = identity.scale.size();
  for (size_t i = 0; i < values.values<float>().size(); ++i) {
    const double memory = codes.values.dtype() == Dtype::kU8
                              ? static_cast<double>(codes.values.values<uint8_t>()[i])
                              : static_cast<double>(codes.values.values<float>()[i]);
    values.values<float>()[i] =
        static_cast<float>((memory - identity.shift[i % width]) * identity.scale[i % width]);
  }
  codes.values = std::move(values);
  codes.spec.dtype = Dtype::kF32;
  codes.spec.narrowing = {};
  return codes;
}

}  // namespace

std::vector<SamplerDef> all_samplers(int64_t latent_dim) {
  const std::string latent = std::to_string(std::min<int64_t>(latent_dim, 64));
  return {
      {.name = "gmm",
       .summary = "a mixture of normals with full covariances",
       .help = "the cheapest gain of all, in seconds",
       .settings = {{"model.name", "gmm"},
                    {"model.covariance", "full"},
                    {"model.components", "10"}}},
      {.name = "kde",
       .summary = "a normal around each training code",
       .help = "for few items, or codes of odd shapes; it keeps the codes in the model file",
       .settings = {{"model.name", "kde"}}},
      {.name = "real_nvp",
       .summary = "a flow of affine couplings",
       .help = "an exact density where a mixture is too coarse",
       .settings = {{"model.name", "real_nvp"}}},
      {.name = "maf",
       .summary = "a masked autoregressive flow",
       .help = "as real_nvp, often closer, slower to draw from",
       .settings = {{"model.name", "maf"}}},
      {.name = "flow_matching",
       .summary = "a vector field that carries noise to codes",
       .help = "for 20 to 64 latents; strong samples, no density",
       .settings = {{"model.name", "flow_matching"}}},
      {.name = "two_stage",
       .summary = "a second vae, of the codes, whose noise is part of its draws",
       .help = "where the first model has a learned sigma and its codes fill a thin part of the "
               "latent space",
       .settings = {{"model.name", "vae"},
                    {"model.latent_dim", latent},
                    {"model.hidden", latent_dim <= 32 ? "256,256,256" : "1024,1024,1024"},
                    {"model.sigma", "learned"},
                    {"objective.kl_warmup", "20"}}}};
}

std::vector<std::string> sampler_words() {
  std::vector<std::string> words = {"auto"};
  for (const SamplerDef& def : all_samplers()) words.emplace_back(def.name);
  return words;
}

SamplerFits fit_samplers(Session& session, const Dataset& data, const SamplerRequest& request,
                         TrainObserver& observer) {
  const Model& model = session.model();
  if (!model.abilities().codes) {
    throw Error(ErrorCode::kImpossible,
                model.options().name + " has no codes that a sampler could be fitted to",
                "isthmus sample draws from it as it is", {.key = "model.name"});
  }
  constexpr auto kLeastItems = static_cast<int64_t>(kLeastTestRows / kHeldOut);
  if (data.num_items() < kLeastItems) {
    throw Error(ErrorCode::kTooFewItems,
                "a sampler is fitted to nine tenths of the items and ranked on the rest: " +
                    std::to_string(data.num_items()) + " items are too few",
                "give at least " + std::to_string(kLeastItems));
  }
  const std::vector<SamplerDef> defs = chosen(request.samplers, model.latent_dim());
  const Dataset codes =
      as_floats(codes_of(session, data, {.seed = request.seed, .noise = "sampler"}));
  const RowSplit split = split_rows(codes.num_items(), kHeldOut, request.seed);
  const Dataset fitted = select_rows(codes, split.train),
                held_out = select_rows(codes, split.validation);
  SamplerFits fits{.num_fitted = fitted.num_items(), .num_held_out = held_out.num_items()};
  Contest contest{.session = session, .held_out = held_out, .request = request};
  if (model.abilities().samples) contest.enter({.name = "prior"}, nullptr);
  Fs& fs = posix_fs();
  const RunsFolder runs(fs, request.folder);
  for (const SamplerDef& def : defs) {
    OneRun one(observer);
    const std::string run = runs.run(def.name);
    const TrainResult result = train(request_of(def, fitted, run, request, session.device()), one);
    if (result.status != "done") return fits;
    auto sampler = std::make_shared<Model>(load_model(run, fs, request.limits));
    sampler->path.clear();
    contest.enter({.name = std::string(def.name), .seconds = result.seconds}, std::move(sampler));
  }
  // The best, and of those that cannot be told from it the first.
  const auto badness = [](const SamplerFit& fit) { return std::max(fit.test.auroc, 0.5); };
  double least = 1;
  for (const auto& [fit, sampler] : contest.entries) {
    if (sampler) least = std::min(least, badness(fit) + 2 * fit.test.auroc_se);
  }
  for (auto& [fit, sampler] : contest.entries) {
    if (sampler && !fits.best && badness(fit) <= least) {
      fits.best = model;
      fits.best->sampler = sampler;
      fits.sampler = fit.name;
    }
    fits.ranked.push_back(fit);
  }
  std::stable_sort(fits.ranked.begin(), fits.ranked.end(),
                   [&](const auto& a, const auto& b) { return badness(a) < badness(b); });
  return fits;
}

}  // namespace isthmus
