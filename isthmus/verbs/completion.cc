// SPDX-License-Identifier: Apache-2.0
// Runs chains, a batch of items at a time, and gathers what they have seen.
#include "isthmus/verbs/completion.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "isthmus/data/scaling.h"
#include "isthmus/metrics/metric.h"
#include "isthmus/models/inference.h"
#include "isthmus/verbs/latent_moves.h"

namespace isthmus {
namespace {

constexpr size_t kMostNumbers = size_t{1} << 22;  // of the Z x Z matrices, or states, of a batch

/// Moments of the values of one batch over the steps that count.
class Moments {
 public:
  explicit Moments(size_t values) : means_(values), sum_(values), squares_(values) {}
  void add(std::span<const float> mean, std::span<const float> x) {
    ++count_;
    for (size_t at = 0; at < sum_.size(); ++at) {
      const double v = x[at];
      means_[at] += static_cast<double>(mean[at]);
      sum_[at] += v;
      squares_[at] += v * v;
    }
  }
  void write(std::span<float> mean, std::span<float> deviation) const {
    for (size_t at = 0; at < sum_.size(); ++at) {
      const double center = sum_[at] / count_;
      mean[at] = static_cast<float>(means_[at] / count_);
      deviation[at] =
          static_cast<float>(std::sqrt(std::max(0.0, squares_[at] / count_ - center * center)));
    }
  }

 private:
  double count_ = 0;
  std::vector<double> means_, sum_, squares_;
};

/// Variances within and between the half chains of one batch, of each latent. Source: Gelman et al.
/// 2013, Bayesian Data Analysis, section 11.4.
class HalfChains {
 public:
  HalfChains(size_t rows, size_t width)
      : width_(width), sum_(rows * width), squares_(rows * width), halves_(rows * width) {}
  void add(std::span<const double> z) {
    ++steps_;
    for (size_t i = 0; i < z.size(); ++i) {
      sum_[i] += z[i];
      squares_[i] += z[i] * z[i];
    }
  }
  void end_half() {
    const auto n = static_cast<double>(steps_);
    for (size_t i = 0; i < sum_.size(); ++i) {
      const double mean = sum_[i] / n;
      Halves& h = halves_[i];
      h.within += std::max(0.0, squares_[i] - n * mean * mean) / (n - 1);
      h.means += mean;
      h.mean_squares += mean * mean;
    }
    std::ranges::fill(sum_, 0.0);
    std::ranges::fill(squares_, 0.0);
    length_ = n;
    steps_ = 0;
    ++count_;
  }
  struct Item {
    double r_hat = kUnknown, effective = kUnknown;
  };
  Item item(size_t row) const {
    if (length_ < 2) return {};
    Item result{.r_hat = 1};
    double share = 0;
    for (size_t i = row * width_; i < (row + 1) * width_; ++i) {
      const Halves& h = halves_[i];
      const double center = h.means / count_, within = h.within / count_;
      const double between =
          std::max(0.0, h.mean_squares / count_ - center * center) * count_ / (count_ - 1);
      const double all = (length_ - 1) / length_ * within + between;
      if (!(all > 0)) continue;
      result.r_hat = std::max(result.r_hat, std::sqrt(all / std::max(within, 1e-12 * all)));
      share += between / all / static_cast<double>(width_);
    }
    result.effective = std::min(count_ / std::max(share, 1e-12), count_ * length_);
    return result;
  }

