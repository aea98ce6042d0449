// SPDX-License-Identifier: Apache-2.0
// The probability of what is known under a code, its gradient, and what is expected of the rest.
// Which codes to try is the business of the verbs.
#include "isthmus/models/evidence.h"

#include <cmath>

#include "isthmus/losses/elbo.h"

namespace isthmus {
namespace {

constexpr double kLog2Pi = 1.8378770664093454836;

void require_densities(const ModelSetup& setup, const Parts& parts) {
  if (parts.posterior && parts.prior) return;
  throw Error(ErrorCode::kImpossible, "model " + setup.model.name + " has no posterior density",
              "filling in missing values needs one: train a vae", {.key = "model.name"});
}

/// Means of blocks of pixels, and the way back.
class BlockMeans {
 public:
  BlockMeans(const Shape& item, int64_t factor)
      : size_(static_cast<double>(factor * factor)),
        values_(value_count(item)),
        split_{item[0] / factor, factor, item[1] / factor, factor, item.size() == 3 ? item[2] : 1},
        small_{item[0] / factor, item[1] / factor} {
    if (item.size() == 3) small_.push_back(item[2]);
  }
  const Shape& small() const { return small_; }
  double size() const { return size_; }
  int64_t count() const { return value_count(small_); }
  /// (B, D) -> (B, blocks)
  Value of(GraphBuilder& g, Value x) const {
    x = g.sum({{"axis", -2}}, g.reshape({{"shape", split_}}, x));
    x = g.reshape({{"shape", Shape{count()}}}, g.sum({{"axis", -3}}, x));
    return g.mul(x, g.constant(1 / size_));
  }
  /// (B, blocks) -> (B, D), each pixel as its block.
  Value spread(GraphBuilder& g, Value blocks) const {
    const Shape thin = {split_[0], 1, split_[2], 1, split_[4]};
    const Value wide = g.broadcast({{"shape", split_}}, g.reshape({{"shape", thin}}, blocks));
    return g.reshape({{"shape", Shape{values_}}}, wide);
  }

 private:
  double size_;
  int64_t values_;
  Shape split_, small_;
};

[[noreturn]] void refuse_without_sigma(const ModelSetup& setup) {
  constexpr double kUsual = 0.1;  // of the range
  const ValueRange range = scaled_range(setup.data);
  const auto text = [](double v) { return print_value(static_cast<float>(v)); };
  throw Error(
      ErrorCode::kImpossible,
      "likelihood " + setup.model.likelihood + " tells no variance of a pixel",
      "say how far one lies from the decoder's mean on the model's scale, where the data go "
      "from " +
          text(range.low) + " to " + text(range.high) + ": --sigma " +
          text(kUsual * (range.high - range.low)),
      {.key = "superresolve.sigma"});
}

/// The decoder's mean and variance at z beside the block means that are known.
struct SeenBlocks {
  BlockMeans blocks;
  Value mean, variance;      // (B, D)
  Value off, mean_variance;  // (B, blocks): of the known means, of the variances

