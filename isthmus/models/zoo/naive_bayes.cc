// SPDX-License-Identifier: Apache-2.0
// Values that are independent once the class of an item is known:
//   p(x) = sum_y P(y) prod_j p(x_j | y).
// A density, a classifier by Bayes' rule, and a mixture whose components have names. Of values 0
// and 1 it is a mixture of products of Bernoulli values, fitted to labelled items; of real values
// each class has a mean and a variance for each value.
#include <algorithm>
#include <cmath>

#include "isthmus/models/components.h"
#include "isthmus/models/model.h"
#include "isthmus/models/product_mixture.h"
#include "isthmus/prob/categorical.h"

namespace isthmus {
namespace {

constexpr double kLog2Pi = 1.8378770664093454836;
constexpr double kLeastShare = 1e-9;  // of the largest variance of a value

bool of_real_values(const ModelSetup& setup) {
  return all_likelihoods().find(setup.model.likelihood).columns == ColumnFamily::kGaussian;
}

struct NormalClasses {
  Value mean, log_var;  // (K, D)
  Value log_weight;     // (K)
};

NormalClasses make_normal_classes(const ModelBuild& b, int64_t classes) {
  require_no_condition(b.setup);
  const GraphBuilder::Scope scope(b.g, "classes");
  const int64_t width = b.setup.data.num_values();
  return {.mean = b.g.parameter("mean", {classes, width}, {}, false),
          .log_var = b.g.parameter("log_var", {classes, width}, {}, false),
          .log_weight = b.g.parameter("log_weight", {classes}, {}, false)};
}

/// log p(x, y), (B, K), from differences: variances of a class may be so small that the terms of a
/// product would cancel.
Value joint_log_prob(GraphBuilder& g, const NormalClasses& p, Value x) {
  const int64_t width = g.shape(x).back();
  const Value row = g.reshape({{"shape", Shape{1, width}}}, x);
  const Value precision = g.exp(g.neg(p.log_var));
  const Value distance = g.sum(g.mul(g.square(g.sub(row, p.mean)), precision));
  const Value constants = g.add(g.sum(p.log_var), g.constant(kLog2Pi * static_cast<double>(width)));
  return g.add(g.mul(g.add(distance, constants), g.constant(-0.5)), p.log_weight);
}

Parts normal_parts(const ModelBuild& b, const NormalClasses& p) {
  Parts parts;
  parts.log_prob = [&b, p](const Given& given) {
    return b.g.logsumexp(joint_log_prob(b.g, p, given.target));
  };
  parts.classify = [&b, p](const Given& given) {
    return log_posterior(b.g, joint_log_prob(b.g, p, given.target));
  };
  parts.draw = [&b, p, classes = num_classes(b.setup)](const Given& given) {
    const Value chosen = chosen_class(b.g, p.log_weight, b.g.uniform("draw/class", {}));
    const Value own = one_hot(b.g, chosen, classes);
    const Value deviation = b.g.exp(b.g.mul(p.log_var, b.g.constant(0.5)));
    Value noise = b.g.normal("draw", {b.setup.data.num_values()});
    if (given.temperature.valid()) noise = b.g.mul(noise, given.temperature);
    return b.g.add(b.g.matmul({{"exact", 1}}, own, p.mean),
                   b.g.mul(noise, b.g.matmul({{"exact", 1}}, own, deviation)));
  };
  return parts;
}

Parts make(const ModelBuild& b) {
  const int64_t classes = num_classes(b.setup);
  if (of_real_values(b.setup)) return normal_parts(b, make_normal_classes(b, classes));
  const BernoulliMixture mixture = make_bernoulli_mixture(b, classes);
  Parts parts = bernoulli_mixture_parts(b, mixture);
  parts.classify = [&b, mixture](const Given& given) {
    return log_posterior(b.g, joint_log_prob(b.g, mixture, given.target));
  };
  return parts;
}

/// Items and the sums of their values, by class.
ComponentSums sums_of_classes(const FitRequest& request) {
  const size_t classes = request.setup.data.classes.size();
  const size_t width = static_cast<size_t>(request.rows.width);
  ComponentSums sums{.weight = std::vector<double>(classes),
                     .values = std::vector<double>(classes * width)};
  request.rows.for_each_row([&](std::span<const float> row, int64_t number) {
    const auto label = static_cast<size_t>(request.labels[static_cast<size_t>(number)]);
    ++sums.weight[label];
    for (size_t j = 0; j < width; ++j) sums.values[label * width + j] += row[j];
  });
  return sums;
}

/// What a variance cannot go below, (D): that of rounding, and a share of the largest.
std::vector<double> least_variances(const FitRequest& request) {
  const std::vector<double> variance = column_facts(request.rows).variance;
  const double largest = *std::ranges::max_element(variance);
  if (largest == 0) {
    throw Error(ErrorCode::kImpossible,
                "the " + std::to_string(request.rows.count) + " training items are all alike",
                "classes of real values need items that differ", {.key = "model.name"});
  }
  const std::vector<double> rounding = rounding_errors(request.setup.data);
  std::vector<double> least;
  for (size_t j = 0; j < variance.size(); ++j) {
    const double error = rounding[rounding.size() == 1 ? 0 : j];
    least.push_back(std::max(error * error, kLeastShare * largest));
  }
  return least;
}

NamedTensors fit_normal(const FitRequest& request) {
  const ComponentSums sums = sums_of_classes(request);
  const std::vector<double> least = least_variances(request);
  const size_t classes = sums.weight.size(), width = least.size();
  std::vector<double> mean = sums.values, log_var(mean.size()), log_weight;
  for (size_t i = 0; i < mean.size(); ++i) mean[i] /= sums.weight[i / width];
  request.rows.for_each_row([&](std::span<const float> row, int64_t number) {
    const auto label = static_cast<size_t>(request.labels[static_cast<size_t>(number)]);
    for (size_t j = 0; j < width; ++j) {
      const double delta = static_cast<double>(row[j]) - mean[label * width + j];
      log_var[label * width + j] += delta * delta;
    }
  });
  for (size_t i = 0; i < log_var.size(); ++i) {
    log_var[i] = std::log(std::max(log_var[i] / sums.weight[i / width], least[i % width]));
  }
  const double items = static_cast<double>(request.rows.count);
  for (const double weight : sums.weight) log_weight.push_back(std::log(weight / items));
  const Shape shape = {static_cast<int64_t>(classes), static_cast<int64_t>(width)};
  NamedTensors parameters;
  parameters.emplace("classes/mean", vector_of(mean).reshaped(shape));
  parameters.emplace("classes/log_var", vector_of(log_var).reshaped(shape));
  parameters.emplace("classes/log_weight", vector_of(log_weight));
  return parameters;
}

NamedTensors fit(const FitRequest& request) {
  if (of_real_values(request.setup)) return fit_normal(request);
  return bernoulli_mixture_of(sums_of_classes(request));
}

uint64_t fit_bytes(const ModelSetup& setup, int64_t) {
  constexpr uint64_t kTables = 3;  // of doubles: sums, means or logits, variances
  return kTables * sizeof(double) * setup.data.classes.size() *
         static_cast<uint64_t>(setup.data.num_values());
}

}  // namespace

ModelDef models::naive_bayes() {
  return {.name = "naive_bayes",
          .summary = "values independent within each class: a density and a classifier",
          .help =
              "for labelled items, as a reference in seconds: to see what a mixture without labels "
              "or a network adds",
          .source = "Bishop2006",
          .make = make,
          .fit = fit,
          .fit_bytes = fit_bytes,
          .likelihoods = {"bernoulli", "gaussian"},
          .takes_latent_dim = false,
          .takes_sigma = false,
          .needs_labels = true};
}

}  // namespace isthmus
