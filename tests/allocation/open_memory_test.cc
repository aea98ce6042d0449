// SPDX-License-Identifier: Apache-2.0
// Opening a model or an array takes the memory of its file and at most 4 MiB more: the peak of a
// child process that opens a large one, against that of one that opens a small one.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <stdexcept>

#include "isthmus/base/json.h"
#include "isthmus/checkpoint/safetensors.h"
#include "isthmus/data/dataset.h"
#include "isthmus/data/npy_write.h"
#include "isthmus/model_file/model.h"
#include "isthmus/models/inference.h"
#include "isthmus/nn/initializers.h"

namespace isthmus {
namespace {

Bytes model_of(const std::string& hidden) {
  Model model;
  model.setup.own.texts["model.hidden"] = hidden;
  model.setup.model.latent_dim = "20";
  model.setup.model.likelihood = "bernoulli";
  model.setup.own.texts["model.sigma"] = "learned";
  model.setup.data = {.kind = DataKind::kImage,
                      .item_shape = {28, 28},
                      .dtype = Dtype::kU8,
                      .fields = {{.min = 0, .max = 255, .standard_deviation = 80}},
                      .scaling = {.kind = "unit", .shift = {0}, .scale = {1.0 / 255}}};
  const NamedTensors first = initialize(evaluation_graph(model.setup), 3);
  for (const ExpectedTensor& p : expected_parameters(model.setup)) {
    model.parameters.emplace(p.name, first.at(p.name));
  }
  return model_bytes(model);
}

/// Peak resident bytes of a child that does `action`; its memory starts as that of this process.
int64_t peak_of_child(const std::function<void()>& action) {
  const pid_t child = fork();
  if (child == 0) {
    try {
      action();
    } catch (...) {
      _exit(1);
    }
    _exit(0);
  }
  int status = 0;
  rusage usage = {};
  EXPECT_EQ(wait4(child, &status, 0, &usage), child);
  EXPECT_EQ(status, 0);
  return usage.ru_maxrss * 1024;
}

/// By how much opening `large` exceeds its size, against opening `small`.
int64_t peak_above_size(const std::string& small, const std::string& large,
                        const std::function<void(const std::string&)>& open) {
  const auto bytes = static_cast<int64_t>(posix_fs().stat(large)->bytes);
  EXPECT_GT(bytes, int64_t{50} << 20);
  const int64_t base = peak_of_child([&] { open(small); });
  const int64_t beyond = peak_of_child([&] { open(large); }) - base - bytes;
  std::printf("file %lld bytes, peak %lld bytes above that\n", static_cast<long long>(bytes),
              static_cast<long long>(beyond));
  posix_fs().remove_file(small);
  posix_fs().remove_file(large);
  return beyond;
}

constexpr int64_t kTolerated = int64_t{4} << 20;

// The large files are written by children, so that this process stays small.
TEST(OpenMemory, AModelTakesTheSizeOfItsFile) {
  const std::string small = ::testing::TempDir() + "isthmus_small.safetensors";
  const std::string large = ::testing::TempDir() + "isthmus_large.safetensors";
  posix_fs().write_file(small, model_of("16"), Durability::kRename);
  peak_of_child([&] { posix_fs().write_file(large, model_of("4096,1024"), Durability::kRename); });
  EXPECT_LE(peak_above_size(small, large,
                            [](const std::string& path) { load_model(path, posix_fs(), {}); }),
            kTolerated);
}

TEST(OpenMemory, AnArrayTakesTheSizeOfItsFile) {
  const std::string small = ::testing::TempDir() + "isthmus_small.npy";
  const std::string large = ::testing::TempDir() + "isthmus_large.npy";
  const auto write = [](const std::string& path, int64_t items) {
    Tensor values(Dtype::kF32, {items, 1000});
    std::ranges::fill(values.values<float>(), 0.5f);  // whole numbers would become bytes
    posix_fs().write_file(path, write_npy(values), Durability::kRename);
  };
  write(small, 2);
  peak_of_child([&] { write(large, 15000); });
  EXPECT_LE(peak_above_size(
                small, large,
                [](const std::string& path) { open_dataset(posix_fs(), path, {}, {}, "train"); }),
            kTolerated);
}

/// Texts that are all values and little text.
std::vector<std::string> dense_texts(size_t bytes) {
  std::vector<std::string> texts;
  for (const std::string piece :
       {"0", "[]", "\"\"", "{}", "\"a\"", "{\"a\":0}", "\"0123456789abcdef\""}) {
    std::string text = "[" + piece;
    while (text.size() < bytes) text += "," + piece;
    texts.push_back(text + "]");
  }
  std::string members = "{\"\":0";
  for (int i = 0; members.size() < bytes; ++i) members += ",\"" + std::to_string(i) + "\":0";
  texts.push_back(members + "}");
  return texts;
}

TEST(OpenMemory, AJsonTextTakesASmallMultipleOfItsSize) {
  constexpr size_t kBytes = size_t{4} << 20;
  constexpr int64_t kMultiple = 18;  // 12, and a list while it grows
  for (const std::string& text : dense_texts(kBytes)) {
    const int64_t base = peak_of_child([] {});
    const int64_t peak = peak_of_child([&] { parse_json(text, {.max_bytes = kBytes * 2}); });
    std::printf("%s: %.1f times its size\n", text.substr(0, 12).c_str(),
                static_cast<double>(peak - base) / kBytes);
    EXPECT_LE(peak - base, kMultiple * static_cast<int64_t>(kBytes)) << text.substr(0, 20);
  }
}

TEST(OpenMemory, AModelWithJunkInItsDescriptionIsRefusedAtASmallMultipleOfItsSize) {
  const std::string path = ::testing::TempDir() + "isthmus_junk.safetensors";
  constexpr size_t kBytes = size_t{1} << 20;
  constexpr int64_t kMultiple = 24;
  for (const std::string& junk : dense_texts(kBytes)) {
    for (const std::string& config : {junk, R"({"model":{},"run":)" + junk + "}"}) {
      peak_of_child([&] {
        const Tensor one(Dtype::kF32, {1});
        posix_fs().write_file(
            path,
            write_container({{std::string(kKindKey), "model"}, {std::string(kConfigKey), config}},
                            {{"a", one}}),
            Durability::kRename);
      });
      const auto open = [&] {
        try {
          load_model(path, posix_fs(), {});
        } catch (const Error&) {
          return;
        }
        throw std::runtime_error("was taken");
      };
      const auto size = static_cast<int64_t>(posix_fs().stat(path)->bytes);
      const int64_t above = peak_of_child(open) - peak_of_child([] {});
      EXPECT_LE(above, kMultiple * size + kTolerated) << config.substr(0, 40);
    }
  }
  posix_fs().remove_file(path);
}

}  // namespace
}  // namespace isthmus