 private:
  struct Halves {
    double within = 0, means = 0, mean_squares = 0;
  };
  size_t width_;
  int64_t steps_ = 0;
  double length_ = 0, count_ = 0;
  std::vector<double> sum_, squares_;
  std::vector<Halves> halves_;
};

std::string name_of(const Evidence& evidence) {
  if (evidence.factor == 0) return "values";
  return "blocks of " + std::to_string(evidence.factor) +
         (evidence.sigma ? " and sigma " + print_value(*evidence.sigma) : "");
}

class Chains {
 public:
  Chains(Session& session, const Evidence& evidence, const NamedInputs& known, const Tensor& guess,
         const CompletionSettings& s, std::string_view purpose)
      : settings_(s),
        width_(static_cast<size_t>(session.model().latent_dim())),
        expected_(session.model().measure() == Measure::kScore),
        codes_(Dtype::kF32, {guess.shape()[0], session.model().latent_dim()}),
        evidence_(session.runner(
            "evidence of " + name_of(evidence), purpose, s.verb,
            [&](const ModelSetup& setup) { return evidence_graph(setup, evidence); })),
        completion_(session.runner(
            "completion of " + name_of(evidence), purpose, s.verb,
            [&](const ModelSetup& setup) { return completion_graph(setup, evidence); })),
        encoder_(session.runner(
            "guess", purpose, s.verb,
            [](const ModelSetup& setup) { return encode_graph(setup, Draw::kNone); })),
        prior_key_(RngKey::from(s.verb.seed, std::string(purpose) + "/prior")),
        pick_key_(RngKey::from(s.verb.seed, std::string(purpose) + "/pick")),
        anneal_(std::max<int64_t>(1, s.steps * 3 / 8)) {
    const size_t matrices = kMostNumbers / (width_ * width_);
    const size_t states = kMostNumbers / (width_ + 1) / static_cast<size_t>(s.draws);
    if (!session.model().abilities().standard_prior) {
      prior_ = &session.runner("first codes", purpose, s.verb, prior_graph);
      prior_->executor().set_scalar("temperature", 1.0);
    }
    batch_ = std::clamp(static_cast<int64_t>(std::min(matrices, states)), int64_t{1},
                        completion_.batch_size());
    for (const GraphRunner* r :
         std::initializer_list<GraphRunner*>{&evidence_, &encoder_, prior_}) {
      if (r != nullptr) batch_ = std::min(batch_, r->batch_size());
    }
    moves_.emplace(width_, static_cast<size_t>(batch_),
                   RngKey::from(s.verb.seed, std::string(purpose) + "/momentum"),
                   RngKey::from(s.verb.seed, std::string(purpose) + "/local"));
    encoder_.executor().bind_input("x", guess, Scaling{});
    for (GraphRunner* r : {&evidence_, &completion_}) {
      r->executor().bind_input("z", codes_, Scaling{});
    }
    for (const auto& [name, values] : known) bind(name, values);
    target_ = [this](std::span<const double> z, double share, std::span<double> log_prob,
                     std::span<double> slope) { evaluate(z, share, log_prob, slope); };
  }
  int64_t batch_size() const { return batch_; }

  /// Looks for the modes of a batch, and leads the chains of all its draws to the density.
  void open(int64_t first, int64_t rows) {
    first_ = first;
    rows_ = rows;
    std::vector<double> z(static_cast<size_t>(rows) * width_);
    encoder_.run(first, rows, 0);
    std::ranges::copy(encoder_.executor().rows("posterior_mean"), z.begin());
    chains_.assign(static_cast<size_t>(settings_.draws), LatentMoves::start(z, rows_of_batch()));
    if (settings_.pseudo_gibbs) return;
    moves_->fit(target_, z);
    for (draw_ = 0; draw_ < settings_.draws; ++draw_) draw_prior(chains_[draw_index()].z);
    log_weights_.assign(rows_of_batch() * chains_.size(), 0.0);
    double share = 0;
    for (int64_t step = 1; step <= anneal_; ++step) {
      const double next = std::pow(static_cast<double>(step) / static_cast<double>(anneal_), 4);
      weigh(next - share);
      share = next;
      resample(step);
      for (draw_ = 0; draw_ < settings_.draws; ++draw_) {
        move(step, share);
        note(step);
      }
    }
  }
  /// Steps count from 1. The first of them are over when the batch is open; those that count leave
  /// mean() and sample().
  void step(int64_t draw, int64_t step) {
    draw_ = draw;
    if (!settings_.pseudo_gibbs && step <= anneal_ && step < settings_.steps) return;
    if (!settings_.pseudo_gibbs) move(step, 1);
    note(step);
    const bool proposes = completion_.has_output("z");
    if (!proposes && 2 * step <= settings_.steps) return;
    LatentChains& chains = chains_[draw_index()];
    write_codes(chains.z);
    if (proposes) completion_.executor().set_scalar("always", settings_.pseudo_gibbs ? 1 : 0);
    completion_.run(first_, rows_, number_of(step));
    if (!proposes) return;
    std::ranges::copy(completion_.executor().rows("z"), chains.z.begin());
    for (const float taken : completion_.executor().rows("taken")) encoder_taken_.add(taken);
  }
  std::span<const double> z() const { return chains_[draw_index()].z; }
  std::span<const float> mean() const { return completion_.executor().rows("mean"); }
  std::span<const float> sample() const {
    return completion_.executor().rows(expected_ ? "mean" : "sample");
  }
  void note_acceptance(Mixing& mixing) const {
    if (local_tries_ > 0) mixing.local = local_ / local_tries_;
    if (encoder_taken_.count() > 0 && !settings_.pseudo_gibbs) {
      mixing.encoder = encoder_taken_.mean();
    }
  }

