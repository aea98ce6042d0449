// SPDX-License-Identifier: Apache-2.0
// Every limit on models holds at its edge: a model of size S is refused with the limit S - 1 and
// accepted with S and S + 1.
#include <gtest/gtest.h>

#include <functional>

#include "isthmus/model_file/model.h"
#include "isthmus/testing/tiny_run.h"

namespace isthmus {
namespace {

Bytes tiny_model(const std::string& hidden, const std::string& stages = "") {
  const Dataset data = tiny_images(20, 5, stages.empty() ? 4 : 8);
  ReferenceDevice device;
  TrainRequest request = tiny_request(data, device, fresh_folder("model-limits"));
  request.options.own.texts["model.hidden"] = hidden;
  if (!stages.empty()) {
    request.options.own.texts["model.arch"] = "conv";
    request.options.own.texts["model.stages"] = stages;
    request.origins["model.arch"] = request.origins["model.stages"] = "flag";
  }
  request.options.loop.epochs = "1";
  TrainObserver nobody;
  train(request, nobody);
  return posix_fs().read_file(join_path(request.options.run.out, "model.safetensors"), 1 << 20);
}

void expect_edge(const Bytes& model, int64_t size, int refusal,
                 const std::function<void(Limits&, int64_t)>& set) {
  const auto with = [&](int64_t limit) {
    Limits limits;
    set(limits, limit);
    try {
      model_from_bytes(model, limits);
    } catch (const Error& error) {
      return static_cast<int>(error.code());
    }
    return 0;
  };
  EXPECT_EQ(with(size - 1), refusal);
  EXPECT_EQ(with(size), 0);
  EXPECT_EQ(with(size + 1), 0);
}

TEST(ModelLimits, Layers) {
  expect_edge(tiny_model("6,5"), 6, 4104, [](Limits& l, int64_t n) { l.layers = n; });
}

TEST(ModelLimits, WidthOfALayer) {
  expect_edge(tiny_model("6,9"), 9, 4104, [](Limits& l, int64_t n) { l.width = n; });
}

TEST(ModelLimits, Tensors) {
  const Bytes model = tiny_model("6");
  const auto count = static_cast<int64_t>(model_from_bytes(model, {}).parameters.size());
  expect_edge(model, count, 4006, [](Limits& l, int64_t n) { l.tensors = n; });
}

/// Weights of both halves: 4 x 4 x 1 x 2 of the stage, 4 x 4 x 2 x 6 and 6 x 2 of dense layers.
TEST(ModelLimits, ParametersOfAConvolutionalNetwork) {
  expect_edge(tiny_model("6", "2"), 2 * (32 + 192 + 12), 4104,
              [](Limits& l, int64_t n) { l.parameters = n; });
}

TEST(ModelLimits, BytesAndDepthOfTheConfiguration) {
  const Bytes model = tiny_model("6");
  const std::string config = model_config_json(model_from_bytes(model, {})).dump();
  expect_edge(model, static_cast<int64_t>(config.size()), 4103,
              [](Limits& l, int64_t n) { l.config_bytes.bytes = static_cast<uint64_t>(n); });
  // {"data": {"fields": [{...}]}}
  expect_edge(model, 4, 4103, [](Limits& l, int64_t n) { l.json_depth = n; });
}

}  // namespace
}  // namespace isthmus
