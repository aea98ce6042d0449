// SPDX-License-Identifier: Apache-2.0
// A linear VAE on linear-Gaussian data reaches the exact likelihood of probabilistic PCA, which no
// linear decoder can pass. (The linear case has no other optimum: Lucas et al., Don't Blame the
// ELBO!, 2019.) The importance-weighted bound rises with K to the likelihood of the model.
#include <gtest/gtest.h>

#include <filesystem>

#include "isthmus/prob/likelihood.h"
#include "isthmus/runtime/open_device.h"
#include "isthmus/train/trainer.h"
#include "isthmus/verbs/evaluate.h"
#include "linear_gaussian.h"

namespace isthmus {
namespace {

constexpr int64_t kItems = 2000, kDims = 8, kRank = 3;

Model trained(const Dataset& data, Device& device, const std::string& epochs,
              const std::string& model = "vae") {
  TrainRequest request;
  request.dataset = &data;
  request.device = &device;
  TrainOptions& o = request.options;
  o.run.out = ::testing::TempDir() + "isthmus-truth-" + model + epochs;
  std::filesystem::remove_all(o.run.out);
  o.run.samples_every = "none";
  o.run.report = false;
  o.hold_out.val = "0";
  o.hold_out.scale = "none";
  o.model.name = model;
  o.own.texts["model.hidden"] = "none";
  o.model.latent_dim = std::to_string(kRank);
  o.model.likelihood = "gaussian";
  o.own.texts["model.sigma"] = "learned";
  o.loop.batch_size = "100";
  o.loop.epochs = epochs;
  o.optimizer.learning_rate = 0.01;
  o.optimizer.schedule = "cosine";
  TrainObserver nobody;
  train(request, nobody);
  return load_model(o.run.out, posix_fs(), {});
}

std::vector<double> weights(const Model& model, const std::string& name) {
  const auto values = model.parameters.at(name).values<float>();
  return {values.begin(), values.end()};
}

/// What the decoder says: x = b + W^T z + sigma noise.
struct Decoder {
  std::vector<double> w, b;  // (Z, D), (D)
  double variance = 0;
  explicit Decoder(const Model& model)
      : w(weights(model, "decoder/0/weight")), b(weights(model, "decoder/0/bias")) {
    const double sigma = sigma_value(weights(model, "likelihood/log_sigma")[0],
                                     rounding_errors(model.setup.data).at(0));
    variance = sigma * sigma;
  }
  truth::Matrix covariance() const {
    truth::Matrix c(kDims);
    for (int64_t r = 0; r < kDims; ++r) {
      for (int64_t k = 0; k < kDims; ++k) {
        for (int64_t z = 0; z < kRank; ++z) {
          c.at(r, k) += w[size_t(z * kDims + r)] * w[size_t(z * kDims + k)];
        }
      }
      c.at(r, r) += variance;
    }
    return c;
  }
};

/// The bound in closed form, mean over the items: the draws are integrated out.
double exact_elbo(const Model& model, const Dataset& data) {
  const Decoder decoder(model);
  const std::vector<double> ew = weights(model, "encoder/0/weight"),
                            eb = weights(model, "encoder/0/bias");  // (D, 2 Z), (2 Z)
  double total = 0;
  for (int64_t i = 0; i < kItems; ++i) {
    const float* x = data.values.values<float>().data() + i * kDims;
    std::vector<double> head = eb;
    for (int64_t d = 0; d < kDims; ++d) {
      for (int64_t k = 0; k < 2 * kRank; ++k) {
        head[size_t(k)] += static_cast<double>(x[d]) * ew[size_t(d * 2 * kRank + k)];
      }
    }
    double squares = 0, kl = 0;
    for (int64_t d = 0; d < kDims; ++d) {
      double error = static_cast<double>(x[d]) - decoder.b[size_t(d)];
      for (int64_t z = 0; z < kRank; ++z) {
        const double w = decoder.w[size_t(z * kDims + d)];
        error -= head[size_t(z)] * w;
        squares += std::exp(head[size_t(kRank + z)]) * w * w;
      }
      squares += error * error;
    }
    for (int64_t z = 0; z < kRank; ++z) {
      const double m = head[size_t(z)], log_var = head[size_t(kRank + z)];
      kl += 0.5 * (m * m + std::exp(log_var) - 1 - log_var);
    }
    const double log_norm = truth::kLog2Pi + std::log(decoder.variance);
    total += -0.5 * (static_cast<double>(kDims) * log_norm + squares / decoder.variance) - kl;
  }
  return total / static_cast<double>(kItems);
}

TEST(LinearVae, ReachesTheLikelihoodOfProbabilisticPca) {
  const Dataset data = truth::linear_gaussian_data(kItems, kDims, kRank, 0.4);
  const auto device = open_device({.device = "cpu", .threads = 2});
  const Model model = trained(data, *device, "400");
  Session session(model, *device);
  const double best =
      truth::best_ppca_log_likelihood(truth::eigenvalues_of(truth::covariance_of(data)), kRank);
  const double elbo = exact_elbo(model, data);
  const Decoder decoder(model);
  const double density = truth::mean_log_density(data, decoder.b, decoder.covariance());
  std::printf("pPCA %.5f, log density of the model %.5f, its ELBO %.5f nats per item\n", best,
              density, elbo);
  EXPECT_LT(best - elbo, 0.01);
  EXPECT_LE(elbo, density + 1e-9);
  EXPECT_LE(density, best + 1e-9);
  const EvalResult r = evaluate(session, data, {.samples = 20}, {});
  EXPECT_NEAR(r.terms.elbo, elbo, 0.02);  // 20 draws of each of 2,000 items: error 0.004
}

TEST(LinearVae, ImportanceWeightedBoundRisesToTheDensityOfTheModel) {
  const Dataset data = truth::linear_gaussian_data(kItems, kDims, kRank, 0.4);
  const auto device = open_device({.device = "cpu", .threads = 2});
  const Model model = trained(data, *device, "20");  // its encoder lags behind: a loose bound
  Session session(model, *device);
  const Decoder decoder(model);
  const double density = truth::mean_log_density(data, decoder.b, decoder.covariance());
  double previous = exact_elbo(model, data);
  std::printf("log density of the model %.4f, ELBO %.4f", density, previous);
  EXPECT_LT(previous, density - 0.05);
  for (int64_t k : {10, 100, 1000}) {
    const EvalResult r = evaluate(session, data, {.iwae = k}, {});
    std::printf(", K %lld: %.4f", static_cast<long long>(k), r.iwae->value);
    EXPECT_GT(r.iwae->value, previous);
    EXPECT_LT(r.iwae->value, density + 0.005);
    previous = r.iwae->value;
  }
  std::printf("\n");
  EXPECT_GT(previous, density - 0.01);
}

TEST(LinearIwae, ReachesTheLikelihoodOfProbabilisticPca) {
  const Dataset data = truth::linear_gaussian_data(kItems, kDims, kRank, 0.4);
  const auto device = open_device({.device = "cpu", .threads = 2});
  const Model model = trained(data, *device, "100", "iwae");
  Session session(model, *device);
  const double best =
      truth::best_ppca_log_likelihood(truth::eigenvalues_of(truth::covariance_of(data)), kRank);
  const Decoder decoder(model);
  const double density = truth::mean_log_density(data, decoder.b, decoder.covariance());
  const EvalResult r = evaluate(session, data, {.iwae = 500}, {});
  std::printf("pPCA %.5f, log density of the iwae %.5f, its bound %.5f nats per item\n", best,
              density, r.iwae->value);
  EXPECT_LT(best - density, 0.02);
  EXPECT_LE(density, best + 1e-9);
  EXPECT_NEAR(r.iwae->value, density, 0.01);
}

}  // namespace
}  // namespace isthmus
