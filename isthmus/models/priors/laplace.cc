// SPDX-License-Identifier: Apache-2.0
// Independent Laplace latents of variance 1: log p(z) = -sum_j |z_j| / b + log 2 b, b = 1/sqrt(2).
// Most latents of an item are then near 0, and the coordinates have a meaning of their own, which a
// rotation of N(0, I) takes away. Source: Barello et al. 2018, bioRxiv 399246.
#include <cmath>
#include <numbers>

#include "isthmus/models/prior.h"
#include "isthmus/prob/laplace.h"

namespace isthmus {
namespace {

constexpr double kWidth = 1 / std::numbers::sqrt2;

std::function<Distribution(const Given&)> make_laplace(PriorSetup setup) {
  return [width = setup.width](const Given& given) {
    Distribution d;
    d.width = width;
    d.draw = [width, temperature = given.temperature](GraphBuilder& g, std::string_view stream,
                                                      int64_t count) {
      const Value u = g.uniform(stream, count == 0 ? Shape{width} : Shape{count, width});
      const Value z = g.mul(laplace_quantile(g, u), g.constant(kWidth));
      return LatentDraw{.z = temperature.valid() ? g.mul(z, temperature) : z};
    };
    d.log_prob = [](GraphBuilder& g, Value z) {
      const double constants = std::log(2 * kWidth) * static_cast<double>(g.shape(z).back());
      return g.neg(g.add(g.sum(g.div(g.abs(z), g.constant(kWidth))), g.constant(constants)));
    };
    return d;
  };
}

}  // namespace

PriorDef priors::laplace() {
  return {.name = "laplace",
          .summary = "independent Laplace latents of variance 1",
          .help = "for codes of which few entries are large, each with a meaning of its own",
          .source = "Barello2018",
          .make = make_laplace};
}

}  // namespace isthmus
