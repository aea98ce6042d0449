// SPDX-License-Identifier: Apache-2.0
// Principal component analysis: the linear code of Z numbers from which the training items come
// back with the least squared error. With U the leading eigenvectors of their covariance (1/N):
//   code = U'(x - m),   decoded = m + U code.
// A point code, so neither elbo nor samples; ppca is its density. Source: Hotelling 1933.
#include "isthmus/models/coder.h"
#include "isthmus/models/components.h"

namespace isthmus {
namespace {

Parts make_pca(const ModelBuild& b) {
  require_fixed_sigma(b.setup);
  require_no_condition(b.setup);
  const int64_t values = b.setup.data.num_values(), latent = latent_dim(b.setup);
  const GraphBuilder::Scope scope(b.g, "pca");
  const Value directions = b.g.parameter("directions", {values, latent}, {}, false);
  const Value mean = b.g.parameter("mean", {values}, {}, false);
  Parts parts;
  parts.latent_dim = latent;
  parts.code = [&b, directions, mean](const Given& given) {
    return b.g.matmul(b.g.sub(given.x, mean), directions);
  };
  parts.decode = [&b, directions, mean](Value z, const Given&) {
    return b.g.add(b.g.matmul({{"transpose_b", 1}}, z, directions), mean);
  };
  return parts;
}

NamedTensors fit_pca(const FitRequest& request) {
  const Pca found = principal_components(request);
  const std::vector<double> ones(found.variances().size(), 1.0);
  NamedTensors parameters;
  parameters.emplace("pca/directions", columns_of(found, ones));
  parameters.emplace("pca/mean", vector_of(found.mean()));
  return parameters;
}

}  // namespace

ModelDef models::pca() {
  return {.name = "pca",
          .summary = "principal components: the best linear code, in closed form",
          .help = "the reference that any other code of this size has to beat; seconds, no steps",
          .source = "Hotelling1933",
          .make = make_pca,
          .fit = fit_pca,
          .fit_bytes = principal_components_bytes,
          .likelihoods = {"gaussian"}};
}

}  // namespace isthmus
