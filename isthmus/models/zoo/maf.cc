// SPDX-License-Identifier: Apache-2.0
// Masked autoregressive flow: blocks in which each value is shifted and stretched by functions of
// the earlier ones, in an order that is reversed from block to block. The density takes one pass;
// a draw inverts the blocks value by value. Source: Papamakarios et al. 2017, arXiv:1705.07057.
#include <algorithm>

#include "isthmus/models/flow.h"
#include "isthmus/models/masked_net.h"
#include "isthmus/prob/outputs.h"

namespace isthmus {
namespace {

/// A draw has a pass of each block's network for each value in its graph; wider items have none.
constexpr int64_t kMostValues = 64;

struct MafOptions {
  DenseOptions net;
  int64_t blocks = 5;

  static constexpr auto fields() {
    using O = MafOptions;
    return std::tuple{
        nested(&O::net, "", "Networks."),
        field(&O::blocks, "model.flow_blocks", between(1, 64),
              "Blocks, each with a network of its own. More where the validation still gains.",
              {.costs_memory = true, .metavar = "K"})};
  }
};

FlowStep block(const ModelBuild& b, int64_t index, const MafOptions& options) {
  const int64_t values = b.setup.data.num_values();
  std::vector<int64_t> places = natural_places(values);
  if (index % 2 == 1) std::reverse(places.begin(), places.end());
  const auto network = std::make_shared<const MaskedNet>(
      b, "block/" + std::to_string(index),
      MaskedNet::Places{.inputs = places, .outputs = repeated(places, 2)},
      network_options(options.net));
  struct Change {
    Value stretch, shift;
  };
  const auto change_by = [&b, values, network](Value x) {
    const Value outputs = (*network)(b, x);
    return Change{.stretch = b.g.soft_bound(block_of(b.g, outputs, 0, values)),
                  .shift = block_of(b.g, outputs, 1, values)};
  };
  return {.to_noise =
              [&b, change_by](Value x) {
                GraphBuilder& g = b.g;
                const Change c = change_by(x);
                return FlowStep::Mapped{.z = g.mul(g.sub(x, c.shift), g.exp(g.neg(c.stretch))),
                                        .log_slope = g.neg(g.sum(c.stretch))};
              },
          .to_items =
              [&b, values, change_by](Value z) {
                Value x = z;
                for (int64_t j = 0; j < values; ++j) {  // one more value is right each time
                  const Change c = change_by(x);
                  x = b.g.add(b.g.mul(z, b.g.exp(c.stretch)), c.shift);
                }
                return x;
              }};
}

Parts make_maf(const ModelBuild& b, const MafOptions& options) {
  std::vector<FlowStep> steps;
  for (int64_t i = 0; i < options.blocks; ++i) steps.push_back(block(b, i, options));
  Parts parts = flow_parts(b, std::move(steps));
  if (b.setup.data.num_values() > kMostValues) parts.draw = {};
  return parts;
}

}  // namespace

ModelDef models::maf() {
  return {.name = "maf",
          .summary = "a flow of autoregressive blocks: an exact density of few real values",
          .help =
              "the closest density of tables with up to 64 columns; draws are slower than those "
              "of real_nvp",
          .source = "Papamakarios2017",
          .make = make_maf,
          .likelihoods = {"gaussian"},
          .takes_latent_dim = false,
          .takes_sigma = false,
          .defaults = {{"model.hidden", "128,128"}}};
}

}  // namespace isthmus
