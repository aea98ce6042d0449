// SPDX-License-Identifier: Apache-2.0
// A mixture of diagonal normals whose weights, means and variances are learned with the model.
// Source: Dilokthanakul et al. 2016, arXiv:1611.02648; the baseline "MoG prior" of Tomczak &
// Welling 2018, arXiv:1705.07120.
#include "isthmus/models/prior.h"
#include "isthmus/prob/mixture.h"

namespace isthmus {
namespace {

struct MogOptions {
  int64_t components = 50;

  static constexpr auto fields() {
    // A draw adds the weights up by a matrix of components x components: 64 MiB at most.
    return std::tuple{field(&MogOptions::components, "model.prior_components", between(1, 4096),
                            kPriorComponentsHelp, {.costs_memory = true})};
  }
};

std::function<Distribution(const Given&)> make_mog(PriorSetup setup, const MogOptions& options) {
  GraphBuilder& g = setup.build.g;
  const GraphBuilder::Scope scope(g, "prior");
  const Shape shape = {options.components, setup.width};
  const Value mean = g.parameter("mean", shape, {.kind = "normal", .value = 1});
  const Value log_var = g.parameter("log_var", shape, {});
  const Value logit = g.parameter("logit", {options.components}, {});
  return [&g, mean, log_var, logit](const Given& given) {
    const NormalMixture mixture{.mean = mean,
                                .log_var = g.soft_bound(log_var),
                                .log_weight = g.sub(logit, g.logsumexp(logit))};
    return mixture_distribution(g, mixture, given.temperature);
  };
}

}  // namespace

PriorDef priors::mog() {
  return {.name = "mog",
          .summary = "a learned mixture of normals",
          .help = "where items form groups and samples of a normal prior fall between them",
          .source = "Dilokthanakul2016",
          .make = make_mog};
}

}  // namespace isthmus
