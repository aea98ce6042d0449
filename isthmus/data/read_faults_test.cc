// SPDX-License-Identifier: Apache-2.0
// Data are read through the file system that is given, and only through it: whichever of its
// operations fails, that failure is what the caller hears.
#include "isthmus/data/dataset.h"
#include "isthmus/data/gzip.h"
#include "isthmus/data/idx_pair.h"
#include "isthmus/data/mask.h"
#include "isthmus/data/npy_write.h"
#include "isthmus/data/png.h"
#include "isthmus/data/testing.h"
#include "isthmus/testing/fault_fs.h"

namespace isthmus {
namespace {

using testing::be32;
using testing::error_of;
using testing::fixture;
using testing::fixture_path;
using testing::new_folder;
using testing::put;
using testing::to_bytes;

/// Every operation that `read` does on the given file system fails once: E3002 with its path.
template <class Read>
void expect_every_failure_is_heard(const std::string& what, Read read) {
  FaultFs counting(posix_fs());
  read(counting);
  const std::vector<std::string> operations = counting.reads();
  ASSERT_FALSE(operations.empty()) << what;
  EXPECT_EQ(counting.writes(), 0) << what;
  for (size_t n = 1; n <= operations.size(); ++n) {
    FaultFs broken(posix_fs());
    broken.fail_read_at(static_cast<int64_t>(n), ErrorCode::kUnreadable);
    const Error error = error_of([&] { read(broken); });
    const std::string& operation = operations[n - 1];
    EXPECT_EQ(error.code(), ErrorCode::kUnreadable) << what << ", " << operation;
    EXPECT_NE(error.message().find("injected at read"), std::string::npos) << what;
    EXPECT_FALSE(error.where().file.empty()) << what << ", " << operation;
    EXPECT_EQ(broken.reads().size(), n) << what << " goes on after " << operation;
  }
}

std::string opened(FaultFs& fs, const std::string& data, const DataOptions& options = {}) {
  return fingerprint(open_dataset(fs, data, options, {}, "train"));
}

Bytes idx(char rank, uint32_t n, const std::string& rest) {
  return to_bytes(std::string("\0\0\x08", 3) + rank + be32(n) + rest);
}

TEST(ReadFaults, OfFiles) {
  const std::string folder = new_folder("files");
  const std::string csv = put(folder, "a.csv", std::string_view("x,y\n1,2\n3,5\n4,4\n"));
  const std::string labels = put(folder, "labels.txt", std::string_view("cat\ndog\ncat\n"));
  const std::string npy =
      put(folder, "b.npy", write_npy(Tensor::from<float>({2, 2}, std::vector<float>{1, 2, 3, 5})));
  DataOptions labelled;
  labelled.labels = labels;
  expect_every_failure_is_heard("csv", [&](FaultFs& fs) { opened(fs, csv); });
  expect_every_failure_is_heard("label file", [&](FaultFs& fs) { opened(fs, csv, labelled); });
  expect_every_failure_is_heard("npy", [&](FaultFs& fs) { opened(fs, npy); });
  expect_every_failure_is_heard(
      "npz", [&](FaultFs& fs) { opened(fs, fixture_path("several.npz") + "::x_train"); });
  expect_every_failure_is_heard("glob", [&](FaultFs& fs) { opened(fs, folder + "/*.csv"); });
}

TEST(ReadFaults, OfIdxSets) {
  const std::string folder = new_folder("set");
  put(folder, "train-images-idx3-ubyte.gz",
      deflate_gzip(idx('\3', 3, be32(2) + be32(2) + std::string(12, '\7'))));
  put(folder, "train-labels-idx1-ubyte", idx('\1', 3, "\1\2\3"));
  expect_every_failure_is_heard("folder", [&](FaultFs& fs) { opened(fs, folder); });
  DataOptions options;
  options.search_path = {folder};
  expect_every_failure_is_heard("known set", [&](FaultFs& fs) { opened(fs, "mnist", options); });
}

TEST(ReadFaults, OfImagesInFolders) {
  const std::string folder = new_folder("images/a");
  Tensor pixels(Dtype::kU8, {2, 2});
  put(folder, "1.png", encode_png(pixels));
  pixels.values<uint8_t>()[0] = 9;
  put(folder, "2.png", encode_png(pixels));
  const std::string photos = new_folder("photos");
  put(photos, "1.jpg", fixture("jpeg_rgb.jpg"));
  DataOptions options;
  options.strict = true;  // else an image that cannot be read is one of those tolerated
  const std::string above = folder.substr(0, folder.size() - 2);
  expect_every_failure_is_heard("images", [&](FaultFs& fs) { opened(fs, above, options); });
  expect_every_failure_is_heard("photos", [&](FaultFs& fs) { opened(fs, photos, options); });
}

TEST(ReadFaults, OfMasks) {
  const std::string path = put(new_folder("mask"), "m.csv", std::string_view("1,0\n"));
  DataSpec spec;
  spec.item_shape = {2};
  expect_every_failure_is_heard("mask", [&](FaultFs& fs) {
    read_mask(fs, path, spec, {3, 3}, {});
  });
}

// One image of many may be lost: the others are read, and it is named.
TEST(ReadFaults, AnUnreadableImageIsToleratedAsFarAsAsked) {
  const std::string folder = new_folder("some");
  for (const char* name : {"1.png", "2.png", "3.png"}) {
    put(folder, name, encode_png(Tensor(Dtype::kU8, {2, 2})));
  }
  DataOptions options;
  options.max_bad = 0.5;
  FaultFs counting(posix_fs());
  opened(counting, folder, options);
  int64_t nth = 0;
  const std::vector<std::string> operations = counting.reads();
  for (size_t n = 0; n < operations.size(); ++n) {
    if (operations[n] == "open_read " + join_path(folder, "2.png"))
      nth = static_cast<int64_t>(n) + 1;
  }
  ASSERT_GT(nth, 0);
  FaultFs broken(posix_fs());
  broken.fail_read_at(nth, ErrorCode::kUnreadable);
  const Dataset data = open_dataset(broken, folder, options, {}, "train");
  EXPECT_EQ(data.num_items(), 2);
  ASSERT_EQ(data.bad_files.size(), 1u);
  EXPECT_EQ(data.bad_files[0].path, join_path(folder, "2.png"));
}

}  // namespace
}  // namespace isthmus
