// SPDX-License-Identifier: Apache-2.0
// What a metric needs - features of real items and of samples, posteriors, draws of the prior - is
// made once for all that are asked for.
#include "isthmus/verbs/judge.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "isthmus/base/digest.h"
#include "isthmus/base/text.h"
#include "isthmus/data/labels.h"
#include "isthmus/metrics/aggregate_posterior.h"
#include "isthmus/metrics/frechet.h"
#include "isthmus/metrics/kernel_distance.h"
#include "isthmus/metrics/manifold.h"
#include "isthmus/metrics/pca.h"
#include "isthmus/metrics/two_sample.h"
#include "isthmus/models/inference.h"
#include "isthmus/verbs/fit_data.h"
#include "isthmus/verbs/infer.h"
#include "isthmus/verbs/stored_values.h"

namespace isthmus {
namespace {

constexpr int64_t kComponents = 64;
constexpr size_t kHashDigits = 8;
constexpr int64_t kMostTrainItems = 20000;
constexpr int64_t kNeighbours = 5;

/// Rows of features, (N, width).
struct Features {
  std::vector<float> values;
  int64_t width = 0;
  int64_t count() const { return static_cast<int64_t>(values.size()) / width; }
};

Dataset at_most(const Dataset& data, int64_t count) {
  const int64_t all = data.num_items();
  if (all <= count) return data;
  std::vector<int64_t> rows;
  for (int64_t i = 0; i < count; ++i) rows.push_back(i * all / count);
  return select_rows(data, rows);
}

class Judge {
 public:
  Judge(Session& session, const Dataset& data, const JudgeSettings& settings)
      : session_(session),
        settings_(settings),
        real_(at_most(data, settings.samples)),
        fitted_(fit_to_model(real_, session.model().setup)),
        split_(data.split) {}

  std::vector<NamedMetric> measure(std::string_view name);

 private:
  const Model& model() const { return session_.model(); }
  NamedMetric metric(std::string_view name, double value, std::optional<double> error,
                     std::string of, std::string note = {}) const;
  NamedMetric metric(std::string_view name, const MetricResult& r, std::string note = {}) {
    return metric(name, r.value, r.standard_error, of_posterior(), std::move(note));
  }
  NamedMetric metric(std::string_view name, const Share& s, std::string note) {
    return metric(name, s.value, s.standard_error, reference(), std::move(note));
  }

  const Tensor& samples();    // (N, item), on the model's scale
  Dataset samples_as_data();  // as the data hold them
  const Features& of_real();
  const Features& of_samples();
  Features features_of(const Tensor& scaled, const Dataset& as_data);
  const Pca& components();
  std::string features_name();
  std::string reference() {
    return group_digits(of_samples().count()) + " samples, " + group_digits(of_real().count()) +
           " " + (split_.empty() ? "given" : split_) + " items, " + features_name();
  }
  const AggregatePosterior& posterior();
  std::string of_posterior() {
    return group_digits(posterior().items) + " items, " + group_digits(posterior().draws) +
           " draws";
  }
  NamedMetric hole();
  NamedMetric copies();
  NamedMetric classes();
  NamedMetric neighbours();
  const ManifoldScores& manifold() {
    if (!manifold_) {
      manifold_ = manifold_scores(of_real().values, of_samples().values, of_real().width);
    }
    return *manifold_;
  }

