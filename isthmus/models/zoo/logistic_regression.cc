// SPDX-License-Identifier: Apache-2.0
// Multinomial logistic regression: log p(y | x) is linear in x up to its normaliser. Minimises
//   -sum over items of log p(y | x) + weight_penalty / 2 |W|^2,
// which is convex; the biases are free. Not a density: it knows nothing of x.
#include <cmath>

#include "isthmus/metrics/lbfgs.h"
#include "isthmus/models/components.h"
#include "isthmus/models/model.h"
#include "isthmus/models/product_mixture.h"

namespace isthmus {
namespace {

constexpr double kValueError = 1e-7;  // relative, of float32 sums over batches

struct LogisticRegressionOptions {
  double weight_penalty = 1;
  int64_t passes = 500;

  static constexpr auto fields() {
    using O = LogisticRegressionOptions;
    return std::tuple{
        field(
            &O::weight_penalty, "model.weight_penalty", at_least(0),
            "Weight of half the squared norm of the weights, beside the sum over all items. Raise "
            "it by factors of ten while the held-out accuracy rises.",
            {.metavar = "L"}),
        field(&O::passes, "model.passes", between(1, 100000),
              "Most passes over the items. More where the log likelihood still rises at the end.",
              {.level = OptionLevel::kRare})};
  }
};

struct Planes {
  Value weight;  // (K, D)
  Value bias;    // (K)
};

Planes make_planes(const ModelBuild& b, bool trained = false) {
  const GraphBuilder::Scope scope(b.g, "classes");
  const int64_t classes = num_classes(b.setup);
  return {.weight = b.g.parameter("weight", {classes, b.setup.data.num_values()}, {}, trained),
          .bias = b.g.parameter("bias", {classes}, {}, trained)};
}

/// log p(y | x), (B, K).
Value log_class(GraphBuilder& g, const Planes& p, Value x) {
  return log_posterior(g, g.add(g.matmul({{"transpose_b", 1}, {"exact", 1}}, x, p.weight), p.bias));
}

Parts make(const ModelBuild& b, const LogisticRegressionOptions&) {
  require_no_condition(b.setup);
  const Planes p = make_planes(b);
  Parts parts;
  parts.classify = [&b, p](const Given& given) { return log_class(b.g, p, given.target); };
  return parts;
}

/// Inputs as training sees them; outputs, summed over items: "loss", -log p(y | x), and its
/// gradients "weight" and "bias".
Graph loss_graph(const ModelSetup& setup) {
  GraphBuilder g;
  const ModelBuild b = start_build(g, setup, Mode::kTraining);
  const Planes p = make_planes(b);
  const Value own = g.input("label", {num_classes(setup)});
  const Value loss = g.neg(g.batch_sum(g.sum(g.mul(own, log_class(g, p, given_data(b).target)))));
  const Values slopes = differentiate(g, loss, {p.weight, p.bias});
  g.output("loss", loss);
  g.output("weight", slopes[0]);
  g.output("bias", slopes[1]);
  return std::move(g).finish();
}

/// First the weights, then the biases.
NamedTensors parameters_of(std::span<const double> x, int64_t classes) {
  const size_t biases = static_cast<size_t>(classes), weights = x.size() - biases;
  NamedTensors parameters;
  const Shape shape = {classes, static_cast<int64_t>(weights / biases)};
  parameters.emplace("classes/weight", vector_of(x.first(weights)).reshaped(shape));
  parameters.emplace("classes/bias", vector_of(x.last(biases)));
  return parameters;
}

NamedTensors fit(const FitRequest& request, const LogisticRegressionOptions& options) {
  const int64_t classes = num_classes(request.setup);
  const ItemPass pass = request.prepare(loss_graph(request.setup));
  const size_t weights = static_cast<size_t>(classes * request.setup.data.num_values());
  const Slope loss = [&](std::span<const double> x, std::span<double> gradient) {
    const Sums sums = pass(parameters_of(x, classes), 0);
    double penalty = 0;
    for (size_t i = 0; i < weights; ++i) {
      penalty += 0.5 * options.weight_penalty * x[i] * x[i];
      gradient[i] = sums.at("weight")[i] + options.weight_penalty * x[i];
    }
    std::ranges::copy(sums.at("bias"), gradient.begin() + static_cast<ptrdiff_t>(weights));
    return sums.at("loss").front() + penalty;
  };
  const LbfgsResult found =
      minimize_lbfgs(loss, std::vector<double>(weights + static_cast<size_t>(classes)),
                     {.passes = options.passes, .value_error = kValueError});
  return parameters_of(found.x, classes);
}

uint64_t fit_bytes(const ModelSetup& setup, int64_t) {
  const uint64_t numbers =
      setup.data.classes.size() * static_cast<uint64_t>(setup.data.num_values() + 1);
  return (kLbfgsVectors * sizeof(double) + 2 * sizeof(float)) * numbers;
}

}  // namespace

ModelDef models::logistic_regression() {
  return {.name = "logistic_regression",
          .summary = "classes by planes: a linear classifier",
          .help =
              "for labelled items: how far they can be told apart without a network; on the output "
              "of isthmus encode, how much of a class a code holds",
          .source = "Cox1958",
          .make = make,
          .fit = fit,
          .fit_bytes = fit_bytes,
          .likelihoods = {"gaussian"},
          .takes_latent_dim = false,
          .takes_sigma = false,
          .needs_labels = true};
}

}  // namespace isthmus