 private:
  void bind(const std::string& name, const Tensor& values) {
    std::vector<GraphRunner*> users = {&evidence_, &completion_};
    if (name == "context") users.push_back(&encoder_);
    for (GraphRunner* r : users) r->executor().bind_input(name, values, Scaling{});
  }
  size_t rows_of_batch() const { return static_cast<size_t>(rows_); }
  size_t draw_index() const { return static_cast<size_t>(draw_); }
  void move(int64_t step, double share) {
    local_ += moves_->move(target_,
                           {.share = share,
                            .adapt = 2 * step <= settings_.steps,
                            .first_item = first_,
                            .number = number_of(step)},
                           chains_[draw_index()]);
    local_tries_ += static_cast<double>(rows_);
  }
  void note(int64_t step) const {
    const int64_t led = std::min(settings_.pseudo_gibbs ? 0 : anneal_, settings_.steps - 1);
    const int64_t steps =
        step <= led ? (step - 1) * settings_.draws + draw_ + 1
                    : led * settings_.draws + draw_ * (settings_.steps - led) + step - led;
    const int64_t each = settings_.draws * settings_.steps;
    note_work("steps", static_cast<uint64_t>(first_ * each + rows_ * steps),
              static_cast<uint64_t>(codes_.shape()[0] * each));
  }
  /// More of the evidence counts.
  void weigh(double more) {
    for (size_t d = 0; d < chains_.size(); ++d) {
      write_codes(chains_[d].z);
      evidence_.executor().set_scalar("share", 1);
      evidence_.run(first_, rows_, 0);
      const std::span<const float> values = evidence_.executor().rows("log_likelihood");
      for (size_t r = 0; r < values.size(); ++r) {
        log_weights_[r * chains_.size() + d] += more * static_cast<double>(values[r]);
      }
    }
  }
  /// Where fewer than half of an item's chains are effective, and in the last step everywhere.
  /// Systematic: chain d of n copies the one that holds the place (d + u) / n of the weights.
  void resample(int64_t step) {
    const size_t n = chains_.size();
    std::vector<double> weights(n);
    std::vector<LatentChains> old;
    for (size_t r = 0; r < rows_of_batch(); ++r) {
      const std::span<double> logs = std::span(log_weights_).subspan(r * n, n);
      const double most = std::ranges::max(logs);
      double sum = 0, squares = 0;
      for (size_t d = 0; d < n; ++d) {
        weights[d] = std::exp(logs[d] - most);
        sum += weights[d];
        squares += weights[d] * weights[d];
      }
      if (!std::isfinite(sum)) continue;  // no weights to go by
      if (step < anneal_ && 2 * sum * sum >= static_cast<double>(n) * squares) continue;
      std::ranges::fill(logs, 0.0);
      float u = 0;
      fill_uniform(pick_key_, static_cast<uint64_t>(first_) + r, static_cast<uint32_t>(step), 0, &u,
                   1);
      if (old.empty()) old = chains_;
      double passed = weights[0];
      for (size_t d = 0, from = 0; d < n; ++d) {
        const double place = (static_cast<double>(d) + u) / static_cast<double>(n) * sum;
        while (passed < place && from + 1 < n) passed += weights[++from];
        std::copy_n(old[from].z.begin() + static_cast<ptrdiff_t>(r * width_), width_,
                    chains_[d].z.begin() + static_cast<ptrdiff_t>(r * width_));
        chains_[d].log_step[r] = old[from].log_step[r];
      }
    }
  }
  uint32_t number_of(int64_t step) const {
    return static_cast<uint32_t>(draw_ * (kMostSteps + 1) + step);
  }
  std::span<float> code_rows() {
    return codes_.values<float>().subspan(static_cast<size_t>(first_) * width_,
                                          static_cast<size_t>(rows_) * width_);
  }
  void write_codes(std::span<const double> z) {
    std::ranges::transform(z, code_rows().begin(), [](double v) { return static_cast<float>(v); });
  }
  void draw_prior(std::span<double> z) {
    if (prior_) {
      prior_->run(first_, rows_, number_of(0));
      std::ranges::copy(prior_->executor().rows("z"), z.begin());
      return;
    }
    std::vector<float> row(width_);
    for (size_t r = 0; r < rows_of_batch(); ++r) {
      fill_normal(prior_key_, static_cast<uint64_t>(first_) + r, number_of(0), 0, row.data(),
                  static_cast<int64_t>(width_));
      std::ranges::copy(row, z.begin() + static_cast<ptrdiff_t>(r * width_));
    }
  }
  void evaluate(std::span<const double> z, double share, std::span<double> log_prob,
                std::span<double> slope) {
    write_codes(z);
    evidence_.executor().set_scalar("share", share);
    evidence_.run(first_, rows_, 0);
    std::ranges::copy(evidence_.executor().rows("log_prob"), log_prob.begin());
    std::ranges::copy(evidence_.executor().rows("slope"), slope.begin());
  }