  SeenBlocks(const ModelBuild& b, const Evidence& evidence, Value params)
      : blocks(b.setup.data.item_shape, evidence.factor) {
    GraphBuilder& g = b.g;
    if (!evidence.sigma && !b.likelihood.variance) {
      refuse_without_sigma(b.setup);
    }
    mean = b.likelihood.mean(g, params);
    const Value own = evidence.sigma ? g.constant(*evidence.sigma * *evidence.sigma)
                                     : b.likelihood.variance(g, params);
    variance = g.add(g.mul(mean, g.constant(0.0)), own);  // it may be the same for all
    const Value known =
        g.reshape({{"shape", Shape{blocks.count()}}}, g.input("blocks", blocks.small()));
    off = g.sub(known, blocks.of(g, mean));
    mean_variance = blocks.of(g, variance);
  }
  /// Independent pixels: the mean of n has the n-th part of their mean variance.
  Value log_prob(GraphBuilder& g) const {
    const Value v = g.mul(mean_variance, g.constant(1 / blocks.size()));
    const Value distance = g.div(g.square(off), v);
    const Value each = g.add(distance, g.add(g.log(v), g.constant(kLog2Pi)));
    return g.mul(g.sum(each), g.constant(-0.5));
  }
  /// What has to be added to pixels so that their block means rise by `blocks`.
  Value raised(GraphBuilder& g, Value by) const {
    return g.mul(variance, blocks.spread(g, g.div(by, mean_variance)));
  }
};

Graph completion_of_blocks(GraphBuilder& g, const ModelBuild& b, const Parts& parts,
                           const Evidence& evidence) {
  const Value z = g.input("z", {parts.latent_dim});
  const SeenBlocks seen(b, evidence, parts.decode(z, given_condition(b)));
  const Value mean = g.add(seen.mean, seen.raised(g, seen.off));
  const Value noise =
      g.mul(g.sqrt(seen.variance), g.normal("likelihood", {b.setup.data.num_values()}));
  g.output("mean", mean);
  g.output("sample", g.add(mean, g.sub(noise, seen.raised(g, seen.blocks.of(g, noise)))));
  return std::move(g).finish();
}

}  // namespace

Graph evidence_graph(const ModelSetup& setup, const Evidence& evidence) {
  GraphBuilder g;
  const ModelBuild b = start_build(g, setup, Mode::kInference);
  const Parts parts = make_parts(b);
  require_densities(setup, parts);
  const Value z = g.input("z", {parts.latent_dim});
  const Given given = evidence.factor > 0 ? given_condition(b) : given_data(b);
  const Value params = parts.decode(z, given);
  Value log_likelihood;
  if (evidence.factor > 0) {
    log_likelihood = SeenBlocks(b, evidence, params).log_prob(g);
  } else {
    const Value known = g.input("known", {setup.data.num_values()});
    const Value each = b.likelihood.log_probs(g, params, given.target);
    log_likelihood = g.sum(g.select(known, each, g.constant(0.0)));
  }
  const Value log_prior = parts.prior(given).log_prob(g, z);
  const Value log_prob = g.add(log_prior, g.mul(log_likelihood, g.scalar("share")));
  g.output("log_prob", log_prob);
  g.output("log_likelihood", log_likelihood);
  g.output("slope", differentiate(g, g.batch_sum(log_prob), {z})[0]);
  return std::move(g).finish();
}

Graph completion_graph(const ModelSetup& setup, const Evidence& evidence) {
  GraphBuilder g;
  const ModelBuild b = start_build(g, setup, Mode::kInference);
  const Parts parts = make_parts(b);
  require_densities(setup, parts);
  if (evidence.factor > 0) return completion_of_blocks(g, b, parts, evidence);
  const Value old_z = g.input("z", {parts.latent_dim});
  const Given read = given_data(b);
  const Value old_params = parts.decode(old_z, read);
  const Value drawn = b.likelihood.sample(g, old_params, "fill");
  const Value known = g.input("known", {setup.data.num_values()});
  Given given = read;
  given.target = g.select(known, read.target, drawn);
  const auto& view = b.likelihood.encoder_view;
  given.x = view ? view(g, given.target) : given.target;
  const Distribution posterior = parts.posterior(given), prior = parts.prior(given);
  if (!posterior.log_prob) {
    throw Error(ErrorCode::kImpossible,
                "the posterior of this model tells its density at its own draws only",
                "the ratio of a chain needs it anywhere: train with --posterior normal",
                {.key = "model.posterior"});
  }
  const LatentDraw proposed = posterior.draw(g, "posterior", 0);
  const Value params = parts.decode(proposed.z, given);
  const auto log_weight = [&](Value decoded, const LatentDraw& at) {
    const Value log_likelihood = b.likelihood.log_prob(g, decoded, given.target);
    return importance_log_weights(g, log_likelihood, posterior, prior, at);
  };
  const Value log_ratio = g.sub(log_weight(params, proposed), log_weight(old_params, {.z = old_z}));
  const Value taken =
      g.maximum(g.less(g.log(g.uniform("accept", {})), log_ratio), g.scalar("always"));
  const Value of_row = g.reshape({{"shape", Shape{1}}}, taken);
  g.output("taken", taken);
  g.output("z", g.select(of_row, proposed.z, old_z));
  const Value chosen = g.select(of_row, params, old_params);
  g.output("mean", b.likelihood.mean(g, chosen));
  g.output("sample", b.likelihood.sample(g, chosen, "likelihood"));
  return std::move(g).finish();
}

}  // namespace isthmus
