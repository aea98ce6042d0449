// SPDX-License-Identifier: Apache-2.0
// No option is accepted without an effect: for every definition of every zoo and each of its own
// options, some other value gives another run. Definitions that are added are met by themselves.
#include <gtest/gtest.h>

#include <filesystem>
#include <optional>

#include "isthmus/models/parts.h"
#include "isthmus/runtime/open_device.h"
#include "isthmus/testing/tiny_run.h"

namespace isthmus {
namespace {

/// What a run computed: its weights, and the terms of its epochs.
std::optional<std::string> run_digest(const Dataset& data, Device& device,
                                      const std::vector<std::pair<std::string, std::string>>& set) {
  for (const char* scale : {"auto", "none"}) {
    // Tests of this file may run side by side.
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    const std::string out = fresh_folder(std::string("effect-") + test->name());
    TrainRequest request = tiny_request(data, device, out);
    request.options.own = {};
    request.options.loop.epochs = "2";
    request.options.run.report = false;
    request.options.hold_out.scale = scale;
    RecordingObserver seen;
    try {
      for (const auto& [key, value] : set) {
        set_option(request.options, key, value);
        request.origins[key] = "flag";
      }
      const ModelDef& def = all_models().find(request.options.model.name);
      if (!def.takes_latent_dim) request.options.model.latent_dim = "auto";
      Dataset labelled = data;
      if (def.needs_labels) {
        labelled.class_names = {"a", "b"};
        for (int32_t i = 0; i < data.num_items(); ++i) labelled.labels.push_back(i % 2);
      }
      request.dataset = &labelled;
      if (def.fit) {  // it takes no steps
        request.options.loop = {};
        request.options.optimizer = {};
      }
      const TrainResult r = train(request, seen);
      std::string digest = r.final_weights_sha256 + r.weights_sha256;
      for (const EpochRecord& epoch : seen.epochs) {
        digest += " " + terms_json(epoch.train).dump() + terms_json(epoch.val).dump();
      }
      return digest;
    } catch (const Error& error) {
      if (error.code() == ErrorCode::kValueRange) continue;  // counts are not to be scaled
      return std::nullopt;
    }
  }
  return std::nullopt;
}

std::vector<std::string> other_values(const BoundOption& option) {
  std::vector<std::string> values = option.words;
  if (values.empty() && option.type == "flag") values = {"true", "false"};
  if (values.empty()) values = {"3", "0.5", "0.25", "2", "7", "none", "learned", "per_dimension"};
  std::erase_if(values, [&](const std::string& value) {
    try {
      option.set(value);
    } catch (const Error&) {
      return true;
    }
    return value == option.default_text;
  });
  return values;
}

using Settings = std::vector<std::pair<std::string, std::string>>;

/// Whether some value of the option changes the run that `base` gives.
bool has_effect(const Dataset& data, Device& device, const Settings& base,
                const BoundOption& option) {
  const std::optional<std::string> usual = run_digest(data, device, base);
  if (!usual) return false;
  for (const std::string& value : other_values(option)) {
    Settings changed = base;
    changed.emplace_back(option.key, value);
    const auto other = run_digest(data, device, changed);
    if (other && *other != *usual) return true;
  }
  return false;
}

/// The owner with its whole numbers set to 2: what happens every thousand steps happens here, too.
Settings often(const OptionOwner& owner, const std::string& but) {
  Settings settings = {{owner.key, owner.name}};
  for (const BoundOption& option : owner.options) {
    if (option.type == "integer" && option.key != but) settings.emplace_back(option.key, "2");
    // The cycles are those of a warm-up.
    if (option.key == "objective.kl_warmup" && option.key != but) {
      settings.emplace_back(option.key, "0.5");
    }
  }
  return settings;
}

void expect_effects(const std::vector<OptionOwner>& owners) {
  const Dataset data = tiny_images(40, 5, 8);  // of a size that every network takes
  const auto device = open_device({.device = "cpu", .threads = 1});
  for (const OptionOwner& owner : owners) {
    Settings plain = {{owner.key, owner.name}};
    // More components than there are items are refused.
    if (own_option({&owner}, "model.components") != nullptr) {
      plain.emplace_back("model.components", "4");
    }
    ASSERT_TRUE(run_digest(data, *device, plain).has_value())
        << owner.zoo << " " << owner.name << " does not train";
    for (const BoundOption& option : owner.options) {
      EXPECT_TRUE(has_effect(data, *device, plain, option) ||
                  has_effect(data, *device, often(owner, option.key), option))
          << option.key << " has no effect on " << owner.zoo << " " << owner.name;
    }
  }
}

TEST(Options, EveryFieldHasAnEffect) { expect_effects(model_option_owners()); }

TEST(Options, EveryFieldOfAnOptimizerHasAnEffect) { expect_effects(optimizer_option_owners()); }

}  // namespace
}  // namespace isthmus