  const CompletionSettings& settings_;
  size_t width_;
  bool expected_;
  Tensor codes_;
  GraphRunner &evidence_, &completion_, &encoder_;
  GraphRunner* prior_ = nullptr;
  std::optional<LatentMoves> moves_;
  RngKey prior_key_, pick_key_;
  int64_t anneal_, batch_ = 1, first_ = 0, rows_ = 0, draw_ = 0;
  LatentTarget target_;
  std::vector<LatentChains> chains_;  // one of each item per draw
  std::vector<double> log_weights_;   // (rows, draws)
  double local_ = 0, local_tries_ = 0;
  ItemMean encoder_taken_;
};

/// What the chains of the items told of their mixing.
class MixingOfItems {
 public:
  void add(const HalfChains::Item& item) {
    if (std::isnan(item.r_hat)) return;
    r_hats_.push_back(item.r_hat);
    effective_.add(item.effective);
  }
  void write(Mixing& mixing) {
    if (r_hats_.empty()) return;
    const auto middle = r_hats_.begin() + static_cast<ptrdiff_t>(r_hats_.size() / 2);
    std::ranges::nth_element(r_hats_, middle);
    mixing.r_hat = *middle;
    mixing.apart = std::ranges::count_if(r_hats_, [](double v) { return v > kMostRHat; });
    mixing.effective = effective_.mean();
  }

 private:
  std::vector<double> r_hats_;
  ItemMean effective_;
};

}  // namespace

Completion complete(Session& session, const Evidence& evidence, const NamedInputs& known,
                    const Tensor& guess, const CompletionSettings& settings,
                    std::string_view purpose) {
  const Model& model = session.model();
  Chains chains(session, evidence, known, guess, settings, purpose);
  const int64_t count = guess.shape()[0], draws = settings.draws, steps = settings.steps;
  const auto width = static_cast<size_t>(model.spec().num_values());
  Shape shape = guess.shape();
  shape[0] *= draws;
  Completion result{.mean = Tensor(Dtype::kF32, guess.shape()),
                    .deviation = Tensor(Dtype::kF32, guess.shape()),
                    .draws = Tensor(Dtype::kF32, shape)};
  MixingOfItems mixing;
  const int64_t counted = steps - steps / 2;
  for (int64_t first = 0; first < count; first += chains.batch_size()) {
    const int64_t rows = std::min(chains.batch_size(), count - first);
    const auto from = static_cast<size_t>(first) * width, size = static_cast<size_t>(rows) * width;
    Moments moments(size);
    HalfChains halves(static_cast<size_t>(rows), static_cast<size_t>(model.latent_dim()));
    chains.open(first, rows);
    for (int64_t draw = 0; draw < draws; ++draw) {
      for (int64_t step = 1; step <= steps; ++step) {
        chains.step(draw, step);
        const int64_t seen = step - steps / 2;
        if (seen <= 0) continue;
        moments.add(chains.mean(), chains.sample());
        if (seen <= counted / 2 * 2) halves.add(chains.z());
        if (steps >= kLeastMixedSteps && (seen == counted / 2 || seen == counted / 2 * 2))
          halves.end_half();
      }
      for (int64_t r = 0; r < rows; ++r) {
        const auto to = static_cast<size_t>((first + r) * draws + draw) * width;
        std::ranges::copy(chains.sample().subspan(static_cast<size_t>(r) * width, width),
                          result.draws.values<float>().subspan(to).begin());
      }
    }
    moments.write(result.mean.values<float>().subspan(from, size),
                  result.deviation.values<float>().subspan(from, size));
    for (size_t r = 0; r < static_cast<size_t>(rows); ++r) mixing.add(halves.item(r));
  }
  chains.note_acceptance(result.mixing);
  mixing.write(result.mixing);
  return result;
}

}  // namespace isthmus
