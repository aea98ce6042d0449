// SPDX-License-Identifier: Apache-2.0
// Opening a model or an array takes the memory of its file and at most 4 MiB more: the peak of a
// child process that opens a large one, against that of one that opens a small one.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <functional>

#include "isthmus/data/dataset.h"
#include "isthmus/data/npy_write.h"
#include "isthmus/models/inference.h"
#include "isthmus/nn/initializers.h"
#include "isthmus/train/model.h"

namespace isthmus {
namespace {

Bytes model_of(const std::string& hidden) {
  Model model;
  model.setup.model.hidden = hidden;
  model.setup.model.latent_dim = "20";
  model.setup.model.likelihood = "bernoulli";
  model.setup.model.sigma = "learned";
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
    posix_fs().write_file(path, write_npy(Tensor(Dtype::kF32, {items, 1000})), Durability::kRename);
  };
  write(small, 2);
  peak_of_child([&] { write(large, 15000); });
  EXPECT_LE(peak_above_size(small, large,
                            [](const std::string& path) { open_dataset(path, {}, {}, "train"); }),
            kTolerated);
}

}  // namespace
}  // namespace isthmus
