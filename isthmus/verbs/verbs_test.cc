// SPDX-License-Identifier: Apache-2.0
// Evaluation and inference: scores belong to items, not to batches; the bound has its sign and
// rises with K; interpolation hits its ends.
#include <algorithm>
#include <cmath>
#include <functional>

#include <gtest/gtest.h>

#include "isthmus/base/work.h"
#include "isthmus/data/png.h"
#include "isthmus/data/scaling.h"
#include "isthmus/models/inference.h"
#include "isthmus/nn/initializers.h"
#include "isthmus/testing/tiny_run.h"
#include "isthmus/verbs/bound.h"
#include "isthmus/verbs/infer.h"
#include "isthmus/verbs/json_results.h"
#include "isthmus/verbs/pictures.h"
#include "isthmus/verbs/stored_values.h"

namespace isthmus {
namespace {

Model untrained(const DataSpec& spec, const std::string& likelihood, const std::string& hidden) {
  Model model;
  model.setup.own.texts["model.hidden"] = hidden;
  model.setup.model.latent_dim = "2";
  model.setup.model.likelihood = likelihood;
  model.setup.own.texts["model.sigma"] = likelihood == "gaussian" ? "0.5" : "learned";
  model.setup.data = spec;
  const NamedTensors first = initialize(evaluation_graph(model.setup), 3);
  for (const ExpectedTensor& p : expected_parameters(model.setup)) {
    model.parameters.emplace(p.name, first.at(p.name));
  }
  return model;
}

struct Images {
  Dataset data = tiny_images(30);
  ReferenceDevice device;
  Model model;
  Images() {
    DataSpec spec = data.spec;
    spec.scaling = choose_scaling(spec, "auto").scaling;
    model = untrained(spec, "bernoulli", "6");
  }
};

TEST(Evaluate, ElboIsMinusReconstructionMinusKlAndStandsAboveTheFloor) {
  Images s;
  Session session(s.model, s.device);
  const EvalResult r = evaluate(session, s.data, {.samples = 3}, {});
  EXPECT_EQ(r.n, 30);
  EXPECT_DOUBLE_EQ(r.terms.elbo, -(r.terms.reconstruction + r.terms.kl));
  EXPECT_GT(r.terms.kl, 0);
  EXPECT_GT(r.terms.elbo_se, 0);
  EXPECT_LT(r.data_floor, r.terms.reconstruction);
  EXPECT_GT(r.data_floor, 0);
  EXPECT_FALSE(r.normalized);
  EXPECT_TRUE(std::isnan(r.bits_per_dim));
  double kl = 0;
  for (double v : r.kl_per_dim) kl += v;
  EXPECT_NEAR(kl, r.terms.kl, 1e-6);
  EXPECT_GT(r.metric("mse"), 0);
  EXPECT_NEAR(r.metric("psnr"), -10 * std::log10(r.metric("mse")), 3);
  EXPECT_TRUE(std::isnan(r.metric("ssim")));  // 4 x 4 is smaller than the window
}

TEST(Evaluate, TheFloorIsTheEntropyOfTheTargets) {
  Images s;
  Session session(s.model, s.device);
  double sum = 0;
  for (uint8_t v : s.data.values.values<uint8_t>()) {
    const double p = v / 255.0;
    if (p > 0 && p < 1) sum -= p * std::log(p) + (1 - p) * std::log(1 - p);
  }
  const EvalResult r = evaluate(session, s.data, {}, {});
  EXPECT_NEAR(r.data_floor, sum / 30, 1e-9);
}

TEST(Evaluate, BatchCompositionDoesNotMatter) {
  Images s;
  Session session(s.model, s.device);
  const ItemTerms whole = item_terms(session, s.data, 2, {});
  for (int64_t batch : {1, 7}) {
    const ItemTerms parts = item_terms(session, s.data, 2, {.batch_size = batch});
    EXPECT_EQ(parts.reconstruction, whole.reconstruction) << batch;
    EXPECT_EQ(parts.kl, whole.kl) << batch;
  }
  const EvalResult first = evaluate(session, s.data, {.limit = 5}, {});
  double sum = 0;
  for (size_t i = 0; i < 5; ++i) sum += item_terms(session, s.data, 1, {}).kl[i];
  EXPECT_NEAR(first.terms.kl, sum / 5, 1e-12);
}

TEST(Evaluate, TheSeedDecidesTheNoise) {
  Images s;
  Session session(s.model, s.device);
  const double a = evaluate(session, s.data, {}, {.seed = 1}).terms.reconstruction;
  const double b = evaluate(session, s.data, {}, {.seed = 1}).terms.reconstruction;
  const double c = evaluate(session, s.data, {}, {.seed = 2}).terms.reconstruction;
  EXPECT_EQ(a, b);
  EXPECT_NE(a, c);
}

TEST(Evaluate, OnlyTheMetricsThatWereAskedForAreComputed) {
  Images s;
  Session session(s.model, s.device);
  const EvalResult one = evaluate(session, s.data, {.metrics = {"active_units"}}, {});
  ASSERT_EQ(one.metrics.size(), 1u);
  EXPECT_TRUE(std::isnan(one.metric("mse")));
  EXPECT_EQ(static_cast<int64_t>(one.metrics[0].value), one.active_units);
  EXPECT_THROW(evaluate(session, s.data, {.metrics = {"ssim"}}, {}), Error);  // 4 x 4
  EXPECT_THROW(evaluate(session, s.data, {.metrics = {"fid"}}, {}), Error);
}

TEST(Evaluate, ConditionsAreJudged) {
  Images s;
  Session session(s.model, s.device);
  const EvalResult r = evaluate(session, s.data, {.require = {"elbo>-1e6", "mse<=1e-9"}}, {});
  ASSERT_EQ(r.require.size(), 2u);
  EXPECT_TRUE(r.require[0].met);
  EXPECT_FALSE(r.require[1].met);
  EXPECT_FALSE(r.gate_met());
  for (const char* bad : {"elbo", "elbow>1", "elbo>x", "iwae>1"}) {
    EXPECT_THROW(evaluate(session, s.data, {.require = {bad}}, {}), Error) << bad;
  }
}

TEST(Evaluate, DataOfAnotherShapeAreRefused) {
  Images s;
  Session session(s.model, s.device);
  Dataset other = s.data;
  other.spec.item_shape = {2, 8};
  other.values = other.values.reshaped({30, 2, 8});
  try {
    evaluate(session, other, {}, {});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kDataMismatch);
  }
}

/// x = W z + 0.5 e in two dimensions: log p(x) is that of a normal with covariance W W' + 0.25 I.
struct LinearGaussian {
  Dataset data;
  ReferenceDevice device;
  Model model;
  double log_likelihood = 0;  // mean over items

