// SPDX-License-Identifier: Apache-2.0
// Runs with corruption and dropout: what is chosen, what is refused, and bits that neither an
// interruption nor a rate of 0 changes.
#include <gtest/gtest.h>

#include "isthmus/models/corruption.h"
#include "isthmus/models/parts.h"
#include "isthmus/testing/tiny_run.h"
#include "isthmus/train/choices.h"

namespace isthmus {
namespace {

ResolvedOptions resolved(const TrainOptions& options) {
  const Dataset data = tiny_images(40);
  return resolve_options(options, data.spec, 40, {}, data.spec);
}

TEST(DenoisingAe, HasGaussianNoiseUnlessSaidOtherwise) {
  TrainOptions options;
  options.model.name = "denoising_ae";
  const TrainOptions usual = resolved(options).options;
  EXPECT_EQ(usual.model.corruption, "gaussian");
  EXPECT_EQ(usual.own.texts.find(kLevelKey)->second, "0.3");
  set_option(options, "model.corruption", "masking");
  const TrainOptions masked = resolved(options).options;
  EXPECT_EQ(masked.model.corruption, "masking");
  EXPECT_EQ(masked.own.texts.find(kLevelKey)->second, "0.25");
}

TEST(DropoutAe, DropsATenthOfInputsAndAFifthOfUnits) {
  TrainOptions options;
  options.model.name = "dropout_ae";
  const OwnOptions own = resolved(options).options.own;
  EXPECT_EQ(own.texts.at("model.input_dropout"), "0.1");
  EXPECT_EQ(own.texts.at("model.dropout"), "0.2");
}

ErrorCode refusal(const TrainOptions& options) {
  try {
    resolved(options);
  } catch (const Error& error) {
    return error.code();
  }
  return ErrorCode::kInternal;
}

TEST(Corruption, ALevelNeedsItsCorruptionAndItsBounds) {
  TrainOptions options;
  set_option(options, kLevelKey, "0.5");
  EXPECT_EQ(refusal(options), ErrorCode::kConflict);
  set_option(options, "model.corruption", "masking");
  EXPECT_EQ(refusal(options), ErrorCode::kInternal);
  set_option(options, kLevelKey, "1.5");
  EXPECT_EQ(refusal(options), ErrorCode::kBadValue);
}

/// Whether an encoder meets items in steps of training.
bool encodes_in_steps(const ModelDef& def) {
  if (def.fit) return false;
  TrainOptions options;
  set_option(options, "model.name", def.name);
  const ResolvedOptions r = resolved(options);
  return abilities_of(
             {.model = r.options.model, .own = r.options.own, .data = tiny_images(40).spec})
      .codes;
}

TEST(Corruption, IsForModelsWithEncodersThatAreTrainedInSteps) {
  for (const ModelDef& def : all_models()) {
    if (def.needs_labels) continue;  // the items have none
    TrainOptions options;
    set_option(options, "model.name", def.name);
    set_option(options, "model.corruption", "masking");
    EXPECT_EQ(refusal(options), encodes_in_steps(def) ? ErrorCode::kInternal : ErrorCode::kConflict)
        << def.name;
  }
}

TrainResult trained(const Dataset& data, const std::string& name, const OwnOptions& own,
                    const std::string& out, int64_t stop_at = -1) {
  ReferenceDevice device;
  TrainRequest request = tiny_request(data, device, fresh_folder(out));
  request.options.model.name = name;
  for (const auto& [key, text] : own.texts) set_option(request.options, key, text);
  RecordingObserver seen;
  seen.stop_at = stop_at;
  return train(request, seen);
}

TEST(DropoutAe, AtRateZeroHasTheBitsOfAe) {
  const Dataset data = tiny_images(40);
  OwnOptions zero{.texts = {{"model.dropout", "0"}, {"model.input_dropout", "0"}}};
  const TrainResult ae = trained(data, "ae", {}, "ae");
  const TrainResult usual = trained(data, "dropout_ae", {}, "dropout");
  // A default that the user did not change is not the user's: the run is told so by origins.
  ReferenceDevice device;
  TrainRequest request = tiny_request(data, device, fresh_folder("dropout-0"));
  request.options.model.name = "dropout_ae";
  for (const auto& [key, text] : zero.texts) {
    set_option(request.options, key, text);
    request.origins[key] = "flag";
  }
  RecordingObserver seen;
  EXPECT_EQ(train(request, seen).final_weights_sha256, ae.final_weights_sha256);
  EXPECT_NE(usual.final_weights_sha256, ae.final_weights_sha256);
}

// Stopped within an epoch: noise of the rest of it, and of the next, is that of the whole run.
TEST(Noise, OfAResumedRunIsThatOfTheWhole) {
  const Dataset data = tiny_images(40);
  const OwnOptions own{.texts = {{"model.dropout", "0.3"},
                                 {"model.input_dropout", "0.1"},
                                 {"model.corruption", "salt_pepper"}}};
  for (const char* name : {"ae", "vae"}) {
    const std::string folder = std::string("noise-") + name;
    const TrainResult whole = trained(data, name, own, folder + "-whole");
    const TrainResult part = trained(data, name, own, folder + "-part", 5);
    EXPECT_EQ(part.steps, 5);
    ReferenceDevice device;
    TrainRequest request;
    request.dataset = &data;
    request.device = &device;
    request.options.run.resume = part.run;
    RecordingObserver again;
    EXPECT_EQ(train(request, again).final_weights_sha256, whole.final_weights_sha256) << name;
  }
}

}  // namespace
}  // namespace isthmus
