// SPDX-License-Identifier: Apache-2.0
// Runs the evaluation graph and collects its per-item terms in double. The bound values, not the
// model, decide how many items there are.
#include "isthmus/verbs/item_terms.h"

#include <algorithm>
#include <cmath>

#include "isthmus/base/work.h"
#include "isthmus/models/inference.h"

namespace isthmus {
namespace {

constexpr double kActiveVariance = 0.01;

}  // namespace

GraphRunner& evaluation_runner(Session& session, const VerbSettings& settings) {
  return session.runner("evaluation", settings.noise, settings, evaluation_graph);
}

GraphRunner evaluation_runner(const ModelSetup& setup, Device& device,
                              const VerbSettings& settings) {
  return GraphRunner(device, evaluation_graph(setup),
                     {.seed = settings.seed,
                      .purpose = settings.noise,
                      .values_per_row = setup.data.num_values(),
                      .batch_size = settings.batch_size,
                      .precision = settings.precision});
}

TermsRunner::TermsRunner(GraphRunner& runner, const ModelSetup& setup)
    : runner_(runner),
      spec_(setup.data),
      has_(abilities_of(setup)),
      latent_dim_(has_.latent_dim),
      kl_per_dim_(latent_dim_),
      posterior_mean_(latent_dim_) {}

void TermsRunner::add_batch(ItemTerms& terms, int64_t rows) {
  const Executor& executor = runner_.executor();
  if (runner_.has_output("reconstruction")) {
    const std::span<const float> reconstruction = executor.rows("reconstruction");
    terms.reconstruction.insert(terms.reconstruction.end(), reconstruction.begin(),
                                reconstruction.begin() + rows);
  }
  if (latent_dim_ > 0) posterior_mean_.add_rows(executor.rows("posterior_mean"));
  if (has_.density) {
    const std::span<const float> log_prob = executor.rows("log_prob");
    terms.log_prob.insert(terms.log_prob.end(), log_prob.begin(), log_prob.begin() + rows);
  }
  if (has_.loss) {
    const std::span<const float> loss = executor.rows("loss");
    terms.loss.insert(terms.loss.end(), loss.begin(), loss.begin() + rows);
  }
  if (!has_.elbo) return;
  const std::span<const float> kl = executor.rows("kl");
  terms.kl.insert(terms.kl.end(), kl.begin(), kl.begin() + rows);
  if (runner_.has_output("kl_per_dim")) kl_per_dim_.add_rows(executor.rows("kl_per_dim"));
}

/// One more draw of the items from `first` on.
void TermsRunner::add_draw(ItemTerms& terms, int64_t first) {
  if (!runner_.has_output("reconstruction")) return;
  const std::span<const float> more = runner_.executor().rows("reconstruction");
  const std::span<double> sums =
      std::span(terms.reconstruction).subspan(static_cast<size_t>(first));
  for (size_t r = 0; r < sums.size(); ++r) sums[r] += more[r];
}

ItemTerms TermsRunner::run(int64_t count, int64_t samples) {
  kl_per_dim_ = ColumnMoments(latent_dim_);
  posterior_mean_ = ColumnMoments(latent_dim_);
  ItemTerms terms;
  for (int64_t first = 0; first < count; first += runner_.batch_size()) {
    const int64_t rows = std::min(runner_.batch_size(), count - first);
    for (int64_t draw = 0; draw < samples; ++draw) {
      runner_.run(first, rows, static_cast<uint32_t>(draw));
      if (draw == 0) {
        add_batch(terms, rows);
      } else {
        add_draw(terms, first);
      }
      note_work(samples > 1 ? "draws" : "items",
                static_cast<uint64_t>(first * samples + rows * (draw + 1)),
                static_cast<uint64_t>(count * samples));
    }
  }
  for (double& value : terms.reconstruction) value /= static_cast<double>(samples);
  return terms;
}

ItemTerms TermsRunner::run(std::span<const int64_t> items) {
  kl_per_dim_ = ColumnMoments(latent_dim_);
  posterior_mean_ = ColumnMoments(latent_dim_);
  ItemTerms terms;
  const size_t batch = static_cast<size_t>(runner_.batch_size());
  for (size_t first = 0; first < items.size(); first += batch) {
    const auto part = items.subspan(first, std::min(batch, items.size() - first));
    runner_.run(part, 0);
    add_batch(terms, static_cast<int64_t>(part.size()));
  }
  return terms;
}

int64_t TermsRunner::active_units() const {
  if (posterior_mean_.count() < 2) return -1;  // one item has no variance
  return posterior_mean_.count_variance_above(kActiveVariance);
}

Terms mean_terms(const ItemTerms& items) {
  ItemMean elbo, reconstruction, kl, loss;
  for (const double value : items.loss) loss.add(value);
  for (size_t i = 0; i < items.reconstruction.size(); ++i) {
    reconstruction.add(items.reconstruction[i]);
    if (items.kl.empty()) continue;  // elbo: of the density, if there is one
    kl.add(items.kl[i]);
    elbo.add(-(items.reconstruction[i] + items.kl[i]));
  }
  if (items.kl.empty()) {
    for (const double value : items.log_prob) elbo.add(value);
  }
  Terms terms;
  if (loss.count() > 0) terms.others.emplace_back("loss", loss.mean());
  if (items.reconstruction.empty()) return terms;
  terms.reconstruction = reconstruction.mean();
  if (!items.kl.empty()) terms.kl = kl.mean();
  if (elbo.count() == 0) return terms;
  terms.elbo = elbo.mean();
  terms.elbo_se = elbo.standard_error();
  return terms;
}

double data_floor(const Model& model, const Dataset& data, int64_t count) {
  if (model.measure() == Measure::kMass) return 0;
  const auto least_loss = all_likelihoods().find(model.options().likelihood).least_loss;
  if (least_loss == nullptr || count == 0) return kUnknown;
  const Scaling scaling = memory_scaling(data, model.spec());
  const Tensor& stored = data.values;
  const int64_t values = model.spec().num_values();
  const auto least = [&](double v, size_t at) {
    const size_t column = scaling.shift.size() == 1 ? 0 : at % scaling.shift.size();
    return least_loss((v - scaling.shift[column]) * scaling.scale[column]);
  };
  double sum = 0;
  const size_t total = static_cast<size_t>(count * values);
  if (stored.dtype() == Dtype::kU8 && scaling.shift.size() == 1) {
    std::vector<double> table;
    for (int level = 0; level < 256; ++level) table.push_back(least(level, 0));
    for (uint8_t level : stored.values<uint8_t>().first(total)) sum += table[level];
  } else if (stored.dtype() == Dtype::kU8) {
    for (size_t i = 0; i < total; ++i) sum += least(stored.values<uint8_t>()[i], i);
  } else {
    for (size_t i = 0; i < total; ++i) sum += least(stored.values<float>()[i], i);
  }
  return sum / static_cast<double>(count);
}

}  // namespace isthmus