  LinearGaussian() {
    data.spec.kind = DataKind::kArray;
    data.spec.item_shape = {2};
    data.spec.dtype = Dtype::kF32;
    data.spec.fields = {{.name = "",
                         .min = -3,
                         .max = 3,
                         .mean = 0,
                         .standard_deviation = 1,
                         .binary = false,
                         .constant = false,
                         .integer = false}};
    data.values = Tensor(Dtype::kF32, {40, 2});
    fill_normal(RngKey::from(1, "linear"), 0, 0, 0, data.values.values<float>().data(), 80);
    model = untrained(data.spec, "gaussian", "none");
    // Encoder: mean = 0.4 x, log_var = -0.5; decoder: x = W z.
    set("encoder/0/weight", {0.4f, 0, 0, 0, 0, 0.4f, 0, 0});
    set("encoder/0/bias", {0, 0, -0.5f, -0.5f});
    set("decoder/0/weight", {0.9f, 0.3f, -0.2f, 0.7f});
    set("decoder/0/bias", {0, 0});
    for (int i = 0; i < 40; ++i) log_likelihood += log_p(2 * static_cast<size_t>(i)) / 40;
  }
  void set(const std::string& name, std::vector<float> values) {
    Tensor& t = model.parameters.at(name);
    t = Tensor::from<float>(t.shape(), values);
  }
  double log_p(size_t at) const {
    // Rows of W are latents: x = z W, covariance W' W + 0.25 I.
    const double w[2][2] = {{0.9, 0.3}, {-0.2, 0.7}};
    const double a = w[0][0] * w[0][0] + w[1][0] * w[1][0] + 0.25;
    const double b = w[0][0] * w[0][1] + w[1][0] * w[1][1];
    const double d = w[0][1] * w[0][1] + w[1][1] * w[1][1] + 0.25;
    const double x = data.values.values<float>()[at], y = data.values.values<float>()[at + 1];
    const double det = a * d - b * b;
    return -std::log(2 * M_PI) - 0.5 * std::log(det) -
           0.5 * (d * x * x - 2 * b * x * y + a * y * y) / det;
  }
};

TEST(Evaluate, TheBoundRisesWithKToTheKnownLikelihood) {
  LinearGaussian s;
  Session session(s.model, s.device);
  double last = -1e9;
  for (int64_t k : {1, 5, 50, 500}) {
    const BoundResult r = *evaluate(session, s.data, {.iwae = k}, {}).iwae;
    EXPECT_EQ(r.k, k);
    EXPECT_GT(r.value, last - 0.02) << k;
    EXPECT_LT(r.value, s.log_likelihood + 0.05) << k;
    EXPECT_LE(r.effective_samples, static_cast<double>(k) + 1e-9);
    last = r.value;
  }
  EXPECT_NEAR(last, s.log_likelihood, 0.02);
}

TEST(Evaluate, TheBoundWithOneSampleIsTheElboInExpectation) {
  LinearGaussian s;
  Session session(s.model, s.device);
  double bound = 0, elbo = 0;
  constexpr int kSeeds = 400;
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    const EvalResult r = evaluate(session, s.data, {.iwae = 1, .metrics = {"mse"}}, {.seed = seed});
    bound += r.iwae->value / kSeeds;
    elbo += r.terms.elbo / kSeeds;
  }
  // 16,000 draws each.
  EXPECT_NEAR(bound, elbo, 0.06);
}

