// SPDX-License-Identifier: Apache-2.0
// Probabilistic principal components: z ~ N(0, I), x ~ N(m + W z, s^2 I), fitted in closed form.
// With U, L the leading eigenvectors and eigenvalues of the covariance (1/N) of the training items:
//   W = U (L - s^2 I)^(1/2),   s^2 = mean of the D - Z eigenvalues left out.
// In this rotation W'W + s^2 I = L is diagonal, so that the posterior is a diagonal normal with
// mean L^-1 W'(x - m) and variances s^2 / L, and the density of an item is exact. A linear VAE with
// one learned sigma must end here. Source: Tipping & Bishop 1999, section 3.
#include <algorithm>
#include <cmath>

#include "isthmus/models/coder.h"
#include "isthmus/models/components.h"
#include "isthmus/models/model.h"

namespace isthmus {
namespace {

// Where exp(2 log_sigma) is what it says: see soft_bound.
constexpr double kLogSigmaBound = 10;
constexpr double kNoVariance = 1e-12;  // of that of the components: rounding

std::string sigma_of(const ModelSetup& setup) {
  const std::string sigma = resolved_sigma(setup);
  if (sigma != "per_dimension") return sigma;
  throw Error(ErrorCode::kConflict, "model.sigma per_dimension does not go with ppca: it has one",
              "--sigma learned or a number", {.key = "model.sigma"});
}

struct Linear {
  Value weight, mean;        // (D, Z), (D)
  Value variances, log_var;  // (Z): L, log(s^2 / L)
};

Linear make_linear(const ModelBuild& b) {
  const int64_t values = b.setup.data.num_values(), latent = latent_dim(b.setup);
  const GraphBuilder::Scope scope(b.g, "ppca");
  return {
      .weight = b.g.parameter("weight", {values, latent}, {}, false),
      .mean = b.g.parameter("mean", {values}, {}, false),
      .variances = b.g.parameter("variances", {latent}, {.kind = "constant", .value = 1}, false),
      .log_var = b.g.parameter("log_var", {latent}, {}, false)};
}

Parts make_ppca(const ModelBuild& b) {
  sigma_of(b.setup);
  require_no_condition(b.setup);
  const Linear p = make_linear(b);
  Parts parts;
  parts.latent_dim = latent_dim(b.setup);
  parts.code = [&b, p](const Given& given) {
    return b.g.div(b.g.matmul(b.g.sub(given.x, p.mean), p.weight), p.variances);
  };
  parts.posterior = [&b, p, code = parts.code](const Given& given) {
    return normal_distribution(b.g, {.mean = code(given), .log_var = b.g.to_rows(p.log_var)});
  };
  parts.prior = [width = parts.latent_dim](const Given&) {
    return standard_normal_distribution(width);
  };
  parts.decode = [&b, p](Value z, const Given&) {
    return b.g.add(b.g.matmul({{"transpose_b", 1}}, z, p.weight), p.mean);
  };
  // Bayes' rule, log p(x) = log p(x|z) + log p(z) - log q(z|x), holds for any z where q is the
  // posterior itself; at its mean nothing large cancels.
  parts.log_prob = [&b, parts](const Given& given) {
    const Distribution posterior = parts.posterior(given), prior = parts.prior(given);
    const Value z = posterior.mean(b.g);
    const Value joint = b.g.add(b.likelihood.log_prob(b.g, parts.decode(z, given), given.target),
                                prior.log_prob(b.g, z));
    return b.g.sub(joint, posterior.log_prob(b.g, z));
  };
  return parts;
}

[[noreturn]] void refuse_sigma(const Pca& found, double sigma) {
  const std::string components = std::to_string(found.components());
  if (sigma > 1) {
    throw Error(ErrorCode::kImpossible,
                "what " + components + " components leave has a sigma above e^10",
                "--scale standardize", {.key = "data.scale"});
  }
  const int64_t fewer = found.components() - 1;
  throw Error(ErrorCode::kImpossible,
              components + " components leave no noise: the density has no maximum",
              (fewer > 0 ? "--latent " + std::to_string(fewer) + ", " : std::string()) +
                  "a --sigma of your own, or --model pca",
              {.key = "model.latent_dim"});
}

/// s, and the log_sigma that stands for it above the floor.
struct Noise {
  double variance = 0, log_sigma = 0;
};
Noise fitted_noise(const Pca& found, double floor) {
  const double least = std::exp(-kLogSigmaBound), sigma = found.sigma();
  double kept = 0;
  for (double v : found.variances()) kept += v;
  const double left =
      static_cast<double>(found.mean().size()) - static_cast<double>(found.variances().size());
  const bool none = floor < least && (left * sigma * sigma <= kNoVariance * kept || sigma < least);
  if (none || sigma > std::exp(kLogSigmaBound)) refuse_sigma(found, sigma);
  const double own = std::max(sigma * sigma - floor * floor, least * least);
  Noise noise{.log_sigma = 0.5 * std::log(own)};
  noise.variance = std::pow(sigma_value(noise.log_sigma, floor), 2);
  return noise;
}

NamedTensors fit_ppca(const FitRequest& request) {
  const std::string sigma = sigma_of(request.setup);
  const double floor = least_sigma(request.setup).front();
  const Pca found = principal_components(request, floor);
  NamedTensors parameters;
  double noise = 0;
  if (sigma == "learned") {
    const Noise fitted = fitted_noise(found, floor);
    noise = fitted.variance;
    parameters.emplace("likelihood/log_sigma", vector_of(std::span(&fitted.log_sigma, 1)));
  } else {
    parse_value("model.sigma", sigma, greater_than(0), noise);
    noise *= noise;
  }
  std::vector<double> factors, variances, log_var;
  for (double v : found.variances()) {
    variances.push_back(std::max(v, noise));
    factors.push_back(std::sqrt(variances.back() - noise));
    log_var.push_back(std::log(noise / variances.back()));
  }
  parameters.emplace("ppca/weight", columns_of(found, factors));
  parameters.emplace("ppca/mean", vector_of(found.mean()));
  parameters.emplace("ppca/variances", vector_of(variances));
  parameters.emplace("ppca/log_var", vector_of(log_var));
  return parameters;
}

}  // namespace

ModelDef models::ppca() {
  return {.name = "ppca",
          .summary = "probabilistic principal components: an exact linear density",
          .help = "the density that a gaussian vae has to beat; seconds, no steps",
          .source = "TippingBishop1999",
          .make = make_ppca,
          .fit = fit_ppca,
          .fit_bytes = principal_components_bytes,
          .likelihoods = {"gaussian"},
          .one_sigma = true,
          .defaults = {{"model.sigma", "learned"}}};
}

}  // namespace isthmus
