// SPDX-License-Identifier: Apache-2.0
// Real-valued non-volume preserving flow: couplings that keep half of the values and shift and
// stretch the others by functions of these. Density and draws take one pass each. A coupling and
// the next one change complementary halves; which values belong together is drawn anew for every
// pair. Source: Dinh et al. 2017, arXiv:1605.08803.
#include "isthmus/base/rng_key.h"
#include "isthmus/models/flow.h"
#include "isthmus/models/masked_net.h"
#include "isthmus/prob/outputs.h"

namespace isthmus {
namespace {

constexpr double kMostStretch = 2;  // of a coupling, as a logarithm

struct RealNvpOptions {
  DenseOptions net;
  int64_t couplings = 8;

  static constexpr auto fields() {
    using O = RealNvpOptions;
    return std::tuple{
        nested(&O::net, "", "Networks."),
        field(&O::couplings, "model.couplings", between(1, 64),
              "Couplings, each with a network of its own. More where the validation still gains.",
              {.costs_memory = true, .metavar = "K"})};
  }
};

/// 1 at the values that coupling `index` keeps. The same in every run: it belongs to the model.
std::vector<double> kept_values(int64_t index, int64_t num_values) {
  const auto half = static_cast<uint64_t>(num_values) / 2;
  const KeyedPermutation order(RngKey::from(0, "real_nvp/halves"), static_cast<uint32_t>(index / 2),
                               static_cast<uint64_t>(num_values));
  std::vector<double> kept(static_cast<size_t>(num_values));
  for (size_t j = 0; j < kept.size(); ++j) {
    const bool first = order(j) < half;
    kept[j] = first == (index % 2 == 0) ? 1 : 0;
  }
  return kept;
}

FlowStep coupling(const ModelBuild& b, int64_t index, const RealNvpOptions& options) {
  const int64_t values = b.setup.data.num_values();
  std::vector<double> kept = kept_values(index, values), changed;
  for (const double k : kept) changed.push_back(1 - k);
  const Value keep = per_value_constant(b.g, kept), change = per_value_constant(b.g, changed);
  NetworkOptions net = network_options(options.net);
  net.output = {};  // begins as the identity
  const auto network = std::make_shared<const Network>(b, "coupling/" + std::to_string(index),
                                                       values, net, 2 * values);
  struct Change {
    Value stretch, shift;  // 0 at the values that are kept
  };
  const auto change_by = [&b, values, network, keep, change](Value x) {
    GraphBuilder& g = b.g;
    const Value outputs = (*network)(b, g.mul(x, keep));
    const Value bounded = g.mul(g.tanh(block_of(g, outputs, 0, values)), g.constant(kMostStretch));
    return Change{.stretch = g.mul(bounded, change),
                  .shift = g.mul(block_of(g, outputs, 1, values), change)};
  };
  return {.to_noise =
              [&b, change_by](Value x) {
                GraphBuilder& g = b.g;
                const Change c = change_by(x);
                return FlowStep::Mapped{.z = g.mul(g.sub(x, c.shift), g.exp(g.neg(c.stretch))),
                                        .log_slope = g.neg(g.sum(c.stretch))};
              },
          .to_items =
              [&b, change_by](Value z) {
                const Change c = change_by(z);
                return b.g.add(b.g.mul(z, b.g.exp(c.stretch)), c.shift);
              }};
}

Parts make_real_nvp(const ModelBuild& b, const RealNvpOptions& options) {
  std::vector<FlowStep> steps;
  for (int64_t i = 0; i < options.couplings; ++i) steps.push_back(coupling(b, i, options));
  return flow_parts(b, std::move(steps));
}

}  // namespace

ModelDef models::real_nvp() {
  return {.name = "real_nvp",
          .summary = "a flow of couplings: an exact density of real values, and draws at once",
          .help =
              "for tables and arrays of real numbers, and for codes whose distribution a sampler "
              "needs; maf is closer on few values",
          .source = "Dinh2017",
          .make = make_real_nvp,
          .likelihoods = {"gaussian"},
          .takes_latent_dim = false,
          .takes_sigma = false,
          .defaults = {{"model.hidden", "128,128"}}};
}

}  // namespace isthmus