TEST(Evaluate, LogMeanWeightIsExactForHugeAndTinyWeights) {
  LogMeanWeight w;
  for (double v : {-1e5, -1e5 + std::log(3.0)}) w.add(v);
  EXPECT_NEAR(w.value(), -1e5 + std::log(2.0), 1e-9);
  EXPECT_NEAR(w.effective_samples(), 16.0 / 10.0, 1e-9);
}

TEST(Evaluate, AnAutoencoderHasNoBound) {
  Images s;
  s.model.setup.model.name = "ae";
  s.model = untrained(s.model.spec(), "bernoulli", "6");
  s.model.setup.model.name = "ae";
  Session session(s.model, s.device);
  EXPECT_THROW(evaluate(session, s.data, {.iwae = 5}, {}), Error);
}

TEST(Encode, MeanIsDeterministicAndSamplesHaveTheStatedSpread) {
  Images s;
  Session session(s.model, s.device);
  const Tensor a = encode(session, s.data, Quantity::kMean, {.seed = 1});
  const Tensor b = encode(session, s.data, Quantity::kMean, {.seed = 2, .batch_size = 4});
  EXPECT_TRUE(std::equal(a.bytes().begin(), a.bytes().end(), b.bytes().begin()));
  EXPECT_EQ(a.shape(), (Shape{30, 2}));
  const Tensor both = encode(session, s.data, Quantity::kMeanAndLogVar, {});
  EXPECT_EQ(both.shape(), (Shape{30, 4}));
  EXPECT_EQ(both.values<float>()[4], a.values<float>()[2]);
  const Tensor draw = encode(session, s.data, Quantity::kSample, {});
  EXPECT_NE(draw.values<float>()[0], a.values<float>()[0]);
}

