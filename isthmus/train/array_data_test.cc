// SPDX-License-Identifier: Apache-2.0
// Training and measuring on arrays in memory gives the bits of the file that holds them.
#include <gtest/gtest.h>

#include "isthmus/data/npy_write.h"
#include "isthmus/runtime/open_device.h"
#include "isthmus/testing/tiny_run.h"
#include "isthmus/verbs/evaluate.h"
#include "isthmus/verbs/infer.h"

namespace isthmus {
namespace {

template <class T>
Tensor table(T (*value)(int)) {
  Tensor t(dtype_of<T>(), {200, 6});
  int i = 0;
  for (T& v : t.values<T>()) v = value(i++);
  return t;
}

struct Outcome {
  std::string weights, fingerprint;
  double elbo = 0;
  std::vector<float> codes;
  bool operator==(const Outcome&) const = default;
};

Outcome outcome(const std::string& file, const Dataset& data, const std::string& name) {
  const auto device = open_device({.device = "cpu", .threads = 2});
  TrainRequest request = tiny_request(data, *device, fresh_folder("array-" + name));
  if (!file.empty()) {
    request.dataset = nullptr;
    request.data = {file};
  }
  TrainObserver quiet;
  const TrainResult r = train(request, quiet);
  Session session(load_model(r.run, posix_fs(), {}), *device);
  const Tensor codes = encode(session, data, Quantity::kSample, {.seed = 3});
  return {.weights = r.weights_sha256,
          .fingerprint = r.data_fingerprint,
          .elbo = evaluate(session, data, {.samples = 2}, {}).terms.elbo,
          .codes = {codes.values<float>().begin(), codes.values<float>().end()}};
}

void expect_equal_bits(const Tensor& values, const std::string& name) {
  SCOPED_TRACE(name);
  const std::string path = ::testing::TempDir() + "isthmus-array-" + name + ".npy";
  posix_fs().write_file(path, write_npy(values), Durability::kRename);
  const Dataset read = open_dataset(posix_fs(), path, {}, {}, "train");
  // Wrapped as a caller's own memory would be, odd address and all.
  const auto owner = std::make_shared<Bytes>(values.num_bytes() + 8);
  std::copy(values.bytes().begin(), values.bytes().end(), owner->begin() + 8);
  const Dataset made =
      make_dataset(Tensor::wrap(values.dtype(), values.shape(), owner->data() + 8, owner));
  EXPECT_EQ(outcome(path, read, name + "-file"), outcome("", made, name + "-memory"));
}

TEST(ArrayData, TrainsAndMeasuresToTheBitsOfTheFile) {
  expect_equal_bits(table<float>([](int i) { return 0.37f * static_cast<float>(i * i % 23); }),
                    "reals");
  expect_equal_bits(table<uint8_t>([](int i) { return static_cast<uint8_t>(i * 7 % 61); }),
                    "bytes");
  expect_equal_bits(table<double>([](int i) { return 1.7e9 + 0.25 * (i * i % 31); }), "times");
}

}  // namespace
}  // namespace isthmus
