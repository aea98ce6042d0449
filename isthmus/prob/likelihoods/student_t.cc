// SPDX-License-Identifier: Apache-2.0
// Student's t with a middle, a width and degrees of freedom of their own for every value:
//   log p(x) = lgamma((v + 1) / 2) - lgamma(v / 2) - log(v pi) / 2 - log s
//              - (v + 1) / 2 log1p(((x - m) / s)^2 / v),   v = 3 + softplus(output).
// The output of v passes soft_bound, so v lies between 3 and 18: beyond, the two lgamma would
// cancel and the distribution hardly change. The width has the rounding of the data as its floor.
// Source: Mattei & Frellsen 2019, arXiv:1812.02633, use it for tables with missing values.
#include <cmath>
#include <numbers>

#include "isthmus/prob/likelihood.h"
#include "isthmus/prob/outputs.h"

namespace isthmus {
namespace {

constexpr double kLeastFreedom = 3;  // the variance exists
constexpr double kFirstFreedom = 5;

std::vector<double> start(double mean, double deviation) {
  const double width = deviation * std::sqrt((kFirstFreedom - 2) / kFirstFreedom);
  return {mean, log_of_estimate(width), std::log(std::expm1(kFirstFreedom - kLeastFreedom))};
}

struct StudentT {
  Value middle, s, log_s, freedom;
};

StudentT student_from(GraphBuilder& g, Value params, const LikelihoodSetup& setup) {
  const int64_t d = setup.num_values;
  const Scale scale = floored_scale(g, block_of(g, params, 1, d), setup.min_sigma);
  const Value more = g.softplus(g.soft_bound(block_of(g, params, 2, d)));
  return {block_of(g, params, 0, d), scale.value, scale.log,
          g.add(more, g.constant(kLeastFreedom))};
}

Value log_probs_student(GraphBuilder& g, const StudentT& p, Value x) {
  const Value half = g.constant(0.5);
  const Value upper = g.mul(g.add(p.freedom, g.constant(1.0)), half);  // (v + 1) / 2
  const Value normalizer =
      g.sub(g.sub(g.lgamma(upper), g.lgamma(g.mul(p.freedom, half))),
            g.add(g.mul(g.log(g.mul(p.freedom, g.constant(std::numbers::pi))), half), p.log_s));
  const Value squares = g.div(g.square(g.div(g.sub(x, p.middle), p.s)), p.freedom);
  return g.sub(normalizer, g.mul(upper, g.log1p(squares)));
}

/// m + s n sqrt(v / chi2_v), chi2_v twice a Gamma draw of v / 2.
Value draw(GraphBuilder& g, const StudentT& p, std::string_view stream) {
  const Value half_freedom = g.mul(p.freedom, g.constant(0.5));
  const Value gamma = g.gamma_draw({{"stream", std::string(stream) + "/width"}}, half_freedom);
  const Value width = g.mul(p.s, g.sqrt(g.div(half_freedom, gamma)));
  return g.add(p.middle, g.mul(width, g.normal(stream, g.shape(p.middle))));
}

Likelihood make_student(GraphBuilder&, const LikelihoodSetup& setup) {
  return {.num_params = 3 * setup.num_values,  // middles, log s, freedom
          .log_prob =
              [setup](GraphBuilder& g, Value params, Value x) {
                return g.sum(log_probs_student(g, student_from(g, params, setup), x));
              },
          .log_probs =
              [setup](GraphBuilder& g, Value params, Value x) {
                return log_probs_student(g, student_from(g, params, setup), x);
              },
          .mean = [setup](GraphBuilder& g,
                          Value params) { return block_of(g, params, 0, setup.num_values); },
          .sample =
              [setup](GraphBuilder& g, Value params, std::string_view stream) {
                return draw(g, student_from(g, params, setup), stream);
              },
          .variance =
              [setup](GraphBuilder& g, Value params) {
                const StudentT p = student_from(g, params, setup);
                return g.mul(g.square(p.s), g.div(p.freedom, g.sub(p.freedom, g.constant(2.0))));
              }};
}

}  // namespace

LikelihoodDef likelihoods::student_t() {
  return {.name = "student_t",
          .summary = "any real values (a density) with outliers",
          .help = "for tables with outliers, which then hardly pull at the model",
          .source = "Mattei2019",
          .measure = [](const DataSpec&) { return Measure::kDensity; },
          .check_range = [](const DataSpec&) {},
          .first_params = [](const DataSpec& data) { return first_params_in_blocks(data, start); },
          .make = make_student};
}

}  // namespace isthmus