  Session& session_;
  const JudgeSettings& settings_;
  Dataset real_, fitted_;
  std::string split_;
  std::optional<Tensor> samples_;
  std::optional<Features> real_features_, sample_features_;
  std::optional<Pca> components_;
  std::optional<AggregatePosterior> posterior_;
  std::optional<ManifoldScores> manifold_;
};

NamedMetric Judge::metric(std::string_view name, double value, std::optional<double> error,
                          std::string of, std::string note) const {
  const auto def = std::ranges::find(all_judgements(), name, &JudgeDef::name);
  return {.name = std::string(name),
          .value = value,
          .unit = std::string(def->unit),
          .better = std::string(def->better),
          .standard_error = error,
          .of = std::move(of),
          .note = std::move(note)};
}

const Tensor& Judge::samples() {
  if (!samples_) {
    const Quantity quantity =
        model().spec().kind == DataKind::kTable ? Quantity::kSample : Quantity::kMean;
    samples_ = sample(session_,
                      {.count = settings_.samples, .quantity = quantity, .verb = settings_.verb});
  }
  return *samples_;
}

Dataset Judge::samples_as_data() {
  const DataSpec& spec = model().spec();
  const bool table = spec.kind == DataKind::kTable;
  ArrayFields fields{.source = "samples"};
  if (table) {
    for (const FieldSpec& field : spec.fields) fields.columns.push_back(field.name);
  }
  DataOptions options{.as = table ? "table" : "images"};
  options.model = settings_.extractor->model().spec();
  return make_dataset(stored_values(samples(), spec), fields, options);
}

const Pca& Judge::components() {
  if (!components_) {
    const Tensor values = model_values(model(), fitted_, 0, fitted_.num_items());
    components_.emplace(rows_of(values.values<float>(), model().spec().num_values()),
                        PcaSetup{.components = kComponents});
  }
  return *components_;
}

std::string Judge::features_name() {
  if (settings_.extractor == nullptr) {
    const std::vector<double>& directions = components().directions();
    const std::string hash = sha256_hex(std::as_bytes(std::span(directions)));
    return std::to_string(components().components()) + " principal components of these, " +
           hash.substr(0, kHashDigits);
  }
  const Model& extractor = settings_.extractor->model();
  return "features " + extractor.options().name + " " +
         weights_sha256(extractor.parameters).substr(0, kHashDigits);
}

/// Of rows on the model's scale, or of the same items as data for the extractor.
Features Judge::features_of(const Tensor& scaled, const Dataset& as_data) {
  Features f;
  if (settings_.extractor != nullptr) {
    Session& extractor = *settings_.extractor;
    const Tensor codes = encode(extractor, as_data, Quantity::kMean, settings_.verb);
    const std::span<const float> values = codes.values<float>();
    f.values.assign(values.begin(), values.end());
    f.width = extractor.model().latent_dim();
    return f;
  }
  const Pca& pca = components();
  const auto width = static_cast<size_t>(model().spec().num_values());
  f.width = pca.components();
  const std::span<const float> rows = scaled.values<float>();
  std::vector<double> centred(width);
  for (size_t r = 0; r < rows.size() / width; ++r) {
    for (size_t j = 0; j < width; ++j) {
      centred[j] = static_cast<double>(rows[r * width + j]) - pca.mean()[j];
    }
    for (size_t c = 0; c < static_cast<size_t>(f.width); ++c) {
      const double* direction = &pca.directions()[c * width];
      double sum = 0;
      for (size_t j = 0; j < width; ++j) sum += direction[j] * centred[j];
      f.values.push_back(static_cast<float>(sum));
    }
  }
  return f;
}

const Features& Judge::of_real() {
  if (!real_features_) {
    const Tensor scaled =
        settings_.extractor ? Tensor() : model_values(model(), fitted_, 0, fitted_.num_items());
    real_features_ = features_of(scaled, real_);
  }
  return *real_features_;
}

const Features& Judge::of_samples() {
  if (!sample_features_) {
    sample_features_ = features_of(samples(), settings_.extractor ? samples_as_data() : Dataset{});
  }
  return *sample_features_;
}

const AggregatePosterior& Judge::posterior() {
  if (!posterior_) {
    if (!model().abilities().normal_posterior || !model().abilities().standard_prior) {
      throw Error(ErrorCode::kImpossible,
                  model().options().name +
                      " has no diagonal normal posterior beside a standard normal prior",
                  "leave these metrics out", {.key = "metrics"});
    }
    const Tensor both = encode(session_, fitted_, Quantity::kMeanAndLogVar, settings_.verb),
                 draws = encode(session_, fitted_, Quantity::kSample, settings_.verb);
    const auto z = static_cast<size_t>(model().latent_dim());
    std::vector<float> mean, log_var;
    const std::span<const float> values = both.values<float>();
    for (size_t r = 0; r < values.size(); r += 2 * z) {
      mean.insert(mean.end(), &values[r], &values[r] + z);
      log_var.insert(log_var.end(), &values[r] + z, &values[r] + 2 * z);
    }
    posterior_ = aggregate_posterior(mean, log_var, draws.values<float>(), model().latent_dim());
  }
  return *posterior_;
}

NamedMetric Judge::hole() {
  const Quantity quantity = model().abilities().elbo ? Quantity::kSample : Quantity::kMean;
  const Tensor codes = encode(session_, fitted_, quantity, settings_.verb);
  const Tensor draws =
      latent_draws(session_, {.count = codes.shape()[0], .prior = true, .verb = settings_.verb});
  const TwoSample r = two_sample_test(codes.values<float>(), draws.values<float>(),
                                      model().latent_dim(), settings_.verb.seed);
  return metric("prior_hole_auroc", r.auroc, r.auroc_se,
                group_digits(r.rows) + " codes, as many draws of the prior");
}

NamedMetric Judge::copies() {
  if (settings_.train == nullptr) {
    throw Error(ErrorCode::kMissingArgument,
                "nearest_ratio compares samples with the training items, which are not named",
                "--train DATA", {.key = "train"});
  }
  const Dataset train = at_most(*settings_.train, kMostTrainItems);
  const Dataset as_model = fit_to_model(train, model().setup);
  const Features of_train = features_of(
      settings_.extractor ? Tensor() : model_values(model(), as_model, 0, as_model.num_items()),
      train);
  const NearestRatio r = nearest_ratio(of_samples().values, of_train.values, of_real().values,
                                       of_real().width, settings_.verb.seed);
  // Half the width of the interval of 95 % is about two standard errors.
  return metric("nearest_ratio", r.value, (r.high - r.low) / 3.92, reference(),
                "nearest of " + group_digits(of_train.count()) + " training items");
}

/// exp of the mean KL(p(y|x) || p(y)) over samples, in ten parts.
NamedMetric Judge::classes() {
  Session* extractor = settings_.extractor;
  if (extractor == nullptr || !extractor->model().abilities().classifies) {
    throw Error(ErrorCode::kImpossible, "classifier_score needs features that are a classifier's",
                "--features MODEL of isthmus train DATA --model classifier", {.key = "features"});
  }
  const Dataset data = fit_to_model(samples_as_data(), extractor->model().setup);
  GraphRunner& runner = extractor->runner("classify", "eval", settings_.verb, classify_graph);
  runner.bind(data, extractor->model().spec());
  std::vector<double> p;
  runner.for_each_batch(data.num_items(), [&](int64_t, int64_t) {
    for (const float v : runner.executor().rows("log_class")) {
      p.push_back(std::exp(static_cast<double>(v)));
    }
  });
  const size_t k = extractor->model().spec().classes.size(), rows = p.size() / k;
  constexpr size_t kParts = 10;
  ItemMean scores;
  for (size_t part = 0; part < kParts; ++part) {
    const size_t first = part * rows / kParts, end = (part + 1) * rows / kParts;
    if (first == end) continue;
    std::vector<double> mean(k);
    for (size_t r = first; r < end; ++r) {
      for (size_t c = 0; c < k; ++c) mean[c] += p[r * k + c] / static_cast<double>(end - first);
    }
    double kl = 0;
    for (size_t r = first; r < end; ++r) {
      for (size_t c = 0; c < k; ++c) {
        const double v = p[r * k + c];
        if (v > 0) kl += v * std::log(v / mean[c]) / static_cast<double>(end - first);
      }
    }
    scores.add(std::exp(kl));
  }
  return metric("classifier_score", scores.mean(), scores.standard_error(),
                group_digits(static_cast<int64_t>(rows)) + " samples, " + features_name(),
                "blind to copies and to sameness inside a class");
}

/// Share of items whose class is that of most of their nearest others, by posterior means.
NamedMetric Judge::neighbours() {
  if (fitted_.labels.empty()) {
    throw Error(ErrorCode::kImpossible, "knn_probe needs labels, and the data have none",
                "name them: --labels FILE, or a column of the table", {.key = "metrics"});
  }
  const Tensor codes = encode(session_, fitted_, Quantity::kMean, settings_.verb);
  const auto z = static_cast<size_t>(model().latent_dim());
  const std::span<const float> values = codes.values<float>();
  const RowDistances distances(values, model().latent_dim());
  std::vector<float> d(distances.count());
  std::vector<std::pair<float, int32_t>> nearest(d.size());
  ItemMean right;
  for (size_t i = 0; i < d.size(); ++i) {
    distances.to(values.subspan(i * z, z), d);
    for (size_t n = 0; n < d.size(); ++n) nearest[n] = {d[n], fitted_.labels[n]};
    nearest[i].first = INFINITY;  // itself
    const auto count = std::min<size_t>(kNeighbours, d.size() - 1);
    std::partial_sort(nearest.begin(), nearest.begin() + static_cast<ptrdiff_t>(count),
                      nearest.end());
    // The most frequent class; of equals that of the nearer item.
    int32_t best = -1;
    int64_t most = 0;
    for (size_t n = 0; n < count; ++n) {
      const int32_t label = nearest[n].second;
      const int64_t votes =
          std::count_if(nearest.begin(), nearest.begin() + static_cast<ptrdiff_t>(count),
                        [&](const auto& v) { return v.second == label; });
      if (votes > most) {
        most = votes;
        best = label;
      }
    }
    right.add(best == fitted_.labels[i] ? 1 : 0);
  }
  return metric("knn_probe", right.mean(), right.standard_error(),
                group_digits(static_cast<int64_t>(d.size())) + " items by their codes",
                std::to_string(kNeighbours) + " nearest, each left out of its own");
}

std::vector<NamedMetric> Judge::measure(std::string_view name) {
  if (name == "fid") {
    const FrechetResult r =
        frechet_distance(of_samples().values, of_real().values, of_real().width);
    return {metric(name, r.value, r.standard_error, reference(),
                   "samples of one normal: " + format_fixed(r.self_distance, 2))};
  }
  if (name == "kid") {
    const KernelDistance r = kernel_distance(of_samples().values, of_real().values, of_real().width,
                                             settings_.verb.seed);
    return {metric(name, r.value, r.standard_error, reference())};
  }
  if (name == "precision") return {metric(name, manifold().precision, "k 3")};
  if (name == "recall") return {metric(name, manifold().recall, "k 3")};
  if (name == "density") return {metric(name, manifold().density, "k 5")};
  if (name == "coverage") return {metric(name, manifold().coverage, "k 5")};
  if (name == "c2st") {
    const TwoSample r = two_sample_test(of_real().values, of_samples().values, of_real().width,
                                        settings_.verb.seed);
    return {metric(name, r.accuracy, r.accuracy_se, reference())};
  }
  if (name == "nearest_ratio") return {copies()};
  if (name == "classifier_score") return {classes()};
  if (name == "prior_hole_auroc") return {hole()};
  if (name == "mutual_information") {
    return {metric(name, posterior().mutual_information,
                   "at most " + format_fixed(std::log(static_cast<double>(posterior().items)), 2))};
  }
  if (name == "aggregate_kl") return {metric(name, posterior().kl)};
  if (name == "total_correlation") {
    return {metric(name, posterior().total_correlation)};
  }
  if (name == "dimension_kl") return {metric(name, posterior().dimension_kl)};
  ISTHMUS_CHECK(name == "knn_probe", "the names are those of all_judgements()");
  return {neighbours()};
}

}  // namespace

const std::vector<JudgeDef>& all_judgements() {
  static const std::vector<JudgeDef> all = {
      {"fid", "Frechet distance of samples and items in features", "", "lower", "Heusel2017"},
      {"kid", "kernel distance of samples and items in features", "", "lower", "Binkowski2018"},
      {"precision", "share of samples that lie where items are", "", "higher", "Kynkaanniemi2019"},
      {"recall", "share of items that lie where samples are", "", "higher", "Kynkaanniemi2019"},
      {"density", "how many neighbourhoods of items a sample is in", "", "higher", "Naeem2020"},
      {"coverage", "share of items with a sample in their neighbourhood", "", "higher",
       "Naeem2020"},
      {"c2st", "accuracy of a classifier of samples and items; 0.5 is perfect", "", "lower",
       "LopezPaz2017"},
      {"nearest_ratio", "distance of samples to training items, as a share of that of new items",
       "", "higher", "Meehan2020"},
      {"classifier_score", "how certain and how various the classes of samples are", "", "higher",
       "Salimans2016"},
      {"prior_hole_auroc", "how well codes are told from draws of the prior; 0.5 is perfect", "",
       "lower", "LopezPaz2017"},
      {"mutual_information", "what a code says about its item", "nats", "higher",
       "HoffmanJohnson2016"},
      {"aggregate_kl", "KL of all codes together from the prior", "nats", "lower",
       "HoffmanJohnson2016"},
      {"total_correlation", "dependence of the latents over all codes", "nats", "lower",
       "Chen2018"},
      {"dimension_kl", "KL of each latent over all codes from its prior, summed", "nats", "lower",
       "Chen2018"},
      {"knn_probe", "accuracy of classes told by the nearest codes", "", "higher",
       "CoverHart1967"}};
  return all;
}

bool is_judgement(std::string_view name) {
  return std::ranges::find(all_judgements(), name, &JudgeDef::name) != all_judgements().end();
}

std::vector<NamedMetric> judge(Session& session, const Dataset& data,
                               const JudgeSettings& settings) {
  Judge judge(session, data, settings);
  std::vector<NamedMetric> results;
  for (const std::string& name : settings.metrics) {
    for (NamedMetric& metric : judge.measure(name)) results.push_back(std::move(metric));
  }
  return results;
}

}  // namespace isthmus