TEST(Decode, OfTheCodesIsTheReconstruction) {
  Images s;
  Session session(s.model, s.device);
  const Tensor z = encode(session, s.data, Quantity::kMean, {});
  const Tensor x = decode(session, z, Quantity::kMean, {});
  const Tensor y = reconstruct(session, s.data, Quantity::kMean, {});
  EXPECT_EQ(x.shape(), (Shape{30, 4, 4}));
  for (int64_t i = 0; i < x.num_values(); ++i) {
    EXPECT_NEAR(x.values<float>()[static_cast<size_t>(i)],
                y.values<float>()[static_cast<size_t>(i)], 1e-6);
  }
  EXPECT_THROW(decode(session, Tensor(Dtype::kF32, {3, 5}), Quantity::kMean, {}), Error);
}

TEST(Sample, SeedDecidesAndMeansAreProbabilities) {
  Images s;
  Session session(s.model, s.device);
  const Tensor a = sample(session, {.count = 8, .verb = {.seed = 1}});
  const Tensor b = sample(session, {.count = 20, .verb = {.seed = 1}});
  EXPECT_EQ(a.shape(), (Shape{8, 4, 4}));
  for (size_t i = 0; i < static_cast<size_t>(a.num_values()); ++i) {
    EXPECT_EQ(a.values<float>()[i], b.values<float>()[i]);
    EXPECT_GT(a.values<float>()[i], 0);
    EXPECT_LT(a.values<float>()[i], 1);
  }
  const Tensor draws =
      sample(session, {.count = 8, .quantity = Quantity::kSample, .verb = {.seed = 1}});
  for (float v : draws.values<float>()) EXPECT_TRUE(v == 0 || v == 1);
}

TEST(Interpolate, EndPointsAreReconstructions) {
  Images s;
  Session session(s.model, s.device);
  const Tensor y = reconstruct(session, s.data, Quantity::kMean, {});
  for (LatentPath path : {LatentPath::kLinear, LatentPath::kSpherical}) {
    const Tensor x =
        interpolate(session, s.data, {.pairs = {{3, 9}, {9, 3}}, .steps = 5, .path = path});
    EXPECT_EQ(x.shape(), (Shape{10, 4, 4}));
    for (size_t i = 0; i < 16; ++i) {
      EXPECT_NEAR(x.values<float>()[i], y.values<float>()[3 * 16 + i], 1e-6);
      EXPECT_NEAR(x.values<float>()[4 * 16 + i], y.values<float>()[9 * 16 + i], 1e-6);
      EXPECT_EQ(x.values<float>()[5 * 16 + i], x.values<float>()[4 * 16 + i]);
    }
  }
  EXPECT_THROW(interpolate(session, s.data, {.pairs = {{0, 30}}}), Error);
  EXPECT_THROW(interpolate(session, s.data, {.pairs = {{0, 1}}, .steps = 1}), Error);
}

TEST(Interpolate, TheSphericalPathKeepsTheNorm) {
  const std::vector<float> a = {3, 0, 0}, b = {0, 3, 0};
  std::vector<float> m(3);
  latent_point(a, b, LatentPath::kSpherical, 0.5, m);
  EXPECT_NEAR(m[0], 3 / std::sqrt(2.0), 1e-6);
  EXPECT_NEAR(m[1], 3 / std::sqrt(2.0), 1e-6);
  latent_point(a, b, LatentPath::kLinear, 0.5, m);
  EXPECT_NEAR(m[0], 1.5, 1e-6);
  latent_point(a, a, LatentPath::kSpherical, 0.5, m);
  EXPECT_NEAR(m[0], 3, 1e-6);
}

