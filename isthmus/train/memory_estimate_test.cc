// SPDX-License-Identifier: Apache-2.0
// A run that would not fit is refused before it begins, with remedies that work.
#include "isthmus/train/memory_estimate.h"

#include <gtest/gtest.h>

#include "isthmus/runtime/open_device.h"
#include "isthmus/testing/tiny_run.h"

namespace isthmus {
namespace {

struct LimitedRun {
  Dataset data = tiny_images(2000);
  std::unique_ptr<Device> device = open_device({.device = "cpu", .threads = 2});
  TrainRequest request;

  explicit LimitedRun(const std::string& model,
                      const std::map<std::string, std::string>& own = {}) {
    request = tiny_request(data, *device, fresh_folder("memory"));
    request.options.model.name = model;
    request.options.loop.batch_size = "256";
    request.options.machine.memory = ByteSize{uint64_t{40} << 20};
    for (const auto& [key, value] : own) request.options.own.texts[key] = value;
  }
  /// Without a step: what a run finds out before it begins.
  std::optional<Error> refusal() {
    request.options.run.dry_run = true;
    TrainObserver quiet;
    try {
      train(request, quiet);
    } catch (const Error& error) {
      return error;
    }
    return std::nullopt;
  }
};

/// Refused as too large, with a hint that names this option with its value; not refused with less.
void expect_remedy(const std::string& model, std::map<std::string, std::string> own,
                   const std::string& key, const std::string& hint, const std::string& less) {
  SCOPED_TRACE(model + ", " + hint);
  LimitedRun run(model, own);
  const std::optional<Error> error = run.refusal();
  ASSERT_TRUE(error.has_value());
  EXPECT_EQ(error->code(), ErrorCode::kOutOfMemory);
  EXPECT_NE(error->hint().find(hint), std::string::npos) << error->hint();
  EXPECT_FALSE(posix_fs().stat(run.request.options.run.out).has_value());
  own[key] = less;
  EXPECT_FALSE(LimitedRun(model, own).refusal().has_value());
}

TEST(RequireMemory, NamesTheDrawsOfAnImportanceWeightedBound) {
  expect_remedy("iwae", {{"objective.samples", "1000"}}, "objective.samples", "--samples 1000",
                "2");
  expect_remedy("vae", {{"objective.samples", "1000"}}, "objective.samples", "--samples 1000", "2");
}

TEST(RequireMemory, NamesTheComponentsOfThePrior) {
  expect_remedy("vae", {{"model.prior", "vamp"}, {"model.prior_components", "65536"}},
                "model.prior_components", "--prior-components 65536", "20");
  expect_remedy(
      "vae", {{"model.prior", "mog"}, {"model.prior_components", "1024"}, {"model.hidden", "4096"}},
      "model.hidden", "--prior-components 1024", "6");
}

TEST(RequireMemory, NamesNothingThatTheModelDoesNotHave) {
  LimitedRun run("vae", {{"model.hidden", "4000"}});
  const std::optional<Error> error = run.refusal();
  ASSERT_TRUE(error.has_value());
  EXPECT_NE(error->hint().find("--hidden 4000"), std::string::npos) << error->hint();
  for (const char* foreign : {"--prior-components", "--exemplars", "--samples", "--projections"}) {
    EXPECT_EQ(error->hint().find(foreign), std::string::npos) << error->hint();
  }
}

TEST(RequireMemory, NamesTheLargestBatchThatFits) {
  LimitedRun run("vae", {{"model.hidden", "2000"}});
  run.request.options.loop.batch_size = "2000";
  const std::optional<Error> error = run.refusal();
  ASSERT_TRUE(error.has_value());
  const std::string start = "--batch ";
  ASSERT_EQ(error->hint().rfind(start, 0), 0u) << error->hint();
  const int64_t fits = std::strtoll(error->hint().c_str() + start.size(), nullptr, 10);
  ASSERT_GT(fits, 1);
  run.request.options.loop.batch_size = std::to_string(fits);
  EXPECT_FALSE(run.refusal().has_value());
  run.request.options.loop.batch_size = std::to_string(fits + 1);
  EXPECT_TRUE(run.refusal().has_value());
}

}  // namespace
}  // namespace isthmus
