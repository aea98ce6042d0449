// SPDX-License-Identifier: Apache-2.0
// Runs of models with states beside their parameters (a critic, running means, a sigma that is
// measured): the same bits for any number of threads and after an interruption, and models that
// hold what is used.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>

#include "isthmus/checkpoint/generations.h"
#include "isthmus/model_file/model.h"
#include "isthmus/models/parts.h"
#include "isthmus/runtime/open_device.h"
#include "isthmus/testing/tiny_run.h"

namespace isthmus {
namespace {

using Settings = std::vector<std::pair<std::string, std::string>>;

std::string text_of(const std::string& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

TrainResult run(const Dataset& data, Device& device, const std::string& out,
                const Settings& settings, int64_t stop_at = -1) {
  TrainRequest request = tiny_request(data, device, out);
  request.options.run.report = false;
  for (const auto& [key, value] : settings) set_option(request.options, key, value);
  ModelOptions& model = request.options.model;
  if (!all_models().find(model.name).takes_latent_dim) model.latent_dim = "auto";
  RecordingObserver seen;
  seen.stop_at = stop_at;
  return train(request, seen);
}

const std::vector<Settings>& all_settings() {
  static const std::vector<Settings> all = {
      {{"model.name", "aae"}, {"model.critic_hidden", "5"}},
      {{"model.name", "wae_mmd"}},
      {{"model.name", "info_vae"}},
      {{"model.name", "swae"}},
      {{"model.name", "rae_l2"}},
      {{"model.name", "rae_gp"}},
      {{"model.name", "made"}},
      {{"model.name", "real_nvp"}, {"model.couplings", "2"}},
      {{"model.name", "maf"}, {"model.flow_blocks", "2"}},
      {{"model.name", "flow_matching"}},
      {{"model.name", "gan"}},
      {{"model.name", "annealed_vae"}, {"objective.capacity_steps", "8"}},
      {{"model.likelihood", "gaussian"}, {"model.sigma", "optimal"}},
      {{"train.ema", "0.9"}},
      {{"model.name", "aae"}, {"train.ema", "0.9"}, {"train.max_grad_norm", "1"}},
      {{"objective.kl_warmup", "0.5"}, {"objective.kl_cycles", "2"}}};
  return all;
}

TEST(Kin, BitsEqualForAnyNumberOfThreadsAndAfterAResume) {
  const Dataset data = tiny_images(40);
  for (const Settings& settings : all_settings()) {
    SCOPED_TRACE(settings.front().second);
    std::vector<std::string> digests;
    for (int threads : {1, 2, 3}) {
      const auto device = open_device({.device = "cpu", .threads = threads});
      const TrainResult r = run(data, *device, fresh_folder("kin"), settings);
      digests.push_back(r.weights_sha256 + r.final_weights_sha256);
      const std::string part = fresh_folder("kin-part");
      run(data, *device, part, settings, 3 + threads);
      TrainRequest request;
      request.dataset = &data;
      request.device = device.get();
      request.options.run.resume = part;
      RecordingObserver seen;
      const TrainResult resumed = train(request, seen);
      digests.push_back(resumed.weights_sha256 + resumed.final_weights_sha256);
    }
    for (const std::string& digest : digests) EXPECT_EQ(digest, digests.front());
  }
}

TEST(Kin, ModelFilesHoldTheModelAlone) {
  const Dataset data = tiny_images(40);
  const auto device = open_device({.device = "cpu", .threads = 1});
  const std::string out = fresh_folder("kin-file");
  run(data, *device, out, {{"model.name", "aae"}, {"model.critic_hidden", "5"}});
  for (const auto& [name, tensor] : load_model(out, posix_fs(), {}).parameters) {
    EXPECT_FALSE(name.starts_with("critic")) << name;
  }
  const std::string csv = text_of(join_path(out, "metrics.csv"));
  EXPECT_NE(csv.find("val_kl,critic,critic_slope,adversarial\n"), std::string::npos) << csv;
}

TEST(RunningMean, IsTheModelThatIsKeptAndTheWeightsAreInTheCheckpoint) {
  const Dataset data = tiny_images(40);
  const auto device = open_device({.device = "cpu", .threads = 1});
  const std::string plain = fresh_folder("ema-none"), out = fresh_folder("ema");
  const Settings no_validation = {{"data.val", "0"}};
  Settings averaged = no_validation;
  averaged.emplace_back("train.ema", "0.9");
  const TrainResult without = run(data, *device, plain, no_validation);
  const TrainResult with = run(data, *device, out, averaged);
  EXPECT_NE(with.weights_sha256, without.weights_sha256);
  const Model kept = load_model(out, posix_fs(), {});
  EXPECT_EQ(weights_sha256(kept.parameters), with.weights_sha256);
  const Container container = load_container(posix_fs(), with.checkpoint_path, {});
  NamedTensors raw;
  for (const auto& [name, tensor] : kept.parameters) raw.emplace(name, container.tensors.at(name));
  EXPECT_EQ(weights_sha256(raw), without.weights_sha256);  // the mean moves no weight
  std::filesystem::remove(join_path(out, "model.safetensors"));
  const Model of_checkpoint = load_model(out, posix_fs(), {});
  EXPECT_EQ(weights_sha256(of_checkpoint.parameters), with.weights_sha256);
}

TEST(OptimalSigma, IsStoredAsItWasMeasured) {
  const Dataset data = tiny_images(40);
  const auto device = open_device({.device = "cpu", .threads = 1});
  const std::string out = fresh_folder("optimal");
  const TrainResult r = run(data, *device, out,
                            {{"model.likelihood", "gaussian"},
                             {"model.sigma", "optimal"},
                             {"data.val", "0"},
                             {"optimizer.learning_rate", "1e-9"},
                             {"train.epochs", "2"}});
  const Model model = load_model(out, posix_fs(), {});
  const double s2 = std::exp(2 * model.parameters.at("likelihood/log_sigma").values<float>()[0]);
  // Weights at rest: the batches of an epoch differ, and the mean of log s^2 is below its log.
  const double mean_log = r.train->reconstruction * 2 / 16 - std::log(2 * 3.141592653589793) - 1;
  EXPECT_GE(std::log(s2), mean_log - 1e-4);
  EXPECT_LT(std::log(s2), mean_log + 0.1);
}

}  // namespace
}  // namespace isthmus