TEST(Pictures, ReconstructionsStandBesideTheirOriginals) {
  Images s;
  Session session(s.model, s.device);
  const Bytes picture = reconstructions_picture(session, s.data, 50, 5);
  const PngImage image = decode_png(picture, {});
  // 30 items: six rows of five pairs, each pixel seven wide, gaps of 2 and of 8 around the line.
  EXPECT_EQ(image.pixels.shape(), (Shape{6 * 28 + 5 * 2, 10 * 28 + 8 * 2 + 8}));
  const uint8_t* pixels = image.pixels.values<uint8_t>().data();
  for (int r = 0; r < 4; ++r) {
    for (int c = 0; c < 4; ++c) {
      EXPECT_EQ(pixels[7 * r * 304 + 30 + 7 * c],
                s.data.values.values<uint8_t>()[static_cast<size_t>(16 + r * 4 + c)]);
    }
  }
  EXPECT_EQ(decode_png(samples_picture(session, 10, 10, 0), {}).pixels.shape(), (Shape{298, 298}));
}

TEST(StoredValues, UndoTheScalingAndRoundToBytes) {
  Images s;
  const Tensor scaled = model_values(s.model, s.data, 0, 30);
  const Tensor back = stored_values(scaled, s.model.spec());
  EXPECT_TRUE(std::equal(back.bytes().begin(), back.bytes().end(), s.data.values.bytes().begin()));
}

TEST(EvalJson, HasEveryFieldOfTheTable) {
  Images s;
  Session session(s.model, s.device);
  const EvalResult r = evaluate(session, s.data, {.iwae = 3}, {});
  const Json json = eval_json(r, s.model, data_json(s.data, "tiny"),
                              device_json(s.device.info(), Precision::kF32));
  for (const char* key :
       {"schema",       "version",    "seconds",        "model",  "data",         "device",
        "elbo",         "elbo_se",    "reconstruction", "kl",     "samples",      "kl_per_dim",
        "active_units", "normalized", "data_floor",     "iwae",   "bits_per_dim", "mse",
        "psnr",         "ssim",       "metrics",        "require"}) {
    EXPECT_NE(json.find(key), nullptr) << key;
  }
  EXPECT_EQ(json.at("schema").as_string(), "isthmus.eval/1");
  EXPECT_EQ(json.at("iwae").at("k").as_int(), 3);
  EXPECT_TRUE(json.at("ssim").is_null());
}

/// How far the work was said to be, of `what` alone; from 0 to 1, rising.
std::vector<double> noted(std::string_view what, const std::function<void()>& work) {
  std::vector<double> shares;
  const WorkSink old = set_work_sink([&](std::string_view name, uint64_t done, uint64_t total) {
    if (name == what) shares.push_back(static_cast<double>(done) / static_cast<double>(total));
  });
  work();
  set_work_sink(old);
  EXPECT_TRUE(std::ranges::is_sorted(shares));
  return shares;
}

TEST(Evaluate, SaysHowFarItIsWithinABatch) {
  Images i;
  const VerbSettings batches{.batch_size = 20};  // two batches of 30 items
  const std::vector<double> draws = noted("draws", [&] {
    Session session(i.model, i.device);
    evaluate(session, i.data, {.samples = 40}, batches);
  });
  ASSERT_EQ(draws.size(), 80u);
  EXPECT_NEAR(draws[19], 20.0 * 20 / (30 * 40), 1e-12);
  EXPECT_EQ(draws.back(), 1);
  for (const int64_t k : {3, 50, 120}) {
    const std::vector<double> chunks = noted("importance-weighted bound", [&] {
      Session session(i.model, i.device);
      evaluate(session, i.data, {.iwae = k}, batches);
    });
    EXPECT_EQ(chunks.size(), 2u * static_cast<size_t>((k + 49) / 50));
    EXPECT_EQ(chunks.back(), 1) << k;
  }
}

}  // namespace
}  // namespace isthmus
