// SPDX-License-Identifier: Apache-2.0
// Exemplar prior (Norouzi et al. 2020, arXiv:2004.04795): normals of one learned variance about the
// posterior means of training items, p(z) = 1/N sum_n N(z; mean(x_n), s^2 I). While training the
// exemplars of an item are the other items of its batch, never itself: it would explain itself with
// any s. Elsewhere they are all training items, whose means are stored with the model
// ("prior/exemplars"): those that each item had in the last step that saw it.
#include "isthmus/models/prior.h"
#include "isthmus/prob/mixture.h"

namespace isthmus {
namespace {

struct ExemplarOptions {
  std::string exemplars = "auto";  // resolved: the number of training items

  static constexpr auto fields() {
    return std::tuple{field(
        &ExemplarOptions::exemplars, "model.exemplars", any_value(),
        "Training items whose codes make up the prior, the first so many; auto: all. The model "
        "file stores a row of latent_dim numbers for each: do not hand it on where the items are "
        "private, since each can be decoded.",
        {.level = OptionLevel::kRare, .costs_memory = true, .metavar = "N"})};
  }
};

int64_t count_of(const ExemplarOptions& options) {
  int64_t count = 0;
  parse_value("model.exemplars", options.exemplars, between(1, 1 << 24), count);
  return count;
}

/// The rows of the table that belong to the items of this step take their means.
void store_means(GraphBuilder& g, Value table, Value mean) {
  const Value place = g.reshape({{"shape", Shape{}}}, g.input("place", {1}));
  g.assign(table, g.replace_rows(table, place, mean));
}

/// The density while training, of one draw per item.
Distribution others_of_batch(GraphBuilder& builder, Value means, Value log_var) {
  Distribution d;
  d.width = builder.shape(means).back();
  d.log_prob = [means, log_var](GraphBuilder& g, Value z) {
    if (g.shape(z).size() != 1) {
      throw Error(ErrorCode::kConflict, "prior exemplar takes one posterior draw per item",
                  "use --set objective.samples=1, or --prior vamp", {.key = "objective.samples"});
    }
    return g.pair_logsumexp({{"exclude_self", 1}}, z, means, log_var);
  };
  return d;
}

std::function<Distribution(const Given&)> make_exemplar(PriorSetup setup,
                                                        const ExemplarOptions& options) {
  const ModelBuild& b = setup.build;
  const Shape shape = {count_of(options), setup.width};
  const GraphBuilder::Scope scope(b.g, "prior");
  const Value log_var = b.g.parameter("log_var", {}, {});
  const Value table = b.g.parameter("exemplars", shape, {}, false);  // (N, Z)
  if (b.mode == Mode::kTraining) {
    return [&b, log_var, table, posterior = setup.posterior](const Given& given) {
      const Value means = posterior(given).mean(b.g);
      store_means(b.g, table, means);
      return others_of_batch(b.g, means, b.g.soft_bound(log_var));
    };
  }
  return [&b, log_var, table, shape](const Given& given) {
    const Value spread = b.g.broadcast({{"shape", shape}}, b.g.soft_bound(log_var));
    return mixture_distribution(b.g, {.mean = table, .log_var = spread}, given.temperature);
  };
}

}  // namespace

PriorDef priors::exemplar() {
  return {.name = "exemplar",
          .summary = "normals about the codes of training items",
          .help =
              "for samples that stay near the data; the model file holds the codes of all "
              "training items, and an evaluation reads each",
          .source = "Norouzi2020",
          .make = make_exemplar};
}

}  // namespace isthmus
