// SPDX-License-Identifier: Apache-2.0
// Mixtures of diagonal normals: the density by one product, draws by inverting the sums of weights.
#include "isthmus/prob/mixture.h"

#include <cmath>
#include <string>

#include "isthmus/prob/categorical.h"

namespace isthmus {
namespace {

constexpr double kLog2Pi = 1.8378770664093454836;

/// The number of the component that a uniform in (0, 1) falls on, of u's shape.
Value chosen_component(GraphBuilder& g, const NormalMixture& m, Value u) {
  const int64_t count = g.shape(m.mean)[0];
  const double last = static_cast<double>(count - 1);
  if (!m.log_weight.valid() || count == 1) {
    const Value place = g.floor(g.mul(u, g.constant(static_cast<double>(count))));
    return g.minimum(place, g.constant(last));
  }
  return chosen_class(g, m.log_weight, u);
}

Value mixture_draw(GraphBuilder& g, const NormalMixture& m, Value temperature,
                   std::string_view stream, int64_t count) {
  const Shape draws = count == 0 ? Shape{} : Shape{count};
  Shape shape = draws;
  shape.push_back(g.shape(m.mean)[1]);
  const Value c = chosen_component(g, m, g.uniform(std::string(stream) + "/component", draws));
  const Value deviation = g.exp(g.mul(m.log_var, g.constant(0.5)));  // (C, Z)
  Value noise = g.normal(stream, shape);
  if (temperature.valid()) noise = g.mul(noise, temperature);
  return g.add(g.gather(m.mean, c), g.mul(g.gather(deviation, c), noise));
}

}  // namespace

Value component_log_prob(GraphBuilder& g, const NormalMixture& m, Value z) {
  const Value precision = g.exp(g.neg(m.log_var));  // (C, Z)
  const Value scaled_mean = g.mul(m.mean, precision);
  const Value half = g.constant(-0.5);
  // The part without z, (C).
  const Value spread = g.add(g.mul(m.mean, scaled_mean), m.log_var);
  Value constant = g.mul(g.sum(g.add(spread, g.constant(kLog2Pi))), half);
  constant = m.log_weight.valid()
                 ? g.add(constant, m.log_weight)
                 : g.sub(constant, g.constant(std::log(static_cast<double>(g.shape(m.mean)[0]))));
  const Value factors = g.concat(g.mul(precision, half), scaled_mean);  // (C, 2 Z)
  const Value powers = g.concat(g.square(z), z);                        // (B, ..., 2 Z)
  return g.add(g.matmul({{"transpose_b", 1}, {"exact", 1}}, powers, factors), constant);
}

Value log_prob(GraphBuilder& g, const NormalMixture& m, Value z) {
  return g.logsumexp(component_log_prob(g, m, z));
}

Distribution mixture_distribution(GraphBuilder& builder, const NormalMixture& mixture,
                                  Value temperature) {
  Distribution d;
  d.width = builder.shape(mixture.mean)[1];
  d.draw = [mixture, temperature](GraphBuilder& g, std::string_view stream, int64_t count) {
    return LatentDraw{.z = mixture_draw(g, mixture, temperature, stream, count)};
  };
  d.log_prob = [mixture](GraphBuilder& g, Value z) { return log_prob(g, mixture, z); };
  return d;
}

}  // namespace isthmus
